"""An OpenAI-style endpoint in a thread, which says its pieces one after the other and notices when nobody listens any more."""

from __future__ import annotations

import http.server
import json
import select
import socket
import threading
from typing import Any, Dict, List, Optional


class ChatUpstream:
    """Answers every request with the same pieces as server-sent events."""

    def __init__(self, pieces: List[str], pause: float = 0.0, is_chunked: bool = True) -> None:
        self.pieces = pieces
        #: Seconds before each piece; other ones before some.
        self.pause = pause
        self.pauses: Dict[str, float] = {}
        self.is_chunked = is_chunked
        #: Pieces that were sent while somebody listened.
        self.sent = 0
        #: Set when the client has hung up before the end.
        self.was_closed = threading.Event()
        self.asked: Optional[Any] = None
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Where to ask."""
        return f"http://127.0.0.1:{self._server.server_port}/v1/chat/completions?x=1"

    def __enter__(self) -> ChatUpstream:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> Any:
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """One request."""

            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Streams the answer."""
                upstream.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header(*(("Transfer-Encoding", "chunked") if upstream.is_chunked else ("Connection", "close")))
                self.end_headers()
                self._event({"choices": [{"delta": {"role": "assistant", "content": None}}]})
                for piece in upstream.pieces:
                    if self._is_closed(upstream.pauses.get(piece, upstream.pause)):
                        upstream.was_closed.set()
                        return
                    self._event({"choices": [{"delta": {"content": piece}}]})
                    upstream.sent += 1
                self._write(b": a comment\n\ndata: [DONE]\n\n")
                if upstream.is_chunked:
                    self.wfile.write(b"0\r\n\r\n")

            def _event(self, event: Any) -> None:
                self._write(f"data: {json.dumps(event)}\n\n".encode())

            def _write(self, data: bytes) -> None:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if upstream.is_chunked else data)

            def _is_closed(self, pause: float) -> bool:
                """Whether the client hangs up within so many seconds."""
                ready = select.select([self.connection], [], [], pause)[0]
                try:
                    return bool(ready) and self.connection.recv(1, socket.MSG_PEEK) == b""
                except ConnectionResetError:
                    return True

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        return Handler
