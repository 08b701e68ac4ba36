internal import Models
import Tensors

extension EncoderNetwork<Float> {
  /// Its tensors as files of `transformers` hold them: vectors for biases and norms, matrices for the rest.
  var tensors: [(entry: SafetensorsWriter.Entry, values: () -> [Float])] {
    parameters.map { parameter in
      let isVector = parameter.rows == 1 && !parameter.name.hasSuffix("_embeddings.weight")
      let shape = isVector ? [parameter.columns] : [parameter.rows, parameter.columns]
      return (entry: SafetensorsWriter.Entry(parameter.name, shape), values: { parameter.values })
    }
  }
}
