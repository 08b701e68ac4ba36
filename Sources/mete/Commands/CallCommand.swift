import ArgumentParser
import Foundation
import MeteClient

/// `mete call`: any method that the daemon says it has, known to this program or not.
struct CallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call",
    abstract: "Make any call that the daemon describes; without a method, list them.",
    discussion: """
      The daemon says what each method takes (Reflect.Describe), and parameters are read by that. Answers are \
      written as JSON, a line per message. A parameter is NAME=VALUE; the items of an array are several \
      parameters of one name, bytes are hexadecimal digits.
      """
  )

  @Argument(help: "The method, such as Generate.")
  var method: String?

  @Argument(help: "Texts, a message each; - is standard input as it comes.")
  var texts: [String] = []

  @Option(name: [.customShort("p"), .long], help: "A parameter of the method. Repeatable.")
  var param: [String] = []

  @OptionGroup var call: CallArguments

  func run() async throws {
    guard let method else { return try await list() }
    let (texts, given) = (texts, param)
    try await call.perform { client, options in
      var options = options
      guard let shape = try await client.reflect()["methods"]?[method] else {
        throw ValidationError("the daemon has no method \(method); `mete call` lists them")
      }
      options.params = try parameters(given, shape["params"] ?? .map([]), of: method)
      let call = client.call(method, options: options)
      let feeding = Task { try await feed(texts, to: call) }
      defer { feeding.cancel() }
      for try await message in call.messages { try Terminal.write(json: message) }
      let (end, bill) = try await call.result()
      return Receipt(bill: bill, metadata: end.metadata)
    }
  }

  private func feed(_ texts: [String], to call: Call) async throws {
    for text in texts where text != "-" { try await call.send(.string(text)) }
    if texts.contains("-") {
      while case let bytes = await StandardInput.next(), !bytes.isEmpty {
        try await call.send(.binary(bytes))
      }
    }
    call.halfClose()
  }

  /// Reads `NAME=VALUE`s by what the daemon says of their types.
  private func parameters(
    _ texts: [String],
    _ shapes: Value,
    of method: String
  ) throws -> [Value.Entry] {
    var entries: [Value.Entry] = []
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw ValidationError("--param \(text) is not NAME=VALUE") }
      let (name, written) = (String(parts[0]), String(parts[1]))
      guard let shape = shapes[name] else {
        let known = shapes.asMap?.map(\.key).joined(separator: ", ") ?? ""
        throw ValidationError("\(method) has no parameter \(name); it has \(known)")
      }
      let type = shape["type"]?.asString ?? ""
      guard let value = Value(type, written) else {
        let rule = shape["rule"]?.asString ?? type
        throw ValidationError("parameter \(name) must be \(rule), and \(written) is not")
      }
      if type == "array", let index = entries.firstIndex(where: { $0.key == name }) {
        entries[index] = Value.Entry(
          name,
          .array((entries[index].value.asArray ?? []) + [.string(written)])
        )
      } else {
        entries.append(Value.Entry(name, value))
      }
    }
    return entries
  }

  private func list() async throws {
    let client = try await call.server.connect()
    let reflection = try await client.reflect(options: call.options)
    await client.close()
    if call.display.json { return try Terminal.write(json: reflection) }
    for entry in reflection["methods"]?.asMap ?? [] {
      let takes = entry.value["takes"]?.asString ?? "nothing"
      let often = entry.value["answers_often"]?.asBool == true ? ", …" : ""
      try Terminal.write(
        "\(entry.key): \(takes) → \(entry.value["gives"]?.asString ?? "")\(often)\n"
      )
      for param in entry.value["params"]?.asMap ?? [] {
        let standard = param.value["default"].map { ", otherwise \($0.jsonText)" } ?? ""
        try Terminal.write("  \(param.key)  \(param.value["rule"]?.asString ?? "")\(standard)\n")
      }
    }
  }
}

extension Value {
  /// What a person wrote, as a parameter of a type; nil if it is none.
  fileprivate init?(_ type: String, _ text: String) {
    switch type {
    case "uint":
      guard let number = UInt64(text) else { return nil }
      self = .uint(number)
    case "float":
      guard let number = Double(text) else { return nil }
      self = .double(number)
    case "bool":
      guard let truth = Bool(text) else { return nil }
      self = .bool(truth)
    case "bin":
      guard let id = CallID(hex: text) else { return nil }
      self = .binary(id.bytes)
    case "array": self = .array([.string(text)])
    default: self = .string(text)
    }
  }
}
