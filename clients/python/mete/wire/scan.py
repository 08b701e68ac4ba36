"""A look over a frame's MessagePack bytes before anything is allocated for them.

A six-byte head can claim four thousand million items; msgpack would make room for them first. This pass only adds up.
"""

from __future__ import annotations

from typing import List, Tuple

from ..errors import WireError

# Heads with a count in the following bytes: how many bytes the count has.
_COUNT_BYTES = {
    0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4,
}  # fmt: skip
# Heads with a fixed number of bytes behind them.
_FIXED_BYTES = {
    0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8,
    0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8,
}  # fmt: skip


def scan(body: bytes, start: int, depth_max: int, items_max: int) -> int:
    """Walks over the value that begins at `start` and returns where it ends.

    Raises WireError(`malformed_frame`) if the value is cut, too deep, has too many items, claims what cannot be there, or
    holds an extension type.
    """
    end = len(body)
    at = start
    items = 0
    # Values that are still due in each open container; the first entry is the value itself.
    due: List[int] = [1]
    while due:
        if due[-1] == 0:
            due.pop()
            continue
        due[-1] -= 1
        items += 1
        if items > items_max:
            raise WireError("malformed_frame", f"more than {items_max} items")
        if at >= end:
            raise WireError("malformed_frame", f"a value is missing at byte {at}")
        head = body[at]
        if head < 0x80 or head >= 0xE0:
            at += 1
            continue
        fixed = _FIXED_BYTES.get(head)
        if fixed is not None:
            at += 1 + fixed
            if at > end:
                raise WireError("malformed_frame", f"a number is cut at byte {end}")
            continue
        at, count, values = _measure(body, at, head)
        if count > end - at or values > end - at:
            raise WireError("malformed_frame", f"an impossible count before byte {at}")
        at += count
        if values >= 0:
            if len(due) > depth_max:
                raise WireError("malformed_frame", f"deeper than {depth_max}")
            due.append(values)
    return at


def _measure(body: bytes, at: int, head: int) -> Tuple[int, int, int]:
    """Where the content of this head begins, its own bytes, and the values in it (-1: not a container)."""
    if head < 0x90:
        return at + 1, 0, 2 * (head & 15)
    if head < 0xA0:
        return at + 1, 0, head & 15
    if head < 0xC0:
        return at + 1, head & 31, -1
    width = _COUNT_BYTES.get(head)
    if width is None:
        raise WireError("malformed_frame", f"byte {at} is 0x{head:02x}, which this protocol does not use")
    begin = at + 1 + width
    if begin > len(body):
        raise WireError("malformed_frame", f"a count is cut at byte {len(body)}")
    count = int.from_bytes(body[at + 1 : begin], "big")
    if head >= 0xDE:
        return begin, 0, 2 * count
    return (begin, 0, count) if head >= 0xDC else (begin, count, -1)
