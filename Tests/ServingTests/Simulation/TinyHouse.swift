import Inference
import Models
import Support

@testable import Serving

/// The tiny models of all simulations, loaded once per process.
enum TinyHouse {
  static let models: [ServedModel] = {
    do {
      let folder = try TemporaryFolder()
      try TinyModels.writeLlama(to: "\(folder.path)/llama")
      try TinyModels.writeBERT(to: "\(folder.path)/bert")
      return try [("language", "llama"), ("encoder", "bert")].map { name, part in
        var checkpoint = try Checkpoint.open(path: "\(folder.path)/\(part)")
        switch checkpoint.family {
        case .llama(let shape, _): checkpoint.frugal = TinyFrugal.parts(for: shape)
        case .bert(let shape, _): checkpoint.frugal = TinyFrugal.parts(for: shape)
        }
        return try ServedModel(name: name, checkpoint: checkpoint, weights: .f32)
      }
    } catch {
      preconditionFailure("the tiny models cannot be loaded: \(error)")
    }
  }()

  static let catalog: Catalog = {
    var tariff = Tariff()
    tariff.microPerGigaMAC = 1000
    return Catalog(models.map { (served: $0, tariff: tariff) })
  }()

  /// What a row of the language model costs.
  static let cost: Cost = {
    guard case .llama(let configuration, _) = models[0].checkpoint.family else {
      preconditionFailure("the tiny language model changed its family")
    }
    return Cost(configuration)
  }()

  /// Bytes of one page of keys and values of the language model.
  static let pageBytes = TinyModels.layers * 2 * 16 * 2 * 8 * 4
}
