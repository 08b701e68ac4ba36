// Conformance: whether a server does what docs/PROTOCOL.md says, seen from outside.
//
// A `Probe` is a connection that a case drives frame by frame: it can send any bytes, hold back credit, stop reading and
// leave without a word, and it notes every frame that comes, with its order. A `Case` is one sentence of the page and
// how to see it. Frames are written and read by Wire; what is owed is judged here, by tables of its own, so that a
// mistake in our conversations cannot excuse itself. Every wait has an end: a server that hangs fails the case, and the
// run goes on.
