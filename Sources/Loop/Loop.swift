// Loop: sockets, timers, signals and the two bridges between threads, over libuv.
//
// A loop belongs to the thread that made it. Everything here is called on that thread and calls back
// on it, except `WorkQueue` and `Mailbox`, which exist to cross threads. Bytes come in and go out as
// arrays; no libuv type and no pointer shows in a public signature. Loop never sees a frame or a tensor.
