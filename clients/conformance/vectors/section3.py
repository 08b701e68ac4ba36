"""Section 3: limits, credit, PING and GOAWAY."""

from __future__ import annotations

from .building import CALLING, ENDED, GREETED, SERVED, SERVING, Section, end, opening, receive
from .packing import frame, framed, pack
from .tagging import tag_frame

TOP = 2**31 - 1
ERROR = {
    "connection_credit_overrun": {"status": 8, "detail": "connection_credit_overrun"},
    "ping_flood": {"status": 8, "detail": "ping_flood"},
    "reset_flood": {"status": 8, "detail": "reset_flood"},
}


def data(stream: int, bytes_: int) -> bytes:
    """A DATA frame whose N is `bytes_`."""
    assert 5 <= bytes_ <= 260
    return frame(2, stream, bytes(bytes_ - 5))


def hellos(s: Section) -> None:
    """What a HELLO's limits do."""
    defaults = {"0": 1_048_576, "1": 65_536}
    s.valid("hello without limits leaves the defaults", "client", [{"open": {"stream": 1, "method": "Generate"}}],
            0, 0, {"versions": [1]}, send_credit=defaults, section="3.1")  # fmt: skip
    hello = [0, 0, {"versions": [1], "limits": {"stream_credit": 100, "connection_credit": 1000}}]
    s.case("limits set the windows of later streams", "client", receive(frame(*hello)),
           [{"open": {"stream": 1, "method": "Generate"}}], "accepted", send_credit={"0": 1000, "1": 100}, section="3.1")  # fmt: skip
    wide = [0, 0, {"versions": [1], "limits": {"stream_credit": 100_000, "connection_credit": 2_000_000}}]
    early = [{"open": {"stream": 1, "method": "Generate"}}]
    s.valid("a late hello moves the windows of streams that are open", "client", early, *wide,
            send_credit={"0": 2_000_000, "1": 100_000}, section="3.1")  # fmt: skip
    spent = early + [{"send": {"stream": 1, "message": {"bin": "00" * 95}}}]
    s.valid("what was spent before a late hello stays spent", "client", spent, *wide,
            send_credit={"0": 1_999_900, "1": 99_900}, section="3.1")  # fmt: skip
    s.case("a server's windows come from the client's hello", "server", receive(frame(*hello)),
           receive(frame(*opening(1))), "accepted", send_credit={"0": 1000, "1": 100}, section="3.1")  # fmt: skip
    two = GREETED + receive(frame(*opening(1)), frame(*opening(2)))
    s.refused("one stream too many", "server", two, frame(*opening(3)), 3, "streams_max",
              limits={"streams_max": 2}, open=[1, 2], section="3.1")  # fmt: skip
    s.valid("an ended stream makes room", "server", two + [{"end": {"stream": 1, "status": 0, "detail": "ok"}}],
            *opening(3), limits={"streams_max": 2}, open=[2, 3], section="3.1")  # fmt: skip
    three = two + receive(frame(*opening(3)))
    s.valid("a refused stream's id is used up", "server", three, 2, 3, "x", outcome="ignored",
            limits={"streams_max": 2}, open=[1, 2], section="3.1")  # fmt: skip
    s.broken("a refused stream cannot be opened again", "server", three, frame(*opening(3)), "stream_id",
             limits={"streams_max": 2}, last_stream=3, ends=[end(1, "stream_id"), end(2, "stream_id")], section="3.1")  # fmt: skip


def windows(s: Section) -> None:
    """DATA against the receiver's windows."""
    small = {"stream_credit": 64}
    s.case("data that spends the stream's credit to the last byte", "server", SERVING, receive(data(1, 64)),
           "accepted", limits=small, open=[1], section="3.2")  # fmt: skip
    s.refused("data over the stream's credit", "server", SERVING, data(1, 65), 1, "credit_overrun",
              limits=small, open=[], section="3.2")  # fmt: skip
    s.refused("a second data over the stream's credit", "server", SERVING, data(1, 60) + data(1, 5), 1,
              "credit_overrun", limits=small, open=[], section="3.2")  # fmt: skip
    two = GREETED + receive(frame(*opening(1)), frame(*opening(2)))
    s.refused("an overrun leaves the other stream alone", "server", two, data(1, 65) + data(2, 64), 1,
              "credit_overrun", limits=small, open=[2], section="3.2")  # fmt: skip
    tight = {"connection_credit": 100}
    s.case("data that spends the connection's credit to the last byte", "server", two,
           receive(data(1, 60), data(2, 40)), "accepted", limits=tight, open=[1, 2], section="3.2")  # fmt: skip
    s.case("data over the connection's credit", "server", two, receive(data(1, 60), data(2, 41)), "connection_error",
           limits=tight, error=ERROR["connection_credit_overrun"], last_stream=2, open=[],
           ends=[end(1, "connection_credit_overrun"), end(2, "connection_credit_overrun")], section="3.2")  # fmt: skip
    s.case("the connection is judged before the stream", "server", SERVING, receive(data(1, 65)), "connection_error",
           limits={"stream_credit": 64, "connection_credit": 64}, error=ERROR["connection_credit_overrun"],
           last_stream=1, ends=[end(1, "connection_credit_overrun")], open=[], section="3.2")  # fmt: skip
    s.case("data for a closed stream spends connection credit", "server", SERVED, receive(data(1, 101)),
           "connection_error", limits=tight, error=ERROR["connection_credit_overrun"], last_stream=1, ends=[],
           open=[], section="3.2")  # fmt: skip
    s.case("credit spent on a closed stream is given back", "server", SERVED, receive(*[data(1, 25)] * 12),
           "ignored", limits=tight, open=[], ends=[], section="3.2")  # fmt: skip
    free = frame(7, 1, 5) * 40 + frame(3, 1)
    s.case("frames other than data cost no credit", "server", SERVING, receive(free), "accepted",
           limits={"stream_credit": 64, "connection_credit": 64}, open=[1], section="3.2")  # fmt: skip
    s.case("a client's connection credit overrun", "client", CALLING, receive(data(1, 60), data(1, 41)),
           "connection_error", limits=tight, error=ERROR["connection_credit_overrun"], failed=[1], open=[], section="3.2")  # fmt: skip
    s.case("a client's stream credit overrun", "client", CALLING, receive(data(1, 65)), "connection_error", limits=small,
           error={"status": 8, "detail": "credit_overrun"}, failed=[1], open=[], section="3.2",
           why="a client has no END to send; a server that overruns is not to be trusted")  # fmt: skip


def credits(s: Section) -> None:
    """CREDIT against the sender's windows."""
    s.broken("credit of 0 for the connection", "server", SERVING, frame(7, 0, 0), "credit_overflow", section="3.2")
    s.broken("credit of 0 for a stream", "server", SERVING, frame(7, 1, 0), "credit_overflow", section="3.2")
    s.broken("credit of 0 at a client", "client", CALLING, frame(7, 1, 0), "credit_overflow", section="3.2")
    s.valid("stream credit up to the top", "server", SERVING, 7, 1, TOP - 65_536, send_credit={"1": TOP}, section="3.2")
    s.broken("stream credit over the top", "server", SERVING, frame(7, 1, TOP - 65_535), "credit_overflow", section="3.2")
    s.valid("connection credit up to the top", "server", SERVING, 7, 0, TOP - 1_048_576, send_credit={"0": TOP}, section="3.2")
    s.broken("connection credit over the top", "server", GREETED, frame(7, 0, TOP - 1_048_575), "credit_overflow", section="3.2")
    s.broken("credit of uint64 max", "server", SERVING, frame(7, 1, 2**64 - 1), "credit_overflow", section="3.2")
    s.broken("credit of int64 max", "client", CALLING, frame(7, 0, 2**63 - 1), "credit_overflow", section="3.2")
    s.broken("credit of 0 for a closed stream", "server", SERVED, frame(7, 1, 0), "credit_overflow", section="3.2")
    s.broken("credit over the top for a closed stream", "server", SERVED, frame(7, 1, 2**31), "credit_overflow", section="3.2")
    s.case("credit over the top in two steps", "server", SERVING, receive(frame(7, 1, TOP - 65_536) + frame(7, 1, 1)),
           "connection_error", error={"status": 11, "detail": "credit_overflow"}, last_stream=1,
           ends=[end(1, "credit_overflow")], open=[], section="3.2")  # fmt: skip
    spent = CALLING + [{"send": {"stream": 1, "message": {"bin": "00" * 95}}}]
    s.case("data spends both windows", "client", CALLING, spent[-1:], "accepted",
           send_credit={"0": 1_048_476, "1": 65_436}, section="3.2")  # fmt: skip
    s.valid("credit adds to one window", "client", spent, 7, 1, 64, send_credit={"0": 1_048_476, "1": 65_500}, section="3.2")
    s.valid("connection credit adds to the other", "client", spent, 7, 0, 64,
            send_credit={"0": 1_048_540, "1": 65_436}, section="3.2")  # fmt: skip


def pings(s: Section) -> None:
    """PING, its answer, and too many of it."""
    ack = [frame(8, 0, True, t).hex() for t in range(13)]
    ask = [frame(8, 0, False, t) for t in range(13)]
    s.case("ten pings at once", "server", GREETED, receive(b"".join(ask[:10])), "accepted", sends=ack[:10], section="3.3")
    s.case("two pings too many get no answer", "server", SERVING, receive(b"".join(ask[:12])), "accepted",
           sends=ack[:10], open=[1], section="3.3")  # fmt: skip
    s.case("a third ping too many", "server", SERVING, receive(b"".join(ask[:13])), "connection_error",
           error=ERROR["ping_flood"], last_stream=1, ends=[end(1, "ping_flood")], sends=ack[:10], open=[], section="3.3")  # fmt: skip
    later = receive(*ask[:2]) + [{"at_ms": 2000}] + receive(*ask[2:4])
    few = {"pings_max": 2, "ping_strikes_max": 0}
    s.case("pings with a pause", "server", GREETED, later, "accepted", sends=ack[:4], limits=few, section="3.3")
    s.case("a third ping of two", "server", GREETED, receive(b"".join(ask[:3])), "connection_error",
           error=ERROR["ping_flood"], last_stream=0, ends=[], sends=ack[:2], limits=few, open=[], section="3.3")  # fmt: skip
    strict = {"pings_max": 1, "ping_strikes_max": 1}
    answer = [{"send": {"stream": 1, "message": {"bin": "00"}}}]
    s.case("strikes add up over seconds", "server", SERVING, receive(*ask[:2]) + [{"at_ms": 2000}] + receive(*ask[2:4]),
           "connection_error", error=ERROR["ping_flood"], last_stream=1, ends=[end(1, "ping_flood")],
           sends=[ack[0], ack[2]], limits=strict, open=[], section="3.3")  # fmt: skip
    s.case("data forgives strikes", "server", SERVING + receive(*ask[:2]) + answer + [{"at_ms": 2000}],
           receive(*ask[2:4]), "accepted", sends=[ack[2]], limits=strict, open=[1], section="3.3")  # fmt: skip
    s.case("a flood at a client", "client", CALLING, receive(b"".join(ask[:13])), "connection_error",
           error=ERROR["ping_flood"], failed=[1], sends=ack[:10], open=[], section="3.3")  # fmt: skip
    s.valid("a client answers too", "client", CALLING, 8, 0, False, 77, sends=[frame(8, 0, True, 77).hex()], section="3.3")
    s.valid("an answer nobody asked for", "server", SERVING, 8, 0, True, 5, outcome="ignored", sends=[], section="3.3")
    s.case("answers are no flood", "server", GREETED, receive(frame(8, 0, True, 5) * 20), "ignored", sends=[], section="3.3")


def resets(s: Section) -> None:
    """Streams that are given up, or refused, too fast."""
    few = {"resets_max": 2}
    up = [receive(frame(*opening(n)), frame(6, n)) for n in (1, 2, 3)]
    two = GREETED + up[0] + up[1]
    s.refused("two cancels of two", "server", GREETED + up[0] + receive(frame(*opening(2))), frame(6, 2), 2,
              "cancelled", limits=few, open=[], section="2")  # fmt: skip
    s.case("a third cancel of two", "server", two + up[2][:1], up[2][1:], "connection_error", limits=few,
           error=ERROR["reset_flood"], last_stream=3, ends=[end(3, "reset_flood")], open=[], section="2")  # fmt: skip
    s.case("cancels with a pause", "server", two + [{"at_ms": 2000}] + up[2][:1], up[2][1:], "stream_error", limits=few,
           ends=[end(3, "cancelled")], open=[], section="2")  # fmt: skip
    nameless = [frame(*opening(n, method="")) for n in (1, 2, 3)]
    s.case("a third refused call of two", "server", GREETED + receive(*nameless[:2]), receive(nameless[2]),
           "connection_error", limits=few, error=ERROR["reset_flood"], last_stream=2, ends=[], open=[], section="2",
           why="the OPEN that is one too many was not taken")  # fmt: skip
    s.case("cancels of what has ended are no resets", "server", SERVED, receive(frame(6, 1) * 5), "ignored",
           limits=few, open=[], ends=[], section="2")  # fmt: skip
    s.case("a second cancel is no reset", "server", two[:-2] + receive(frame(*opening(2))), receive(frame(6, 2) * 5),
           "stream_error", limits=few, ends=[end(2, "cancelled")], open=[], section="2")  # fmt: skip


def goaways(s: Section) -> None:
    """GOAWAY in both directions."""
    s.valid("a draining server lets calls run on", "client", CALLING, 9, 0, 1, 14, "draining: bye", open=[1], failed=[], section="3.3")
    drained = CALLING + receive(frame(9, 0, 1, 14, "draining: bye"))
    s.case("a call ends as usual after goaway", "client", drained, receive(frame(4, 1, 0, "ok", "", {}), frame(5, 1, {})),
           "accepted", open=[], failed=[], section="3.3")  # fmt: skip
    s.valid("a client's goaway leaves its calls running", "server", SERVING, 9, 0, 0, 0, "bye", open=[1], ends=[], section="3.3")
    s.valid("goaway between end and bill", "client", ENDED, 9, 0, 1, 14, "draining: bye", open=[1], failed=[], section="3.3")
    body = pack([9, 0, 1, 3, "malformed_frame: element 2"])
    s.case("a server's connection error", "client", ENDED, receive(framed(body)), "accepted",
           frames=[tag_frame(9, 0, 1, 3, "malformed_frame: element 2")], section="3.3",
           why="the calls fail when the socket closes; ENDs and BILLs may still come before that")  # fmt: skip


def cases() -> Section:
    """All cases of section 3."""
    s = Section("3")
    for part in (hellos, windows, credits, pings, resets, goaways):
        part(s)
    return s
