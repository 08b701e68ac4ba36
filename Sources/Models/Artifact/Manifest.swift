/// What `mete.json` says of an artifact.
public struct Manifest: Sendable, Equatable {
  /// The version that is written, and the only one that is read.
  public static let version = 1
  /// What the file is called.
  public static let fileName = "mete.json"
  /// What the file of the weights is called.
  public static let weightsName = "packed.safetensors"
  /// What the file of a GGUF file's metadata is called.
  public static let metadataName = "metadata.gguf"

  /// What the artifact was made of.
  public struct Source: Sendable, Equatable {
    /// The last part of its path.
    public var name: String
    /// The kind of file.
    public var format: Checkpoint.Format
    /// Of its weight files, one after the other.
    public var sha256: String
  }

  /// A file of the artifact, by its path inside.
  public struct File: Sendable, Equatable {
    /// Plain names between slashes, one folder deep at most.
    public var name: String
    /// Its size.
    public var bytes: Int
    /// Of its bytes.
    public var sha256: String
  }

  /// What the model calls itself.
  public var name: String
  /// What it was made of.
  public var source: Source
  /// The family, as users see it.
  public var family: String
  /// Weights of the source, each counted once.
  public var parameters: Int
  /// How weights were asked to be held, in the words of the command line.
  public var weights: String
  /// Every file but `mete.json`.
  public var files: [File]
  /// The packed maps, each a tensor of bytes in the file of weights.
  public var maps: [PackedMap]
  /// Tables in blocks, which safetensors has no types for, each a tensor of bytes.
  public var tables: [PackedTable]

  /// The SHA-256 of the file of weights.
  public var weightsSHA256: String {
    files.first { $0.name == Self.weightsName }?.sha256 ?? ""
  }
}

/// A table that is held in blocks, as a GGUF file has it.
public struct PackedTable: Sendable, Equatable {
  /// What it is called.
  public var name: String
  /// How its rows are stored.
  public var type: String
  /// Rows.
  public var outputs: Int
  /// Columns, whole blocks.
  public var inputs: Int
}
