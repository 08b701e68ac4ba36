"""The guard of examples/: what passes, when the upstream is closed, and that nothing passes without a verdict.

The probe server's label is `long`, with a twentieth for each letter of a word; a word is certain when the next one begins.
"""

from __future__ import annotations

import pathlib
import random
import sys
import threading
from typing import Any, Iterable, Iterator, List, Optional

import pytest

import mete
from examples import guard as example
from examples.guard import Chat, Guard, Held, Rule
from mete import CallOptions, MeteError

from .chat_upstream import ChatUpstream
from .probe_server import ProbeServer

CALM = ["We", " sat", " by", " the", " sea", " and"]
RUDE = " unfortunately"
WORDS = CALM + [RUDE] + [" it", " was", " too", " cold", " to", " swim", " that", " day"]


def guarded(
    server: ProbeServer, pieces: Iterable[str], rule: Optional[Rule] = None, options: Optional[CallOptions] = None
) -> Any:
    """The pieces that passed, and the guard."""
    with mete.connect(server.address) as client:
        guard = Guard(client, pieces, rule or Rule("long", 0.5), options=options)
        return list(guard), guard


@pytest.mark.parametrize("is_chunked", [True, False])
def test_the_upstream_is_closed_within_a_token_of_the_verdict(unix_server: ProbeServer, is_chunked: bool) -> None:
    with ChatUpstream(WORDS, pause=0.03, is_chunked=is_chunked) as upstream:
        # Time for the verdict also where other tests keep the machine busy; the upstream would go on after it.
        upstream.pauses = {WORDS[len(CALM) + 2]: 5.0}
        passed, guard = guarded(unix_server, Chat(upstream.url, "How was it?"))
        assert upstream.was_closed.wait(5)
        # The word that breaks the rule is certain when the next one is there; not one more was said.
        assert upstream.sent == len(CALM) + 2
    assert passed == CALM
    assert guard.broken_by.position == len(CALM) and guard.broken_by.text == RUDE
    assert guard.bill and guard.bill.tokens_out == len(CALM) + 1 and len(guard.held.pieces) == 2
    assert upstream.asked and upstream.asked["messages"] == [{"role": "user", "content": "How was it?"}]


def test_an_upstream_without_end_and_without_pause_is_read_no_further(unix_server: ProbeServer) -> None:
    pulled: List[str] = []
    closed = threading.Event()

    def endless() -> Iterator[str]:
        try:
            for word in WORDS:
                pulled.append(word)
                yield word
            while True:
                yield " more"
        finally:
            closed.set()

    passed, guard = guarded(unix_server, endless())
    assert closed.wait(5)
    assert pulled == WORDS[: len(CALM) + 2] and passed == CALM and guard.broken_by


def test_a_generator_that_cannot_be_closed_yet_is_closed_at_its_next_piece(unix_server: ProbeServer) -> None:
    resumed, closed = threading.Event(), threading.Event()

    def slow() -> Iterator[str]:
        try:
            # The space makes the word certain, and the next one is waited for in here.
            yield from [*CALM, RUDE + " "]
            resumed.wait(50)
            yield " was"
            raise AssertionError("it was read on")
        finally:
            closed.set()

    passed, guard = guarded(unix_server, slow())
    assert passed == CALM and guard.broken_by
    resumed.set()
    assert closed.wait(5)


def test_an_upstream_that_says_nothing_more_is_hung_up_on(unix_server: ProbeServer) -> None:
    with ChatUpstream([*CALM, RUDE, " it", " never comes"], pause=0.02) as upstream:
        upstream.pauses = {" never comes": 50.0}
        passed, guard = guarded(unix_server, Chat(upstream.url, ""))
        assert upstream.was_closed.wait(5) and passed == CALM and guard.broken_by


def test_what_breaks_no_rule_passes_as_it_came(unix_server: ProbeServer) -> None:
    with ChatUpstream(WORDS) as upstream:
        passed, guard = guarded(unix_server, Chat(upstream.url, ""), Rule("long", 0.7))
        assert passed == WORDS and guard.broken_by is None and guard.finish is None
        assert not upstream.was_closed.is_set() and upstream.sent == len(WORDS)


def test_odd_text_passes_as_it_came_however_it_is_cut(unix_server: ProbeServer) -> None:
    text = " \n\tNa\u00efve CAFE\u0301 \U0001f469\u200d\U0001f680\U0001f92c stra\u00dfe \ufb01ne \u039f\u0394\u039f\u03a3 \u4f60\u597d\uff01\r\n\r\n - \ufffd x "
    for seed in range(30):
        dice = random.Random(seed)
        cuts = sorted(dice.sample(range(1, len(text)), 12))
        pieces = [text[i:j] for i, j in zip([0, *cuts], [*cuts, len(text)])]
        passed, _ = guarded(unix_server, [*pieces, ""], Rule("long", 0.99))
        assert passed == [*pieces, ""]


def test_a_run_is_held_back_from_its_first_token_on(unix_server: ProbeServer) -> None:
    words = ["a", RUDE, " a", RUDE, " b", RUDE, RUDE, " c"]
    passed, guard = guarded(unix_server, iter(words), Rule("long", 0.5, tokens=2))
    assert passed == words[:5] and guard.broken_by.position == 6
    passed, guard = guarded(unix_server, iter(words[:6]), Rule("long", 0.5, tokens=2))
    assert passed == words[:6] and guard.broken_by is None


def test_a_spent_budget_lets_nothing_pass_that_was_not_judged(unix_server: ProbeServer) -> None:
    passed, guard = guarded(unix_server, iter(WORDS), Rule("long", 0.9), CallOptions(macs_max=4))
    assert passed == WORDS[:4] and guard.finish == "budget" and guard.broken_by is None


def test_a_daemon_that_is_gone_lets_nothing_more_pass(unix_server: ProbeServer) -> None:
    closed = threading.Event()

    def source() -> Iterator[str]:
        try:
            yield from CALM
            unix_server.drop()
            yield " so"
            yield " on"
        finally:
            closed.set()

    passed: List[str] = []
    with mete.connect(unix_server.address) as client:
        with pytest.raises(MeteError):
            for piece in Guard(client, source(), Rule("long", 0.5)):
                passed.append(piece)
    assert passed == CALM[: len(passed)] and len(passed) < len(CALM) and closed.wait(5)


def test_a_reader_who_leaves_closes_the_upstream(unix_server: ProbeServer) -> None:
    with ChatUpstream(WORDS, pause=0.05) as upstream, mete.connect(unix_server.address) as client:
        pieces = iter(Guard(client, Chat(upstream.url, ""), Rule("long", 0.99)))
        assert next(pieces) == WORDS[0]
        pieces.close()  # type: ignore[attr-defined]
        assert upstream.was_closed.wait(5) and upstream.sent < len(WORDS)


def test_an_upstream_that_fails_fails_the_guard(unix_server: ProbeServer) -> None:
    def torn() -> Iterator[str]:
        yield "a"
        raise OSError("reset")

    with pytest.raises(OSError, match="reset"):
        guarded(unix_server, torn())


def test_a_rule_on_an_unknown_label_is_refused(unix_server: ProbeServer) -> None:
    with pytest.raises(LookupError, match="no label 'rude'; it has short, long"):
        guarded(unix_server, [], Rule("rude", 0.5))
    with mete.connect(unix_server.address) as client, pytest.raises(LookupError, match="nobody does not classify"):
        Guard(client, [], Rule("long", 0.5), model="nobody")


def test_a_token_without_text_holds_its_word_back_until_another_is_found() -> None:
    held = Held()
    for piece in ("so ", "\U0001f92cbanana ", "a ", "dog ", "ran"):
        held.add(piece)
    held.judge("so")
    assert held.take() == ["so "] and held.words_unjudged == 4
    held.judge("")
    assert held.take() == [] and held.words_unjudged == 3
    # The first `a` stands in the unknown word: not far enough, and never too far.
    held.judge(" a")
    assert held.take() == []
    held.judge(" dog")
    assert held.take() == ["\U0001f92cbanana ", "a ", "dog "] and held.words_unjudged == 1


@pytest.mark.parametrize("above,status", [("0.5", 3), ("0.9", 0)])
def test_the_program_says_what_passed_why_it_stopped_and_what_it_cost(
    unix_server: ProbeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], above: str, status: int
) -> None:
    with ChatUpstream(WORDS, pause=0.02) as upstream:
        arguments = ["--socket", unix_server.address, "--label", "long", "--above", above, "--url", upstream.url, "--prompt", "How?"]
        monkeypatch.setattr(sys, "argv", ["guard.py", *arguments])
        assert example.main() == status
    out, err = capsys.readouterr()
    assert out == "".join(CALM if status else WORDS) + "\n"
    assert ("stopped at token 6" in err) == ("P(long) = 0.650, above 0.5 for 1 tokens" in err) == bool(status)
    assert "pieces passed" in err and "multiply-accumulates; the whole model would have spent" in err


def test_standard_input_is_cut_before_words(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "text"
    file.write_bytes("  Caf\u00e9 au\n lait \xff".encode() + b"\xc3")
    with open(file, "rb", buffering=0) as source:
        assert list(example.words_of(source)) == ["  Caf\u00e9", " au", "\n lait", " \xff", "\ufffd"]
