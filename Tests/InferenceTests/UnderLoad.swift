import Inference
import Models
import Support
import Testing

/// An engine that knows how long its steps take, and texts for it.
protocol UnderLoad {}

extension UnderLoad {
  var text: [Int32] { (0 ..< 30).map { Int32($0 * 7 % 80) } }
  var prompt: Piece { .tokens([1, 2, 3, 4, 5]) }

  /// An engine that has learned what steps take: a millisecond between two layers.
  func warm(_ bench: Workbench, _ limits: EngineLimits) -> Engine {
    bench.betweenLayers = { _ in
      bench.now += .milliseconds(1)
      return []
    }
    var engine = bench.engine(limits)
    for number in 1 ... 5 as ClosedRange<UInt64> {
      bench.run(&engine, whole(request(number, effort: 1), .tokens(text)))
    }
    return engine
  }

  func request(
    _ number: UInt64,
    effort: Double = 1,
    floor: Double = 0,
    deadline: Duration? = nil
  ) -> Request {
    var request = Request.test(
      number,
      .classify(EncodeParameters()),
      on: Workbench.encoder,
      deadline: deadline,
      effort: effort
    )
    request.effortMin = floor
    request.hurries = deadline != nil
    return request
  }

  func given(_ bench: Workbench, _ number: UInt64) throws -> Double {
    try #require(bench.ending(SequenceID(number))).bill.effortGiven
  }
}
