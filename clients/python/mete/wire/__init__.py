"""The protocol without sockets: bytes in, events out; intentions in, bytes out."""
