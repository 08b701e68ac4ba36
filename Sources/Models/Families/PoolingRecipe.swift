/// How a directory says that texts become vectors: the files that sentence-transformers writes.
struct PoolingRecipe {
  /// Without such files: the mean, not normalized, as sentence-transformers does.
  var pooling = BertConfiguration.Pooling.mean
  var normalize = false
  var sequenceMax: Int?

  /// Reads `modules.json` and what it names, if it is there.
  init(directory: String) throws(FormatError) {
    if let file = try ConfigurationFile.ifPresent(path: "\(directory)/sentence_bert_config.json"),
      file.value("max_seq_length") != nil
    {
      sequenceMax = try file.integer("max_seq_length", 1 ... ModelLimits.positionsMax)
    }
    let path = "\(directory)/modules.json"
    guard let file = try ConfigurationFile.ifPresent(path: path) else { return }
    guard let modules = file.json.items else {
      throw file.blame("is not an array of modules", at: [])
    }
    var kinds: [String] = []
    for (number, module) in modules.enumerated() {
      guard let type = module["type"]?.text, let folder = module["path"]?.text,
        folder.isEmpty || isPlainName(folder)
      else { throw file.blame("a module has no type or no plain path", at: [.item(number)]) }
      kinds.append(type.split(separator: ".").last.map(String.init) ?? type)
      if kinds.count == 2 {
        try readPooling(ConfigurationFile(path: "\(directory)/\(folder)/config.json"))
      }
    }
    normalize = kinds.count == 3
    guard kinds == ["Transformer", "Pooling"] || kinds == ["Transformer", "Pooling", "Normalize"],
      modules[0]["path"]?.text == ""
    else {
      throw file.blame(
        "the modules \(kinds.joined(separator: ", ")) are not read; known are Transformer at the "
          + "root, Pooling and then, if any, Normalize",
        at: []
      )
    }
  }

  /// One mode is true in older files, one is named in newer ones.
  private mutating func readPooling(_ file: ConfigurationFile) throws(FormatError) {
    var modes: [String] = []
    if let mode = try file.text("pooling_mode") { modes.append(mode) }
    for member in file.json.members ?? [] where member.value == .bool(true) {
      let key = String(decoding: member.key, as: UTF8.self)
      guard key.hasPrefix("pooling_mode_") else { continue }
      let mode = key.dropFirst("pooling_mode_".count)
      modes.append(oldNames[String(mode)] ?? String(mode))
    }
    guard modes.count == 1, let pooling = BertConfiguration.Pooling(rawValue: modes[0]) else {
      throw file.blame(
        "pooling \(modes.joined(separator: " + ")) is not read; known are mean, cls, max, lasttoken",
        at: file.value("pooling_mode") == nil ? [] : ["pooling_mode"]
      )
    }
    self.pooling = pooling
  }
}

private let oldNames = ["mean_tokens": "mean", "cls_token": "cls", "max_tokens": "max"]
