"""The scenarios that all clients share, against a live daemon; scripts/test_python.sh runs them over both kinds of socket."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import shlex
import signal
import subprocess
import time
import uuid
from typing import Any, Dict, Iterator, List, Optional

import pytest

from mete import Bill, CallOptions, Limits, MeteError, Retry

from .scenario_parties import PARTIES, PATIENCE, Feeding
from .scenario_values import Outcome, check, check_bill, only, value
from .tagged import same

CONTROL = os.environ.get("METE_CONTROL", "")
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "conformance/scenarios"
PAGES = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("[0-9]*.json"))]
SCENARIOS = [scenario for page in PAGES for scenario in page["scenarios"]]
CALL = {"client", "method", "model", "params", "deadline_ms", "id", "metadata", "metadata_count", "effort", "macs_max", "cost_max"}
pytestmark = pytest.mark.skipif(not CONTROL, reason="METE_CONTROL is not set: scripts/test_python.sh does")


def control(*words: str) -> None:
    """Has something done to the daemon."""
    done = subprocess.run([*shlex.split(CONTROL), *words], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


class Stage:
    """Where one scenario plays: its clients, its calls and what has come of them."""

    def __init__(self, kind: str) -> None:
        self.party = PARTIES[kind]
        self.clients: Dict[str, Any] = {}
        self.streams: Dict[str, Any] = {}
        self.owners: Dict[str, Any] = {}
        self.feeds: Dict[str, Feeding] = {}
        self.outcomes: Dict[str, Outcome] = {}
        self.ids: Dict[str, bytes] = {}
        self.do_client({"name": "main"})

    def play(self, steps: List[Dict[str, Any]]) -> None:
        for step in steps:
            ((verb, content),) = step.items()
            getattr(self, f"do_{verb}")(content)

    def end(self) -> None:
        for client in self.clients.values():
            client.close()

    def do_client(self, step: Dict[str, Any]) -> None:
        only(step, {"name", "over", "limits", "attempts"})
        address = os.environ["METE_OTHER_ADDRESS" if step.get("over") == "other" else "METE_ADDRESS"]
        retry = Retry(attempts=step["attempts"], base=0.05, most=0.5) if "attempts" in step else Retry()
        self.clients[step["name"]] = self.party(address, Limits(**step.get("limits", {})), retry)

    def do_close(self, name: str) -> None:
        self.clients.pop(name).close()

    def do_control(self, word: str) -> None:
        control(word)

    def client(self, step: Dict[str, Any]) -> Any:
        return self.clients[step.get("client", "main")]

    def begin(self, step: Dict[str, Any], messages: Optional[List[Any]] = None) -> Any:
        """Opens the call that a step describes."""
        metadata = {key: value(item) for key, item in step.get("metadata", {}).items()}
        metadata.update({f"key-{number}": "x" for number in range(step.get("metadata_count", 0))})
        options = CallOptions(
            call=self.ids.setdefault(step["id"], uuid.uuid4().bytes) if "id" in step else None,
            effort=step.get("effort"), macs_max=step.get("macs_max"), cost_max=step.get("cost_max"), metadata=metadata,
        )  # fmt: skip
        params = {key: value(item) for key, item in step["params"].items()} if "params" in step else None
        deadline = step["deadline_ms"] / 1000 if "deadline_ms" in step else None
        return self.client(step).open(
            step["method"], model=step.get("model"), params=params, messages=messages, deadline=deadline, options=options
        )

    def do_open(self, step: Dict[str, Any]) -> None:
        only(step, CALL | {"call"})
        name = step["call"]
        self.streams[name], self.owners[name] = self.begin(step), self.client(step)
        self.outcomes[name] = Outcome(id=self.ids.get(step.get("id", "")))

    def do_send(self, step: Dict[str, Any]) -> None:
        only(step, {"call", "message", "numbers_of"})
        name = step["call"]
        message = self.outcomes[step["numbers_of"]].numbers() if "numbers_of" in step else value(step["message"])
        assert self.owners[name].send(self.streams[name], message)

    def do_unsendable(self, step: Dict[str, Any]) -> None:
        only(step, {"call", "message"})
        name = step["call"]
        try:
            assert not self.owners[name].send(self.streams[name], value(step["message"]))
        except MeteError as error:
            assert error.detail == "message_too_large", error

    def do_feed(self, step: Dict[str, Any]) -> None:
        only(step, {"call", "message", "times"})
        name = step["call"]
        messages = [value(step["message"])] * step["times"]
        self.feeds[name] = self.owners[name].feed(self.streams[name], messages)

    def do_feeding(self, name: str) -> None:
        assert not self.feeds[name].is_done(), "nothing held the sender back"

    def do_half_close(self, name: str) -> None:
        self.owners[name].half_close(self.streams[name])

    def do_cancel(self, name: str) -> None:
        self.owners[name].cancel(self.streams[name])

    def do_read(self, step: Dict[str, Any]) -> None:
        only(step, {"call", "count", "messages", "like"})
        name = step["call"]
        wanted = [value(message) for message in step.get("messages", [])]
        found = []
        for _ in range(step.get("count", len(wanted))):
            message = self.owners[name].next(self.streams[name])
            assert message is not None, "the call ended"
            found += message
        assert same(found, wanted) or not wanted
        self.outcomes[name].messages += found

    def do_finish(self, step: Dict[str, Any]) -> None:
        name = step["call"]
        outcome = self.outcomes[name]
        self.exhaust(self.owners[name], self.streams[name], outcome)
        check({key: item for key, item in step.items() if key != "call"}, outcome, self.outcomes)

    def exhaust(self, owner: Any, stream: Any, outcome: Outcome) -> None:
        """Reads a call to its end."""
        try:
            while (message := owner.next(stream)) is not None:
                outcome.messages += message
        except MeteError as error:
            outcome.error = error
        outcome.bill = outcome.error.bill if outcome.error else stream.bill
        outcome.metadata = stream.metadata

    def ask(self, step: Dict[str, Any]) -> Outcome:
        """A whole call, which is made again where it cannot have done any work."""
        outcome = Outcome()
        try:
            stream = self.begin(step, [value(message) for message in step["messages"]])
        except MeteError as error:
            outcome.error, outcome.bill = error, error.bill
        else:
            self.exhaust(self.client(step), stream, outcome)
        return outcome

    def do_ask(self, step: Dict[str, Any]) -> None:
        expect = {key: item for key, item in step.items() if key not in CALL | {"messages"}}
        outcome = self.ask(step)
        outcome.id = self.ids.get(step.get("id", ""))
        check(expect, outcome, self.outcomes)

    def do_parallel(self, step: Dict[str, Any]) -> None:
        expect = {key: item for key, item in step.items() if key not in CALL | {"messages", "times", "some"}}
        with concurrent.futures.ThreadPoolExecutor(step["times"]) as pool:
            outcomes = list(pool.map(self.ask, [step] * step["times"]))
        refused = [outcome for outcome in outcomes if "some" in step and outcome.error]
        for outcome in refused:
            assert outcome.error and outcome.error.detail == step["some"] and outcome.error.attempts == 1, outcome.error
            check_bill({"macs_total": 0, "tokens_out": 0}, outcome)
        served = [outcome for outcome in outcomes if outcome not in refused]
        assert served and bool(refused) == ("some" in step), (len(served), len(refused))
        for outcome in served:
            check(expect, outcome, self.outcomes)

    def do_ask_bill(self, step: Dict[str, Any]) -> None:
        only(step, {"client", "id", "same_as", "status", "detail", "bill", "eventually"})
        call = self.ids.setdefault(step["id"], uuid.uuid4().bytes)
        outcome = self.bill_of(step, call)
        # The bill of a connection that was closed is there when the daemon has heard of the end.
        until = time.monotonic() + PATIENCE
        while step.get("eventually") and outcome.error and time.monotonic() < until:
            outcome = self.bill_of(step, call)
        assert (outcome.error.status if outcome.error else 0) == step.get("status", 0), outcome.error
        if outcome.error:
            assert outcome.error.detail == step["detail"], outcome.error
        elif "same_as" in step:
            assert outcome.bill == self.outcomes[step["same_as"]].bill
        else:
            assert outcome.bill and outcome.bill.call == call
            wanted = dict(step["bill"])
            assert outcome.bill.status == wanted.pop("status", 0)
            check_bill(wanted, Outcome(bill=_as_ok(outcome.bill)))

    def bill_of(self, step: Dict[str, Any], call: bytes) -> Outcome:
        try:
            return Outcome(bill=self.client(step).typed("usage_bill", call))
        except MeteError as error:
            return Outcome(error=error)

    def do_ping(self, step: Dict[str, Any]) -> None:
        assert self.client(step).typed("ping", PATIENCE) > 0

    def do_health(self, step: Dict[str, Any]) -> None:
        assert self.client(step).typed("health") == step["says"]

    def do_models(self, step: Dict[str, Any]) -> None:
        assert [model.name for model in self.client(step).typed("models")] == step["names"]

    def do_reflect(self, step: Dict[str, Any]) -> None:
        assert set(self.client(step).typed("reflect").methods) == set(step["methods"])

    def do_tokens(self, step: Dict[str, Any]) -> None:
        ids = self.client(step).typed("tokenize", step["text"], model=step["model"])
        assert ids == self.outcomes[step["numbers_of"]].numbers() != []

    def do_vectors(self, step: Dict[str, Any]) -> None:
        vectors = self.client(step).typed("embed", step["texts"], model=step["model"])
        check_bill({"tokens_out": len(step["texts"])}, Outcome(bill=vectors.bill))
        assert [len(vector) for vector in vectors] == [step["width"]] * len(step["texts"])
        pairs = [(i, j) for i in range(len(vectors)) for j in range(i)]
        nearest = max(pairs, key=lambda pair: sum(a * b for a, b in zip(vectors[pair[0]], vectors[pair[1]])))
        assert sorted(nearest) == step["nearest"]


def _as_ok(bill: Bill) -> Bill:
    """The same bill of a call that went well: who asks for it later has no END to compare its status with."""
    return Bill.from_map({**bill.to_map(), "status": 0})


@pytest.fixture
def patient_alarm() -> Iterator[None]:
    """A scenario may take longer than other tests: it waits for a model and for daemons that start."""
    signal.alarm(int(PATIENCE))
    yield
    signal.alarm(0)


@pytest.mark.parametrize("kind", PARTIES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_scenario(scenario: Dict[str, Any], kind: str, alarm: None, patient_alarm: None) -> None:
    only(scenario, {"name", "daemon", "why", "steps"})
    control("with", scenario["daemon"])
    stage = Stage(kind)
    try:
        stage.play(scenario["steps"])
    finally:
        stage.end()


def test_the_files_are_what_this_runner_reads() -> None:
    assert all(page["format"] == 1 for page in PAGES)
    assert [int(scenario["name"][:2]) for scenario in SCENARIOS] == list(range(1, len(SCENARIOS) + 1))
