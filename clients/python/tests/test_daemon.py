"""The live daemon, with the models `smollm2`, `minilm` and `weather` (Tests/Fixtures/models/bert-classifier).

METE_ADDRESS=unix:/path pytest tests/test_daemon.py
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import uuid
from typing import Iterator

import pytest

import mete
from examples.guard import Chat, Guard, Rule
from mete import AsyncClient, CallOptions, MeteError, Status, Watch

from .chat_upstream import ChatUpstream

ADDRESS = os.environ.get("METE_ADDRESS", "")
pytestmark = pytest.mark.skipif(not ADDRESS, reason="METE_ADDRESS is not set")
PROMPT = "The capital of France is"
WEATHER = ["rain", " and", " storm", ", a calm", " sea", " a", " calm", "\n\U0001f600", " calm", " sea", " storms", ", calm"]


@pytest.fixture
def client() -> Iterator[mete.Client]:
    """A connection to the daemon."""
    with mete.connect(ADDRESS) as connected:
        yield connected


def check(bill: object) -> mete.Bill:
    """A bill that adds up."""
    assert isinstance(bill, mete.Bill)
    assert bill.macs_total == sum(bill.macs.values())
    assert bill.total_us >= 0 and bill.tenant and len(bill.call) == 16
    return bill


def test_generate_is_greedy_and_repeatable(client: mete.Client) -> None:
    stream = client.generate(PROMPT, model="smollm2", max_tokens=12)
    tokens = list(stream)
    assert 1 <= len(tokens) <= 12
    assert all(token.logprob <= 1e-6 for token in tokens)
    bill = check(stream.bill)
    assert bill.tokens_out == len(tokens) and bill.macs_total > 0 and bill.method == "Generate"
    assert stream.finish in ("length", "stop")
    again = client.generate(PROMPT, model="smollm2", max_tokens=12)
    assert [token.id for token in again] == [token.id for token in tokens]


def test_generate_in_pieces_equals_the_whole(client: mete.Client) -> None:
    whole = client.generate(PROMPT, model="smollm2", max_tokens=8).text()
    raw = PROMPT.encode()
    pieces = [raw[i : i + 3] for i in range(0, len(raw), 3)]
    assert client.generate(pieces, model="smollm2", max_tokens=8).text() == whole
    assert client.generate(iter(pieces), model="smollm2", max_tokens=8).text() == whole


def test_chat_answers(client: mete.Client) -> None:
    assert client.generate("Say hello.", model="smollm2", max_tokens=16, chat=True).text().strip()


def test_a_closed_generation_is_billed(client: mete.Client) -> None:
    with client.generate(PROMPT, model="smollm2", max_tokens=500, ignore_eos=True) as stream:
        next(stream)
    bill = check(stream.bill)
    assert bill.status == Status.CANCELLED and 1 <= bill.tokens_out < 500


def test_a_deadline_is_billed(client: mete.Client) -> None:
    with pytest.raises(MeteError) as caught:
        client.generate(PROMPT, model="smollm2", max_tokens=2_000, ignore_eos=True, deadline=0.2).text()
    assert caught.value.status == Status.DEADLINE_EXCEEDED
    check(caught.value.bill)


def test_predict_gives_one_prediction_for_each_token(client: mete.Client) -> None:
    ids = client.tokenize(PROMPT, model="smollm2")
    stream = client.predict([PROMPT[:7], PROMPT[7:]], model="smollm2", top_k=3)
    predictions = list(stream)
    assert [p.id for p in predictions] == ids
    assert [p.position for p in predictions] == list(range(len(ids)))
    for prediction in predictions:
        logprobs = [candidate.logprob for candidate in prediction.candidates]
        assert len(logprobs) == 3 and logprobs == sorted(logprobs, reverse=True)
    check(stream.bill)


def test_embeddings_are_unit_vectors_that_know_likeness(client: mete.Client) -> None:
    vectors = client.embed(["a cat sat", "a kitten was sitting", "quarterly tax forms"], model="minilm")
    assert [len(vector) for vector in vectors] == [384] * 3
    for vector in vectors:
        assert math.isclose(sum(x * x for x in vector), 1, rel_tol=1e-4)
    first, near, far = vectors
    assert sum(a * b for a, b in zip(first, near)) > sum(a * b for a, b in zip(first, far))
    check(vectors.bill)


def test_models_that_cannot_are_refused(client: mete.Client) -> None:
    for call in (
        lambda: client.classify(["x"], model="minilm"),
        lambda: client.embed(["x"], model="smollm2"),
        lambda: client.generate("x", model="minilm").text(),
    ):
        with pytest.raises(MeteError) as caught:
            call()
        assert (caught.value.status, caught.value.detail) == (Status.FAILED_PRECONDITION, "unsuitable_model")
        check(caught.value.bill)
    with pytest.raises(MeteError) as caught:
        client.generate("x", model="nobody").text()
    assert caught.value.detail == "unknown_model"


def test_a_wrong_parameter_is_named(client: mete.Client) -> None:
    with pytest.raises(MeteError) as caught:
        client.generate("x", model="smollm2", top_p=7.0).text()
    assert caught.value.detail == "bad_option" and "top_p" in caught.value.text


def test_verdicts_are_classifications_of_what_came_so_far(client: mete.Client) -> None:
    text = "rain, a calm sea"
    ids = client.tokenize(text, model="weather", special=False)
    stream = client.classify_stream([text[:3], text[3:]], model="weather", window=32, text=True)
    verdicts = list(stream)
    assert [verdict.token for verdict in verdicts] == ids and "".join(str(verdict.text) for verdict in verdicts) == text
    assert [verdict.position for verdict in verdicts] == list(range(len(ids)))
    (whole,) = client.classify([text], model="weather")
    for mine, label in zip(verdicts[-1].scores, whole):
        assert mine.name == label.name and math.isclose(mine.score, label.score, abs_tol=1e-5)
    bill = check(stream.bill)
    assert verdicts[-1].macs == bill.macs_total and verdicts[-1].macs_dense == bill.macs_dense
    assert all(before.macs < after.macs for before, after in zip(verdicts, verdicts[1:]))


def test_a_watch_tells_of_few_tokens(client: mete.Client) -> None:
    text = "".join(WEATHER)
    every = list(client.classify_stream(text, model="weather", window=32))
    above = sorted(verdict.confidence for verdict in every)[len(every) // 2]
    label = every[-1].label
    runs = [position for position, verdict in enumerate(every) if verdict.label == label and verdict.confidence > above]
    stream = client.classify_stream(text, model="weather", window=32, watch=Watch(label, above, end=True))
    (told,) = stream
    assert told.position == runs[0] and stream.finish == "watch"


def test_budgets_are_kept(client: mete.Client) -> None:
    def asked(macs: int) -> CallOptions:
        return CallOptions(macs_max=macs)

    with pytest.raises(MeteError) as caught:
        list(client.classify_stream("rain and storm", model="weather", window=32, options=asked(1)))
    least = caught.value.least_macs
    assert caught.value.detail == "budget_too_small" and least and check(caught.value.bill).macs_total == 0
    stream = client.classify_stream("rain and storm", model="weather", window=32, options=asked(3 * least))
    assert len(list(stream)) >= 1 and stream.finish == "budget" and 0 < check(stream.bill).macs_total <= 3 * least
    answer = client.classify(["rain"] * 50, model="weather", options=asked(20 * least))
    assert 1 <= len(answer) < 50 and answer.finish == "budget" and check(answer.bill).macs_total <= 20 * least


def test_the_guard_closes_its_upstream_within_a_token_of_the_verdict(client: mete.Client) -> None:
    verdicts = list(client.classify_stream("".join(WEATHER), model="weather", window=32, text=True))
    scores = [{score.name: score.score for score in verdict.scores} for verdict in verdicts]
    # A rule that is broken in the middle: by a token after which a label is likelier than ever before.
    rule, worst = next(
        (Rule(label, above), position)
        for position in range(3, len(scores))
        for label in scores[0]
        if scores[position][label] > (above := max(score[label] for score in scores[:position]))
    )
    ends = [len(client.tokenize("".join(WEATHER[: i + 1]), "weather", special=False)) for i in range(len(WEATHER))]
    piece = next(i for i, end in enumerate(ends) if end > worst)
    assert piece + 2 < len(WEATHER)
    with ChatUpstream(WEATHER, pause=0.02) as upstream:
        upstream.pauses = {WEATHER[piece + 2]: 5.0}
        guard = Guard(client, Chat(upstream.url, "How is it?"), rule, model="weather", window=32)
        passed = list(guard)
        # What follows a token in its own piece may make it certain, or the next piece does.
        assert upstream.was_closed.wait(5) and piece + 1 <= upstream.sent <= piece + 2
    assert passed == WEATHER[:piece] and guard.broken_by and guard.broken_by.position == worst
    check(guard.bill)


def test_the_guard_passes_on_what_breaks_no_rule(client: mete.Client) -> None:
    with ChatUpstream(WEATHER) as upstream:
        guard = Guard(client, Chat(upstream.url, ""), Rule("calm", 1.0), model="weather", window=32)
        assert list(guard) == WEATHER and guard.broken_by is None


def test_tokenize_is_the_same_in_any_pieces(client: mete.Client) -> None:
    text = "Na\u00efve caf\u00e9s \U0001f469\u200d\U0001f680 in 2024!"
    raw = text.encode()
    whole = client.tokenize(text, model="smollm2")
    assert len(whole) > 5
    for step in (1, 2, 3, 7):
        assert client.tokenize([raw[i : i + step] for i in range(0, len(raw), step)], model="smollm2") == whole


def test_models_health_reflect_and_ping(client: mete.Client) -> None:
    models = {model.name: model for model in client.models()}
    assert {"smollm2", "minilm"} <= set(models)
    # What happened since the start is only told of one model.
    told = dataclasses.replace(client.describe("smollm2"), checks={}, deadlines={})
    assert told == models["smollm2"]
    assert "Generate" in models["smollm2"].methods and "Embed" in models["minilm"].methods
    assert client.health() == "SERVING"
    with client.watch_health("smollm2") as watch:
        assert next(watch) == "SERVING"
    assert watch.bill and watch.bill.status == 1
    with pytest.raises(MeteError) as caught:
        next(client.watch_health("nobody"))
    assert caught.value.detail == "unknown_model"
    reflection = client.reflect()
    assert reflection.methods["Generate"]["params"]["max_tokens"]["default"] == 128
    assert reflection.details["queue_full"]["retry"] == "later" and "deadline_ms" in reflection.options
    assert client.ping() > 0
    assert client.echo(["a", b"\xff", [1, 2]] * 500) == ["a", b"\xff", [1, 2]] * 500


def test_a_bill_can_be_asked_for_later(client: mete.Client) -> None:
    call = uuid.uuid4().bytes
    billed = client.embed(["hello"], model="minilm", options=CallOptions(call=call)).bill
    assert client.usage_bill(call) == billed
    with pytest.raises(MeteError) as caught:
        client.usage_bill(uuid.uuid4().bytes)
    assert caught.value.detail == "unknown_call"
    with pytest.raises(MeteError) as caught:
        client.embed(["hello"], model="minilm", options=CallOptions(call=call))
    assert caught.value.detail == "call_in_use"


def test_a_lost_connections_bill_can_be_asked_for() -> None:
    call = uuid.uuid4().bytes
    lost = mete.connect(ADDRESS)
    stream = lost.generate(PROMPT, model="smollm2", max_tokens=500, ignore_eos=True, options=CallOptions(call=call))
    next(stream)
    lost.close()
    with mete.connect(ADDRESS) as again:
        assert check(again.usage_bill(call)).tokens_out >= 1


def test_the_asyncio_client_agrees_with_the_sync_one(client: mete.Client) -> None:
    text = client.generate(PROMPT, model="smollm2", max_tokens=8).text()
    vectors = client.embed(["one", "two"], model="minilm")

    async def work() -> None:
        async with AsyncClient(ADDRESS) as other:
            streams = [await other.generate(PROMPT, model="smollm2", max_tokens=8) for _ in range(4)]
            assert set(await asyncio.gather(*[stream.text() for stream in streams])) == {text}
            for stream in streams:
                check(stream.bill)
            again = await other.embed(["one", "two"], model="minilm")
            for old, new in zip(vectors, again):
                assert all(math.isclose(a, b, abs_tol=1e-5) for a, b in zip(old, new))
            assert await other.tokenize(PROMPT, model="smollm2") == client.tokenize(PROMPT, model="smollm2")
            assert await other.health() == "SERVING"
            predictions = [p async for p in await other.predict([PROMPT], model="smollm2")]
            assert predictions
            cancelled = await other.generate(PROMPT, model="smollm2", max_tokens=500, ignore_eos=True)
            await cancelled.__anext__()
            await cancelled.aclose()
            assert check(cancelled.bill).status == Status.CANCELLED

    asyncio.run(work())


def example(name: str, *arguments: str) -> "subprocess.Popen[str]":
    """A program of examples/ that talks to the daemon through pipes."""
    program = pathlib.Path(__file__).resolve().parents[1] / "examples" / name
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, program, ADDRESS, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def test_the_csv_example_embeds_a_column_in_order(client: mete.Client) -> None:
    table = 'id,title\n1,"a cat, sat"\n2,forms\n3,rain\n'
    run = example("embed_csv.py", "-", "--column", "title", "--model", "minilm", "--batch", "2")
    out, err = run.communicate(table, timeout=50)
    assert run.returncode == 0, err
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["text"] for row in rows] == ["a cat, sat", "forms", "rain"]
    for row, vector in zip(rows, client.embed(["a cat, sat", "forms", "rain"], model="minilm")):
        assert all(math.isclose(a, b, abs_tol=1e-5) for a, b in zip(row["vector"], vector))
    assert "] 3/3\n3 texts, " in err
    wrong = example("embed_csv.py", "-", "--column", "author")
    assert "there are id, title" in wrong.communicate(table, timeout=50)[1] and wrong.returncode == 1


def test_the_log_example_is_surprised_by_what_is_new() -> None:
    log = "job 12 finished without errors\n" * 8 + "\nkernel: purple elephant overflow\njob 12 finished without errors"
    run = example("tail_log.py", "-", "--model", "smollm2")
    out, err = run.communicate(log, timeout=50)
    assert run.returncode == 0 and "multiply-accumulates" in err, err
    lines = out.splitlines()
    assert len(lines) == 11 and [line.endswith("errors") for line in lines].count(True) == 9
    means = [float(line.split()[0]) for line in lines]
    assert max(means) == means[9] and "!" in lines[9] and "!" not in lines[7]


def test_the_log_example_goes_on_when_a_context_is_full() -> None:
    log = "".join(f"line {number} says nothing new\n" for number in range(12))
    run = example("tail_log.py", "-", "--model", "smollm2", "--context", "30")
    out, err = run.communicate(log, timeout=50)
    assert [int(line.split()[-4]) for line in out.splitlines()] == list(range(12)), err
    assert len(err.splitlines()) >= 3


def test_the_chat_example_answers_and_bills() -> None:
    run = example("chat.py", "--model", "smollm2", "--max-tokens", "8")
    out, err = run.communicate("Say hello.\n\nAnd again.\n", timeout=50)
    assert run.returncode == 0 and len(out.strip()) > 5, err
    assert err.count("tokens in, ") == 2


def test_the_chat_example_shows_the_bill_of_a_cancelled_answer() -> None:
    run = example("chat.py", "--model", "smollm2", "--max-tokens", "1000", "--system", "Write very long stories.")
    assert run.stdin and run.stdout
    run.stdin.write("Tell me the story of a lighthouse, in a thousand words.\n")
    run.stdin.flush()
    assert run.stdout.read(1)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=50)
    assert "[cancelled]" in out and "tokens in, " in err and run.returncode == 0
