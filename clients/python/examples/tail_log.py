"""Follows a log and marks the lines that surprise a language model: what it has read often, it comes to expect.

Usage: python examples/tail_log.py unix:/run/mete/mete.sock /var/log/syslog [--once]      (`-` is standard input)

A token's surprise is -log p of what came, in nats: p is what the model gave it after everything before. Predict names the best 100
candidates; a token that is not among them has at least the surprise of the last one.
"""

from __future__ import annotations

import argparse
import collections
import sys
import time
from typing import Deque, Dict, Iterator, List, TextIO, Tuple

import mete


def lines_of(log: TextIO, once: bool) -> Iterator[str]:
    """Whole lines as they are written; for ever, unless `once`."""
    part = ""
    while True:
        some = log.readline()
        part += some
        if part.endswith("\n") or (part and once and not some):
            yield part.rstrip("\n")
            part = ""
        elif not some and once:
            return
        elif not some:
            time.sleep(0.2)


class Tail:
    """Streams lines into one call after the other."""

    def __init__(self, client: mete.Client, lines: Iterator[str], asked: argparse.Namespace) -> None:
        self.client = client
        self.asked = asked
        self.over = False
        self._lines = lines
        self._next: List[int] = []
        #: Lines whose tokens are under way, and how many those are.
        self._sent: Deque[Tuple[str, int]] = collections.deque()
        self._waiting: Deque[str] = collections.deque()

    def _pieces(self) -> Iterator[List[int]]:
        """Each line's token ids, until the context is full. A thread of the client runs this."""
        room = self.asked.context
        while True:
            if not self._next:
                line = next(self._lines, None)
                if line is None:
                    self.over = True
                    return
                ids = self.client.tokenize(line + "\n", model=self.asked.model, special=False)
                self._next = ids[: self.asked.context]
                self._waiting.append(line)
            if len(self._next) > room:
                return
            piece, self._next = self._next, []
            room -= len(piece)
            self._sent.append((self._waiting.popleft(), len(piece)))
            yield piece

    def run(self) -> mete.Bill:
        """One call, from its first line until its context is full or the log is over."""
        known: Dict[int, float] = {}
        surprises: List[float] = []
        stream = self.client.predict(self._pieces(), model=self.asked.model, top_k=100, special=False)
        with stream:
            for prediction in stream:
                # The first token has nothing before it, and so surprises nobody.
                surprises.append(-known.get(prediction.id, min(known.values(), default=0.0)))
                known = {candidate.id: candidate.logprob for candidate in prediction.candidates}
                if len(surprises) == self._sent[0][1]:
                    self._report(self._sent.popleft()[0], surprises)
                    surprises = []
        return stream.bill or mete.Bill()

    def _report(self, line: str, surprises: List[float]) -> None:
        """Prints a line with the mean and the highest surprise of its tokens."""
        mean = sum(surprises) / len(surprises)
        text = f"{mean:6.2f} {max(surprises):6.2f} {'!' if mean >= self.asked.threshold else ' '} {line}"
        marked = mean >= self.asked.threshold and sys.stdout.isatty()
        print(f"\x1b[1;31m{text}\x1b[0m" if marked else text, flush=True)


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description="marks the lines of a log that surprise a model")
    parser.add_argument("address", help="unix:PATH or tcp:HOST:PORT")
    parser.add_argument("log", help="a file, or - for standard input")
    parser.add_argument("--model", help="default: the first that can predict")
    parser.add_argument("--threshold", type=float, default=4.0, help="mean surprise from which a line is marked")
    parser.add_argument("--context", type=int, default=1_000, help="tokens after which another call gets to know the log anew")
    parser.add_argument("--once", action="store_true", help="stop at the end of the file")
    asked = parser.parse_args()
    asked.once = asked.once or asked.log == "-"
    try:
        with open(0 if asked.log == "-" else asked.log, errors="replace") as log, mete.connect(asked.address) as client:
            tail = Tail(client, lines_of(log, asked.once), asked)
            while not tail.over:
                bill = tail.run()
                print(f"{bill.tokens_in} tokens, {bill.macs_total:,} multiply-accumulates", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    except (mete.MeteError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
