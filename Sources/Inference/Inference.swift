// The engine: which rows run next, through which layers, and what each of them cost.
//
// `Engine.turn([Order]) -> [Emission]` is the whole interface. It is a value that knows no socket,
// thread or lock; time comes from a clock that is handed in. It sees tokens and pieces of text, never
// frames. docs/ARCHITECTURE.md tells how a request passes through.
