import Support
import Testing

/// Pointers and C stay on floors 0 and 1; threads in three files of the daemon, and in three of learning.
struct MemoryTests {
  static let ground: Set<String> = ["Loop", "Wire", "Tensors"]

  @Test(arguments: Repository.files(below: "Sources", suffix: ".swift"))
  func unsafeCodeStaysOnTheGroundFloor(file: String) {
    guard !Self.ground.contains(String(file.split(separator: "/")[1])) else { return }
    let words = Repository.text(file).split { !$0.isLetter && $0 != "@" }
    #expect(!words.contains("unsafe") && !words.contains("@unsafe"), "\(file) marks code unsafe")
    #expect(!words.contains { $0.hasPrefix("Unsafe") }, "\(file) uses a pointer")
  }

  @Test(arguments: Repository.files(below: "Sources", suffix: ".swift"))
  func threadsLiveInAFewFiles(file: String) {
    let allowed = [
      "Sources/Loop/WorkerThread.swift", "Sources/Loop/WorkQueue.swift",
      "Sources/Loop/Mailbox.swift",
      // Learning, which no daemon does: a crew of tapes, and what they share.
      "Sources/Tensors/Gradients/Crew.swift", "Sources/Tensors/Gradients/Parameter.swift",
      "Sources/Tensors/Gradients/Optimizers/AdamW.swift",
    ]
    // A mapped file and the storage of a matrix are read-only once built; their proofs stand there.
    let readOnly = Repository.text(file).contains("// Read-only once built:")
    guard !allowed.contains(file), !readOnly else { return }
    #expect(!Repository.text(file).contains("@unchecked Sendable"), "\(file) vouches for itself")
  }

  @Test(arguments: ["Loop", "Wire", "Tensors", "Models", "Inference", "Serving"])
  func theDaemonRunsToCompletion(target: String) {
    for file in Repository.files(below: "Sources/\(target)", suffix: ".swift")
    where !file.hasPrefix("Sources/Tensors/Gradients/") {
      let words = Repository.text(file).split { !$0.isLetter }
      for banned in ["async", "await", "actor", "Dispatch", "NSLock"] {
        let code = Repository.text(file).split(separator: "\n")
          .filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
          .split { !$0.isLetter && $0 != "_" }
        #expect(
          !words.contains(Substring(banned)) || !code.contains(Substring(banned)),
          "\(file) uses \(banned); the daemon has two threads and no executor"
        )
      }
    }
  }
}
