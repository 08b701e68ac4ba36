import Support

/// The normative page, which tests read so that it and the code cannot drift apart.
func protocolPage() -> String { Repository.text("docs/PROTOCOL.md") }
