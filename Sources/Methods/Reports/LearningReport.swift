/// What a learning pass came to: for people as one page that needs nothing else, for programs as JSON with the same numbers.
///
/// Numbers that are not finite are shown as a dash and written as `null`; the same report gives the same bytes.
public struct LearningReport: Sendable {
  /// What was made of which model.
  public var title: String
  /// Says in a sentence or two what was done, to who has never seen the project.
  public var lead: String
  /// The model that was taught.
  public var model: String?
  /// The text that it was taught and measured with.
  public var source: Source?
  /// What all that is random hangs on.
  public var seed: UInt64?
  /// How long the pass took.
  public var seconds: Double?
  /// The few numbers that the page begins with.
  public var headlines: [Headline]
  /// What was measured, in the order in which it is told.
  public var sections: [Section]
  /// Settings and whatever else is needed to make it again: names and values, in order.
  public var facts: [(name: String, value: String)]
  /// What a reader should know before trusting the numbers, a sentence or two each.
  public var notes: [String]

  /// Begins a report; what is left out has no place on the page.
  public init(
    title: String,
    lead: String,
    model: String? = nil,
    source: Source? = nil,
    seed: UInt64? = nil,
    seconds: Double? = nil,
    headlines: [Headline] = [],
    sections: [Section] = [],
    facts: [(name: String, value: String)] = [],
    notes: [String] = []
  ) {
    (self.title, self.lead, self.model, self.source) = (title, lead, model, source)
    (self.seed, self.seconds) = (seed, seconds)
    (self.headlines, self.sections, self.facts, self.notes) = (headlines, sections, facts, notes)
  }
}

extension LearningReport {
  /// The three parts of labelled text, and where they came from.
  public struct Source: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Examples that weights were fitted to.
    public var train: Int
    /// Examples that settings were chosen by.
    public var choose: Int
    /// Examples that it was judged by, once.
    public var test: Int
    /// Where it was taken from, in words.
    public var origin: String

    /// Names data; `origin` may be left out.
    public init(name: String, train: Int, choose: Int, test: Int, origin: String = "") {
      (self.name, self.train, self.choose, self.test) = (name, train, choose, test)
      self.origin = origin
    }
  }

  /// A number that the page begins with.
  public struct Headline: Sendable, Equatable {
    /// As it is shown, with its unit: `34 %`.
    public var value: String
    /// What it is, read on from the value: `of the work`.
    public var what: String
    /// How it was measured, or its interval, in small print.
    public var explanation: String

    /// Puts a number in front; `explanation` may be left out.
    public init(value: String, what: String, explanation: String = "") {
      (self.value, self.what, self.explanation) = (value, what, explanation)
    }
  }

  /// A part of the page, with a heading of its own.
  public struct Section: Sendable {
    /// The heading.
    public var title: String
    /// How to read what follows; may be empty.
    public var lead: String
    /// What is shown.
    public var body: Body

    /// Puts a heading and a sentence over `body`.
    public init(title: String, lead: String = "", body: Body) {
      (self.title, self.lead, self.body) = (title, lead, body)
    }
  }

  /// What a section shows.
  public enum Body: Sendable {
    /// Curves of accuracy against work.
    case plot(LinePlot)
    /// Shares beside each other.
    case bars(BarPlot)
    /// Rows of text under a header; numbers stand right.
    case table(header: [String], rows: [[String]])
    /// Texts, and how they were answered.
    case examples([Example])
    /// How many experts ran, layer by layer.
    case experts([ExpertUse])
    /// Where examples left, exit by exit.
    case exits([ExitUse])
    /// What effort buys, from the least to the whole model.
    case effort([EffortRow])
  }
}
