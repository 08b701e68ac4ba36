internal import Models
import Tensors

extension ExitStack {
  /// As `frugal.json` describes them.
  var json: JSON {
    func numbers(_ values: [Double]) -> JSON { .array(values.map { .number($0) }) }
    return .object([
      .init("layers", .array(layers.map { .integer($0) })),
      .init("pooling", .string(Array(pooling.rawValue.utf8))),
      .init("is_cascaded", .bool(heads.contains { $0.norm != nil })),
      .init(
        "ensembles",
        .array(
          ensembles.map {
            .object([
              .init("log_weights", numbers($0.logWeights)), .init("bias", numbers($0.bias)),
            ])
          }
        )
      ),
    ])
  }

  /// What `json` and `ExitHead.name` wrote, to be learned on.
  ///
  /// - Parameter learned: as the daemon reads it.
  init(_ learned: LearnedExits) {
    func matrix(_ own: Matrix, _ name: String) -> Parameter<Float> {
      let values = own.values(ofRows: 0 ..< own.outputs)
      return Parameter("\(name).weight", rows: own.outputs, columns: own.inputs, values: values)
    }
    func vector(_ values: [Float], _ name: String) -> Parameter<Float> {
      Parameter(name, rows: 1, columns: values.count, values: values)
    }
    func dense(_ own: Dense, _ name: String) -> DenseParameters<Float> {
      DenseParameters(
        weight: matrix(own.matrix, name),
        bias: vector(own.bias, "\(name).bias")
      )
    }
    self.init(
      layers: learned.layers,
      pooling: learned.pooling,
      heads: learned.heads.enumerated().map { place, head in
        func name(_ part: String) -> String { ExitHead<Float>.name(part, place) }
        return ExitHead(
          pooler: dense(head.pooler, name("pooler")),
          norm: head.norm.map {
            NormParameters(
              gain: vector($0.gain, "\(name("norm")).weight"),
              bias: vector($0.bias, "\(name("norm")).bias")
            )
          },
          classifier: dense(head.classifier, name("classifier"))
        )
      },
      ensembles: learned.ensembles
    )
  }
}
