extension ExitsMeter {
  /// Which share of each layer's experts ran on the test part, at a chosen setting: over the texts that came to the layer.
  ///
  /// Readings go through all layers, and do not keep a row's experts; so texts are read once more, those of one exit after
  /// the other.
  ///
  /// - Parameter tau: of the setting.
  /// - Returns: for every block in order, whether it stands for a projection, and its experts.
  func uses(tau: Double) -> [(isProjection: Bool, use: ExpertUse)] {
    guard let experts else { return [] }
    let blocks = network.blocks
    var runs = [Int](repeating: 0, count: blocks.count)
    var tenths = blocks.map { _ in [Int](repeating: 0, count: 11) }
    for (exit, depth) in (exits.served.layers + [network.layers.count]).enumerated() {
      let own = stories.filter { $0.exit == exit }.map { texts.test[$0.place] }
      let reading = EncoderReading(own, network, Routing(experts, .max(tau)), trainer.crew)
      for (place, block) in blocks.enumerated() where block.layer < depth {
        runs[place] += reading.runs.reduce(0) { $0 + $1[place] }
        for tenth in 0 ... 10 { tenths[place][tenth] += reading.tenths[place][tenth] }
      }
    }
    return blocks.enumerated().map { place, block in
      let use = ExpertUse(
        name: block.name,
        runs: runs[place],
        tenths: tenths[place],
        experts: experts.count(of: place)
      )
      return (block.projection != nil, use)
    }
  }
}
