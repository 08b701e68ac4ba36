import Support
import Testing

/// Reads every import against the table of DESIGN §1: arrows only go down.
struct ArrowTests {
  /// What each target may import, besides the system's modules of its floor.
  static let arrows: [String: Set<String>] = [
    "CBlasCore": [], "CKernels": [],
    "Loop": ["CUV"],
    "Wire": ["CMessagePack"],
    "Tensors": ["CBlasCore", "CKernels", "COpenBLAS"],
    "Models": ["Tensors"],
    "MeteClient": ["Loop", "Wire"],
    "Conformance": ["Loop", "Wire"],
    "Inference": ["Models", "Tensors"],
    "Methods": ["Models", "Tensors"],
    "Serving": ["Loop", "Wire", "Inference", "Models", "Logging", "Yams"],
    "meted": ["Serving", "ArgumentParser", "Logging"],
    "mete": [
      "MeteClient", "Conformance", "Inference", "Methods", "Models", "ArgumentParser",
    ],
  ]

  /// System modules, and the floors that may use them: Glibc is for those that touch memory.
  static let system: [String: Set<String>] = [
    "Glibc": ["Loop", "Wire", "Tensors"],
    "Dispatch": ["Tensors"],
    "Synchronization": ["Loop", "MeteClient"],
    "Foundation": [
      "Models", "Inference", "Methods", "Serving", "MeteClient", "meted", "mete",
    ],
  ]

  @Test(arguments: Repository.files(below: "Sources", suffix: ".swift"))
  func everyImportGoesDown(file: String) {
    let target = String(file.split(separator: "/")[1])
    let allowed = Self.arrows[target] ?? []
    for module in imports(of: Repository.text(file)) {
      let isSystem = Self.system[module]?.contains(target) ?? false
      #expect(
        allowed.contains(module) || isSystem,
        "\(file) imports \(module); \(target) may import \(allowed.sorted()) (DESIGN §1)"
      )
    }
  }

  @Test func everyTargetIsInTheTable() {
    let folders = Set(
      Repository.files(below: "Sources", suffix: ".swift").map {
        String($0.split(separator: "/")[1])
      }
    )
    #expect(folders.subtracting(Self.arrows.keys).isEmpty)
    #expect(folders.count > 8, "the sources were not found")
  }

  @Test func aForbiddenImportIsSeen() {
    #expect(
      imports(of: "import Foundation\n  public import CUV\n@testable import Loop") == [
        "Foundation", "CUV", "Loop",
      ]
    )
  }

  private func imports(of text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      let modifiers: Set<Substring> = [
        "public", "internal", "package", "fileprivate", "private", "@testable", "@preconcurrency",
        "@_exported", "@unsafe",
      ]
      let rest = words.drop { modifiers.contains($0) }
      guard rest.first == "import", rest.count > 1 else { return nil }
      let kinds: Set<Substring> = ["struct", "class", "enum", "func", "var", "let", "protocol"]
      let name = rest.dropFirst().drop { kinds.contains($0) }.first ?? ""
      return String(name.split(separator: ".")[0])
    }
  }
}
