import Support
import Testing

@testable import Methods

/// Curves on paper.
struct LinePlotTests {
  private func plot(_ points: [(Double, Double)], margin: Double = 0.01) -> LinePlot {
    LinePlot(
      xTitle: "work, %",
      yTitle: "accuracy, %",
      curves: [
        .init(
          name: "own",
          role: .main,
          points: points.map { .init(x: $0.0, y: $0.1, margin: margin) }
        )
      ]
    )
  }

  /// All pairs of coordinates of one picture: polylines, polygons, lines, circles and text.
  private func coordinates(_ svg: String) throws -> [(Double, Double)] {
    var pairs: [(Double, Double)] = []
    for match in svg.matches(of: try Regex(" points=\"([^\"]*)\"")) {
      for pair in (match.output[1].substring ?? "").split(separator: " ") {
        let numbers = pair.split(separator: ",").map { Double($0) ?? .nan }
        try #require(numbers.count == 2)
        pairs.append((numbers[0], numbers[1]))
      }
    }
    for (x, y) in [("x1", "y1"), ("x2", "y2"), ("cx", "cy"), ("x", "y")] {
      let pattern = " \(x)=\"([^\"]*)\"(?: x2=\"[^\"]*\")?(?: y1=\"[^\"]*\")? \(y)=\"([^\"]*)\""
      for match in svg.matches(of: try Regex(pattern)) {
        let numbers = [1, 2].map { Double(match.output[$0].substring ?? "") ?? .nan }
        pairs.append((numbers[0], numbers[1]))
      }
    }
    return pairs
  }

  private func staysInside(_ plot: LinePlot) throws {
    for frame in [PlotFrame.wide, .narrow] {
      let pairs = try coordinates(PlotDrawing(plot, frame).svg)
      #expect(pairs.count > 4)
      for (x, y) in pairs {
        #expect(x >= 0 && x <= frame.width && y >= 0 && y <= frame.height, "\(x), \(y)")
      }
    }
  }

  @Test(arguments: 0 ..< 60)
  func everyCoordinateIsInsideThePicture(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    func unit() -> Double { Double(random.next() >> 11) / 0x1p53 }
    let hard = [-1e300, -1, 0, 1e-12, 1, 1.5, 1e9, 1e300, .nan, .infinity, -.infinity]
    func any(_ share: Double) -> Double {
      unit() < share ? hard[Int(unit() * Double(hard.count))] : unit()
    }
    let wild = seed % 3 == 0 ? 0.15 : 0
    let roles: [LinePlot.Role] = [.main, .baseline, .reference]
    let curves = (0 ..< 1 + Int(unit() * 8)).map { place in
      LinePlot.Curve(
        name: "\(place)",
        role: roles[Int(unit() * 3)],
        points: (0 ..< 1 + Int(unit() * 60)).map { _ in
          .init(x: any(wild), y: any(wild), margin: any(wild) * 0.1)
        }
      )
    }
    let marks = [LinePlot.Mark(name: "dense", .init(x: 1, y: any(0), margin: 0.1), isLevel: true)]
    let unit: LinePlot.Unit = seed % 2 == 0 ? .plain : .percent
    try staysInside(
      LinePlot(xTitle: "x", yTitle: "y", curves: curves, marks: marks, xUnit: unit)
    )
  }

  @Test(arguments: [
    [(0.5, 0.5)], [(0, 0)], [(1, 1)], [(0.5, 0.9), (0.5, 0.9)], [(0, 0), (1, 0)],
    [(3, 1), (9, 0.95)],
  ])
  func fewPointsAreEnough(points: [(Double, Double)]) throws {
    try staysInside(plot(points))
    try staysInside(plot(points, margin: 0))
  }

  @Test func lowPointsDoNotFlattenTheRest() {
    let low = plot([(0.05, 0.1), (0.1, 0.3), (0.2, 0.84), (0.5, 0.87)])
    #expect(PlotRange(low).y.lowerBound > 0.8)
    #expect(low.html.contains("Below what is shown: own (2 points, down to 10.0 %)."))
    #expect(!plot([(0.2, 0.84), (0.5, 0.87)]).html.contains("Below"))
    var many = low
    many.curves += Array(repeating: low.curves[0], count: 3)
    #expect(many.html.contains("4 curves go on below what is shown, to 10.0 %."))
  }

  @Test func aMainCurveIsSeenFarBelowTheBest() {
    var far = plot([(0.1, 0.55), (0.9, 0.6)])
    far.marks = [.init(name: "dense", .init(x: 1, y: 0.9), isLevel: true)]
    #expect(PlotRange(far).y.lowerBound < 0.55 && PlotRange(far).y.upperBound > 0.9)
    #expect(!far.html.contains("Below"))
  }

  @Test func aCurveGoesToTheFloorAndComesBack() {
    let points = [(0.0, 0.9), (0.1, 0.1), (0.2, 0.1), (0.3, 0.9)].map {
      LinePlot.Point(x: $0.0, y: $0.1)
    }
    let runs = PlotDrawing.runs(points, from: 0.5)
    #expect(runs.map(\.count) == [2, 2])
    #expect(abs(runs[0][1].x - 0.05) < 1e-12 && runs[0][1].y == 0.5)
    #expect(abs(runs[1][0].x - 0.25) < 1e-12 && runs[1][1] == points[3])
    #expect(PlotDrawing.runs([], from: 0).isEmpty)
  }

  /// Colour, dash and marker: no two of thirty curves have the same.
  @Test func curvesAreToldApart() {
    let looks = (0 ..< 30).map { rank in
      let look = CurveLook(rank: rank, role: .baseline)
      return look.line + look.marker(10, 10)
    }
    #expect(Set(looks).count == 30)
    let plot = LinePlot(
      xTitle: "",
      yTitle: "",
      curves: [
        .init(name: "a", role: .reference, points: []), .init(name: "b", points: []),
        .init(name: "c", role: .main, points: []), .init(name: "d", points: []),
      ]
    )
    #expect((0 ..< 4).map { plot.look(of: $0).rank } == [3, 1, 0, 2])
  }

  @Test func ticksAreRound() {
    func shown(_ range: ClosedRange<Double>, _ count: Int) -> [String] {
      let ticks = PlotRange.ticks(range, about: count)
      return ticks.values.map { HTML.number($0, ticks.digits) }
    }
    #expect(shown(0 ... 100, 5) == ["0", "20", "40", "60", "80", "100"])
    #expect(shown(80.4 ... 84.2, 5) == ["81", "82", "83", "84"])
    #expect(shown(80.41 ... 81.2, 5) == ["80.6", "80.8", "81.0", "81.2"])
    #expect(shown(0 ... 1.03, 5) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(shown(-1 ... 1, 4) == ["−1.0", "−0.5", "0.0", "0.5", "1.0"])
    #expect(shown(1 ... 1, 5).isEmpty && shown(1e300 ... 1e300 * 1.0000001, 5).count < 12)
  }

  /// Between whole numbers is nothing, however few there are.
  @Test(arguments: [1.0, 2, 3, 4, 8, 20])
  func countsAreWhole(most: Double) throws {
    var plot = plot([(1, 0.8), (most, 0.9)])
    plot.xUnit = .whole
    for frame in [PlotFrame.wide, .narrow] {
      let svg = PlotDrawing(plot, frame).svg
      let ticks = svg.matches(of: try Regex("text-anchor=\"middle\"[^>]*>([^<]*)<"))
        .map { String($0.output[1].substring ?? "") }
      #expect(ticks.count > 1 && ticks.allSatisfy { Int($0) != nil }, "\(ticks)")
      #expect(Set(ticks).count == ticks.count && svg.contains("at \(Int(most))"), "\(ticks)")
    }
  }
}
