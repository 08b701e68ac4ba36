// Wire: frames and calls.
//
// The protocol of docs/PROTOCOL.md as plain values. `Value` is MessagePack (through msgpack-c), `Frame` is one message
// of the protocol, `Conversation` is the server's end of one connection and `ClientConversation` the client's. There is
// no socket, clock, lock or thread in here: bytes and times come in, events and bytes go out, so that a whole
// connection runs in a seeded test.

/// The number of a stream on its connection: 1 … 2³¹−1, and 0 where a frame concerns the connection.
public typealias StreamID = Int

/// The largest stream id and the widest window that the protocol knows.
let int31Max = Int(Int32.max)
