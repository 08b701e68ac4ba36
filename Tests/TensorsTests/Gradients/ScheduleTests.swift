import Tensors
import Testing

/// Learning rates over a run.
struct ScheduleTests {
  @Test func constantStays() {
    #expect([0, 50, 100].map { Schedule.constant.factor(step: $0, of: 100) } == [1, 1, 1])
  }

  @Test func linearGoesUpAndDown() {
    let schedule = Schedule.linear(warmup: 10)
    let factors = [0, 5, 10, 55, 100, 120].map { schedule.factor(step: $0, of: 100) }
    #expect(factors == [0, 0.5, 1, 0.5, 0, 0])
    #expect(Schedule.linear(warmup: 0).factor(step: 0, of: 4) == 1)
  }

  @Test func cosineGoesUpAndDownToItsFloor() {
    let schedule = Schedule.cosine(warmup: 10, floor: 0.2)
    let factors = [0, 5, 10, 55, 100, 120].map { schedule.factor(step: $0, of: 100) }
    for (factor, wanted) in zip(factors, [0, 0.5, 1, 0.6, 0.2, 0.2]) {
      #expect(abs(factor - wanted) < 1e-12, "\(factors)")
    }
    // A quarter of the way down: (1 + cos 45°) / 2 of what is above the floor.
    let quarter = Schedule.cosine(warmup: 0, floor: 0).factor(step: 25, of: 100)
    #expect(abs(quarter - (1 + 0.5.squareRoot()) / 2) < 1e-12)
  }
}
