"""The sources of the conformance vectors: one module per section of PROTOCOL.md."""
