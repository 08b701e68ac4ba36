import Inference
import Support
import Wire

@testable import Serving

/// A call that a virtual client is going to make: its OPEN, its messages, and how it may end.
struct Plan {
  var open: Open
  var pieces: [Value] = []
  /// Details that its mistakes ask for; none if it makes no mistake.
  var mistakes: Set<String> = []
  /// Whether somebody used its id before.
  var isReused = false
  /// Whether chance has no say in its answer.
  var isGreedy = true

  init(_ open: Open) { self.open = open }

  /// What the engine would be asked; nil for calls that the edge answers or refuses.
  var task: Request.Task? {
    guard mistakes.isEmpty, let method = Method(rawValue: open.method), method.needsEngine
    else { return nil }
    return try? Parameters(open.params, of: method).task(seed: 1)
  }

  /// Whether what it gets may hang on the time and on others: a deadline or brown-out lowers its effort.
  func isTimed(_ conditions: Conditions) -> Bool {
    guard ["Classify", "ClassifyStream"].contains(open.method) else { return false }
    return open.deadline != nil || conditions.configuration.engine.brownOutWait != nil
  }

  /// Whether every message is a text of its own.
  var isEach: Bool { open.params["input"] == "each" }
}

extension Plan {
  private static let words = [
    "the", "rain", "sun", "and", "then", "a", "storm", "over", "hills", "é", "雨", "🌧", "in", "er",
    "\n", ".", "<|im_end|>", "then the", "x9",
  ]

  /// A random call; most are right.
  static func random(_ conditions: Conditions, _ random: inout SplitMix64) -> Plan {
    if random.chance(12) { return mistaken(&random) }
    switch random.number(0 ... 14) {
    case 0 ... 3: return generate(conditions, &random)
    case 4, 5: return predict(conditions, &random)
    case 6, 7: return encode("Embed", conditions, &random)
    case 8: return encode("Classify", conditions, &random)
    case 9: return tokenize(conditions, &random)
    case 10 ... 12: return stream(conditions, &random)
    default:
      return random.pick([
        Plan(Open("Models.List")), Plan(Open("Models.Describe", model: "encoder")),
        Plan(Open("Health.Check")), Plan(Open("Reflect.Describe")),
      ])
    }
  }

  private static func generate(_ conditions: Conditions, _ random: inout SplitMix64) -> Plan {
    var plan = Plan(Open("Generate", model: random.chance(50) ? "language" : nil))
    plan.set("max_tokens", Value(random.number(1 ... conditions.tokensMax)))
    if random.chance(70) { plan.set("ignore_eos", .bool(true)) }
    if random.chance(20) { plan.set("stop", [random.pick(["e", " t", "zz", "\u{FFFD}"])]) }
    if random.chance(20) {
      plan.set("temperature", .double(0.9))
      if random.chance(50) { plan.set("top_k", 5) }
      plan.isGreedy = false
    }
    let isChat = random.chance(15)
    if isChat { plan.set("format", "chat") }
    plan.pieces = input(conditions, tokens: !isChat && random.chance(80), &random)
    if case .array = plan.pieces[0], random.chance(90) {
      plan.pieces.insert(beginning(of: random.pick([18, 35])), at: 0)
    }
    return plan
  }

  /// Token ids with which many prompts begin: one or two whole pages and a bit.
  private static func beginning(of count: Int) -> Value {
    .array((0 ..< count).map { Value($0) })
  }

  private static func predict(_ conditions: Conditions, _ random: inout SplitMix64) -> Plan {
    var plan = Plan(Open("Predict"))
    plan.set("top_k", Value(random.number(1 ... 4)))
    if random.chance(80) { plan.set("max_tokens", Value(random.number(1 ... 60))) }
    plan.pieces = input(conditions, tokens: random.chance(60), &random)
    return plan
  }

  private static func encode(
    _ method: String,
    _ conditions: Conditions,
    _ random: inout SplitMix64
  ) -> Plan {
    var plan = Plan(Open(method))
    if random.chance(60) { plan.set("input", "each") }
    if random.chance(30) { plan.set("truncate", .bool(true)) }
    if method == "Classify", random.chance(30) { plan.set("top_k", 2) }
    if method == "Classify", random.chance(20) { plan.set("pair", "the sun") }
    if method == "Classify" { plan.spend(&random) }
    let tokens = plan.open.params["pair"] == nil && random.chance(30)
    plan.pieces = input(conditions, tokens: tokens, &random, idsMax: 80)
    return plan
  }

  private static func stream(_ conditions: Conditions, _ random: inout SplitMix64) -> Plan {
    let isEncoder = random.chance(40)
    var plan = Plan(Open("ClassifyStream", model: isEncoder ? "encoder" : "language"))
    if random.chance(60) { plan.set("policy", .string(random.pick(["defer", "propagate"]))) }
    if random.chance(20) {
      plan.set("refine", .bool(true))
      // What has been spent when a correction is told hangs on who else is there.
      plan.isGreedy = false
    }
    if random.chance(25) {
      let ends = random.chance(30)
      let label = isEncoder ? TinyFrugal.encoderLabel : "wet"
      plan.set(
        "watch",
        ["label": .string(label), "above": .double(0.4), "tokens": 2, "end": .bool(ends)]
      )
      // Tokens that had set out when the end came are billed as well.
      if ends { plan.isGreedy = false }
    }
    if random.chance(30) { plan.set("text", .bool(true)) }
    if random.chance(30) { plan.set("score_min", .double(0.2)) }
    if random.chance(20) { plan.set("threshold", .double(random.pick([0, 0.5, 0.9, 1]))) }
    if random.chance(15) { plan.set("first_exit", 1) }
    if isEncoder, random.chance(15) { plan.set("tau", .double(random.pick([0, 0.3, 1]))) }
    if isEncoder {
      plan.set("window", Value(random.number(3 ... 20)))
      plan.set("stride", Value(random.number(1 ... 4)))
    }
    plan.spend(&random)
    let isExplicit = ["tau", "threshold", "first_exit"].contains { plan.open.params[$0] != nil }
    if isExplicit, plan.open.effort < 1 || plan.open.effortMin != nil {
      if random.chance(20) {
        plan.mistakes = ["bad_option"]
      } else {
        (plan.open.effort, plan.open.effortMin) = (1, nil)
      }
    }
    plan.pieces = input(
      conditions,
      tokens: random.chance(60),
      &random,
      idsMax: isEncoder ? 80 : 255
    )
    return plan
  }

  /// An effort, a budget or money, or none.
  private mutating func spend(_ random: inout SplitMix64) {
    if random.chance(60) { open.effort = Double(random.number(0 ... 10)) / 10 }
    if random.chance(20) { open.effortMin = random.pick([0, 0.3, 1]) }
    if random.chance(20) { open.macsMax = UInt64(random.number(1 ... 3_000_000)) }
    // At 1,000 millionths for 10⁹ multiply-accumulates.
    if random.chance(10) { open.costMax = UInt64(random.number(0 ... 3)) }
  }

  private static func tokenize(_ conditions: Conditions, _ random: inout SplitMix64) -> Plan {
    var plan = Plan(Open("Tokenize", model: random.pick(["language", "encoder"])))
    plan.pieces = input(conditions, tokens: false, &random)
    return plan
  }

  private static func mistaken(_ random: inout SplitMix64) -> Plan {
    func plan(_ open: Open, _ pieces: [Value], _ detail: String) -> Plan {
      var plan = Plan(open)
      plan.pieces = pieces
      plan.mistakes = [detail]
      return plan
    }
    return random.pick([
      plan(Open("Nonsense"), [], "unknown_method"),
      plan(Open(String(repeating: "n", count: 300)), [], "unknown_method"),
      plan(Open("Generate", model: "nobody"), ["x"], "unknown_model"),
      plan(Open("Embed", model: "language"), ["x"], "unsuitable_model"),
      plan(Open("Predict", ["top_k": 0]), ["x"], "bad_option"),
      plan(Open("Tokenize", ["tokens_max": 5]), ["x"], "bad_option"),
      plan(Open("Generate"), ["sun", .map([])], "bad_message"),
      plan(Open("Predict"), [.array([1, 2]), .array([999_999])], "bad_message"),
      plan(Open("Generate"), ["sun", .array([1])], "bad_message"),
      plan(Open("Health.Check"), ["x"], "bad_message"),
      plan(Open("Usage.Bill"), [], "bad_option"),
      plan(Open("Models.Describe"), [], "bad_option"),
      plan(Open("Tokenize"), [.array([1])], "bad_message"),
    ])
  }

  private mutating func set(_ key: String, _ value: Value) {
    open.params.append(Value.Entry(key, value))
  }

  /// Pieces of text, as strings or cut anywhere, or of token ids.
  private static func input(
    _ conditions: Conditions,
    tokens: Bool,
    _ random: inout SplitMix64,
    idsMax: Int = 255
  ) -> [Value] {
    let most = conditions.messageBytesMax
    return (0 ..< random.number(1 ... 4)).map { _ in
      if tokens {
        let count = random.number(1 ... min(random.pick([6, 40]), most / 3))
        return .array((0 ..< count).map { _ in Value(random.number(0 ... idsMax)) })
      }
      let words = (0 ..< random.number(1 ... 8)).map { _ in random.pick(Self.words) }
      let text = words.joined(separator: random.pick([" ", ""])) + random.pick(["", " "])
      if random.chance(40) {
        let bytes = Array(text.utf8)
        let start = random.number(0 ... bytes.count / 3)
        return .binary(Array(bytes[start...].prefix(most)))
      }
      return text.utf8.count <= most ? .string(text) : "sun"
    }
  }
}
