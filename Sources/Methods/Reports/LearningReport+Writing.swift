public import Models
import Tensors

extension LearningReport {
  /// Names and bytes of the two files, for who writes them among others.
  public var files: [(name: String, bytes: [UInt8])] {
    [("report.json", json.text() + [0x0A]), ("report.html", Array(html.utf8))]
  }

  /// Writes `report.json` and `report.html`, and waits until they are on the disk.
  ///
  /// - Parameter folder: is there, and has neither file; what is to appear whole is a `NewFolder`.
  /// - Throws: `FormatError` with the path, if the system refuses or a file of that name is there already.
  public func write(to folder: String) throws(FormatError) {
    for (name, bytes) in files {
      let path = "\(folder)/\(name)"
      try blaming { () throws(TensorsError) in
        let file = try NewFile(path: path)
        try file.write(bytes.span)
        try file.finish()
      }
    }
  }
}
