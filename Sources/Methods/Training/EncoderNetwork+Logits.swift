import Tensors

extension EncoderNetwork<Float> {
  /// The logits of texts, without dropout and without gradients.
  ///
  /// - Returns: for every text (labels).
  func logits(of texts: [TokenizedText], _ crew: Crew<Float>) -> [[Float]] {
    let share = (texts.count + crew.count - 1) / crew.count
    let answers = crew.map { index, tape -> [[Float]] in
      tape.isRecording = false
      defer { tape.isRecording = true }
      var rows: [[Float]] = []
      var rest = texts.dropFirst(index * share).prefix(share)
      while !rest.isEmpty {
        let logits = self.logits(TokenBatch(rest.prefix(64)), tape)
        rest = rest.dropFirst(64)
        rows += logits.rowsOfValues
      }
      return rows
    }
    return answers.flatMap { $0 }
  }
}
