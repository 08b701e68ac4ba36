"""Guards another model's answer: text goes on to the reader only after a classifier's verdict on it, and stops where a rule is broken.

Usage: python examples/guard.py --label negative --above 0.9 --tokens 3 --url http://localhost:8080/v1/chat/completions --prompt "..."
       some-program | python examples/guard.py --label negative --above 0.9

The rule: P(label) > above for so many tokens in a row. With --url the text is the answer of an OpenAI-style endpoint, which is closed
when the rule is broken; its key, if it wants one, is read from UPSTREAM_KEY. Without it the text is standard input. What passed goes to
standard output; where and why it stopped, and the bill, to standard error. The exit status is 3 if it stopped, 1 if something failed.

How text is held back. A verdict is about a token, and the daemon's tokenizer is certain of a word only when the next piece shows that it
is over. So the piece with a stream's last word waits for the piece after it, or for the end of the input, where everything is certain.
Verdicts carry their tokens' text, which is found in what was read, case, accents and spaces aside: a piece passes when its
last letter has been found. A token that the model does not know has no text; what it stands for passes with the next token that is
found, never sooner. While the rule's tokens are being counted nothing passes: a run that breaks the rule is held back from its first token
on. And nothing passes without a verdict: when the daemon fails or a budget is spent, the rest is held back.

How far the upstream is read. The next piece is read when of all words that were read at most the last waits for its verdict; so when the
rule is broken, the upstream has said one word more at most, which made the last one certain. A tokenizer that needs to see more before it
is certain gets one word more each time that no verdict comes.
"""

from __future__ import annotations

import argparse
import codecs
import collections
import contextlib
import http.client
import json
import os
import re
import socket
import sys
import threading
import unicodedata
import urllib.parse
from typing import Any, Deque, Iterable, Iterator, List, Optional, Tuple

import mete

#: Seconds to wait for a verdict before another word is read: the tokenizer may need it.
PATIENCE = 1.0


class Rule:
    """P(label) > above for so many tokens in a row."""

    def __init__(self, label: str, above: float, tokens: int = 1) -> None:
        self.label = label
        self.above = above
        self.tokens = tokens
        #: Tokens in a row so far.
        self.run = 0
        #: P(label) of the last token.
        self.probability = 0.0

    def is_broken_by(self, verdict: mete.Verdict) -> bool:
        """Counts a token; whether the rule is broken now."""
        self.probability = {score.name: score.score for score in verdict.scores}[self.label]
        self.run = self.run + 1 if self.probability > self.above else 0
        return self.run >= self.tokens


def letters_of(text: str) -> str:
    """What tokenizers leave of a text, whichever they are: no spaces, no accents, no case."""
    plain = (mark for mark in unicodedata.normalize("NFKD", text) if unicodedata.category(mark) != "Mn")
    return "".join(mark.casefold() for mark in plain if unicodedata.category(mark)[0] not in "CZ" and mark != "\ufffd")


class Held:
    """Pieces that were read and may not pass yet. Places are letters from the beginning of the stream."""

    def __init__(self) -> None:
        #: Pieces in order, and the places where they end.
        self.pieces: Deque[Tuple[str, int]] = collections.deque()
        #: Where words begin of which nothing is judged, as far as it was found.
        self._words: Deque[int] = collections.deque()
        #: Verdicts since, on tokens whose text was not found: a word of those, or a part of it, each.
        self._lost = 0
        self._letters = ""
        self._judged = 0
        self._read = 0
        self._is_in_word = False

    def add(self, piece: str) -> None:
        """A piece was read."""
        for part in re.findall(r"\s+|\S+", piece):
            if not part.isspace() and not self._is_in_word:
                self._words.append(self._read)
            self._is_in_word = not part.isspace()
            letters = letters_of(part)
            self._letters += letters
            self._read += len(letters)
        self.pieces.append((piece, self._read))

    def judge(self, text: str) -> None:
        """There is a verdict on a token with this text, and on everything before it.

        The first place where the text stands is never beyond the token's own, so that nothing passes too soon.
        """
        letters = letters_of(text)
        place = self._letters.find(letters)
        if not letters or place < 0:
            self._lost += 1
            return
        self._lost = 0
        self._letters = self._letters[place + len(letters) :]
        self._judged = self._read - len(self._letters)
        while self._words and self._words[0] < self._judged:
            self._words.popleft()

    @property
    def words_unjudged(self) -> int:
        """Words that wait for a verdict."""
        return len(self._words) - self._lost

    def take(self) -> List[str]:
        """The pieces that may pass now."""
        passed = []
        while self.pieces and self.pieces[0][1] <= self._judged:
            passed.append(self.pieces.popleft()[0])
        return passed


class Guard:
    """An iterator of the pieces that pass. Afterwards `broken_by`, `finish` and `bill` say how it ended.

    `pieces` is any iterable of text, which a thread of its own reads; its `close`, if it has one, may be called while it is read.
    Raises LookupError for a label that the model has not, MeteError if the daemon fails, and what `pieces` raises.
    """

    def __init__(
        self,
        client: mete.Client,
        pieces: Iterable[str],
        rule: Rule,
        model: Optional[str] = None,
        window: Optional[int] = None,
        options: Optional[mete.CallOptions] = None,
    ) -> None:
        self.rule = rule
        #: The verdict that broke the rule.
        self.broken_by: Optional[mete.Verdict] = None
        #: The server's word for why it gave no more verdicts, "budget"; None if it gave all that were wanted.
        self.finish: Optional[str] = None
        self.bill: Optional[mete.Bill] = None
        self.held = Held()
        self._pieces = pieces
        self._ahead = 1
        self._is_over = False
        self._changed = threading.Condition()
        self._client = client
        self._model = _model_with(client, model, rule.label)
        self._window = window
        self._options = options

    def __iter__(self) -> Iterator[str]:
        stream = self._client.classify_stream(
            self._read(), model=self._model, text=True, window=self._window, options=self._options
        )
        try:
            # Leaving the block cancels what still runs, and waits for the bill.
            with stream:
                for verdict in stream:
                    if self.rule.is_broken_by(verdict):
                        self.broken_by = verdict
                        # First of all, and without waiting: an input that ends would make one more word certain.
                        stream.cancel()
                        self._stop()
                        break
                    yield from self._judge(verdict)
        finally:
            self._stop()
            self.bill, self.finish = stream.bill, stream.finish
        if self.broken_by is None and self.finish is None:
            while self.held.pieces:
                yield self.held.pieces.popleft()[0]

    def _judge(self, verdict: mete.Verdict) -> List[str]:
        """The pieces that a verdict lets pass."""
        with self._changed:
            self.held.judge(verdict.text or "")
            self._changed.notify_all()
            return [] if self.rule.run else self.held.take()

    def _read(self) -> Iterator[str]:
        """What the daemon is sent. A thread of the client runs this."""
        try:
            for piece in self._pieces:
                with self._changed:
                    if self._is_over:
                        return
                    self.held.add(piece)
                yield piece
                with self._changed:
                    if not self._changed.wait_for(self._may_read, PATIENCE):
                        self._ahead += 1
        except Exception:
            # A source that was closed while it was read may say so in any way.
            if not self._is_over:
                raise
        finally:
            if self._is_over:
                self._close()

    def _may_read(self) -> bool:
        return self._is_over or self.held.words_unjudged <= self._ahead

    def _stop(self) -> None:
        """Reads no more, and closes the upstream at once."""
        with self._changed:
            was_over, self._is_over = self._is_over, True
            self._changed.notify_all()
        if not was_over:
            self._close()

    def _close(self) -> None:
        close = getattr(self._pieces, "close", None)
        if close:
            try:
                close()
            except ValueError:
                pass  # a generator that runs: the thread that reads it closes it at its next piece


def _model_with(client: mete.Client, name: Optional[str], label: str) -> str:
    """The model of that name, or the first that classifies streams. A rule on a label that it has not would never be broken."""
    able = [model for model in client.models() if "ClassifyStream" in model.methods and name in (None, model.name)]
    if not able:
        raise LookupError("no model here classifies streams" if name is None else f"{name} does not classify streams")
    if label not in able[0].labels:
        raise LookupError(f"{able[0].name} has no label {label!r}; it has {', '.join(able[0].labels)}")
    return able[0].name


class Chat:
    """The answer of an OpenAI-style chat endpoint, piece by piece. Any thread may close it. Raises OSError and HTTPException."""

    def __init__(self, url: str, prompt: str, model: str = "default", timeout: float = 60.0) -> None:
        target = urllib.parse.urlsplit(url)
        kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(target.hostname or "", target.port, timeout=timeout)
        self._connection.connect()
        # Kept beside the connection, which forgets it once the answer says that it ends with the connection.
        self._socket: socket.socket = self._connection.sock
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": prompt}]}
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if "UPSTREAM_KEY" in os.environ:
            headers["Authorization"] = f"Bearer {os.environ['UPSTREAM_KEY']}"
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        self._connection.request("POST", path, json.dumps(body), headers)
        self._response = self._connection.getresponse()
        if self._response.status != 200:
            raise OSError(f"{url}: {self._response.status} {self._response.reason}: {self._response.read(500)!r}")

    def __iter__(self) -> Iterator[str]:
        with contextlib.closing(self._connection), contextlib.closing(self._response):
            for line in self._response:
                name, _, value = line.decode("utf-8", "replace").partition(":")
                if name != "data":
                    continue
                if value.strip() == "[DONE]":
                    return
                event = json.loads(value)
                if "error" in event:
                    raise OSError(f"the upstream failed: {event['error']}")
                for choice in event.get("choices", [])[:1]:
                    text = (choice.get("delta") or {}).get("content")
                    if text:
                        yield text

    def close(self) -> None:
        """Hangs up, also on a read that waits."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed already


def words_of(source: Any) -> Iterator[str]:
    """The text of an unbuffered file as it comes, cut before words, so that they pass one by one."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for some in iter(lambda: source.read(65_536), b""):
        yield from re.findall(r"\s*\S+|\s+", decoder.decode(some))
    yield from filter(None, [decoder.decode(b"", final=True)])


def report(guard: Guard, passed: int) -> None:
    """Says where it stopped and why, and what it cost."""
    rule, verdict = guard.rule, guard.broken_by
    if verdict:
        said = f"P({rule.label}) = {rule.probability:.3f}, above {rule.above} for {rule.tokens} tokens in a row"
        print(f"stopped at token {verdict.position}, {verdict.text!r}: {said}", file=sys.stderr)
    elif guard.finish:
        print(f"stopped without a verdict on the rest: {guard.finish}", file=sys.stderr)
    print(f"{passed} pieces passed, {len(guard.held.pieces)} were held back", file=sys.stderr)
    bill = guard.bill or mete.Bill()
    dense = f"the whole model would have spent {bill.macs_dense:,}"
    print(f"{bill.tokens_in} tokens, {bill.macs_total:,} multiply-accumulates; {dense}", file=sys.stderr)


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description="guards a stream of text")
    parser.add_argument("--socket", default="unix:/run/mete/mete.sock", help="of the daemon: unix:PATH or tcp:HOST:PORT")
    parser.add_argument("--model", help="default: the first that classifies streams")
    parser.add_argument("--label", required=True, help="what must not be said")
    parser.add_argument("--above", type=float, default=0.9, help="its probability that is too much")
    parser.add_argument("--tokens", type=int, default=1, help="for so many tokens in a row")
    parser.add_argument("--window", type=int, help="tokens that an encoder's verdict reads; default: 64")
    parser.add_argument("--effort", type=float, help="how much of the model may run, 0 to 1; default: all of it")
    parser.add_argument("--url", help="an OpenAI-style chat-completions endpoint; default: standard input")
    parser.add_argument("--prompt", default="", help="what the endpoint is asked")
    parser.add_argument("--upstream-model", default="default", help="which of its models")
    asked = parser.parse_args()
    passed = 0
    try:
        with mete.connect(asked.socket) as client:
            pieces: Any = Chat(asked.url, asked.prompt, asked.upstream_model) if asked.url else words_of(open(0, "rb", buffering=0))
            rule = Rule(asked.label, asked.above, asked.tokens)
            guard = Guard(client, pieces, rule, asked.model, asked.window, mete.CallOptions(effort=asked.effort))
            for piece in guard:
                print(piece, end="", flush=True)
                passed += 1
            print(flush=True)
            report(guard, passed)
    except KeyboardInterrupt:
        return 130
    except (mete.MeteError, http.client.HTTPException, OSError, LookupError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if guard.broken_by is None and guard.finish is None else 3


if __name__ == "__main__":
    sys.exit(main())
