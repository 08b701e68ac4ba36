import Testing

@testable import Inference

/// Answers are expected to be as long as those that ended lately.
struct AnswerLengthsTests {
  @Test func whatEndedSaysWhatIsToCome() {
    var lengths = AnswerLengths()
    #expect(lengths.left(of: 100, after: 0) == nil, "none has ended")
    for _ in 0 ..< 10 { lengths.learn(tokens: 25, of: 100) }
    #expect(lengths.left(of: 200, after: 0) == 50)
    #expect(lengths.left(of: 200, after: 30) == 20)
    #expect(
      lengths.left(of: 200, after: 150) == 1,
      "longer than expected, it may end with any token"
    )
    #expect(lengths.left(of: 1, after: 0) == 1)
    for _ in 0 ..< 100 { lengths.learn(tokens: 100, of: 100) }
    #expect(lengths.left(of: 200, after: 0) == 200, "they follow what is asked for")
  }
}
