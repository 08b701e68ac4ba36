"""What may be tried again and when: the policy alone, and what the switchboard tells it."""

from __future__ import annotations

import random
from typing import Any, List, Optional

import pytest

from mete import Bill, MeteError, Retry, Status
from mete.requests import request
from mete.retry import FINAL, REFUSALS, Attempts, did_no_work
from mete.switchboard import Switchboard

from .raw_server import HELLO, frame

UNTAKEN = MeteError(Status.UNAVAILABLE, "connection_lost", taken=False)


def refused(detail: str, macs: Optional[int] = 0) -> MeteError:
    """A refusal with its bill, or without one."""
    return MeteError(Status.RESOURCE_EXHAUSTED, detail, "", None if macs is None else Bill(macs_total=macs))


def waits(retry: Retry, error: Exception, until: Optional[float] = None) -> List[float]:
    """How long each attempt waits on a clock that moves by these waits alone."""
    attempts = Attempts(retry, random.Random(retry.seed), until)
    now = 0.0
    made: List[float] = []
    while True:
        attempts.begin()
        wait = attempts.wait_after(error, now)
        if wait is None:
            return made
        made.append(wait)
        now += wait


@pytest.mark.parametrize("detail", sorted(REFUSALS))
def test_a_refusal_did_no_work_exactly_if_its_bill_says_so(detail: str) -> None:
    assert did_no_work(refused(detail))
    assert not did_no_work(refused(detail, macs=1))
    assert not did_no_work(refused(detail, macs=None))


@pytest.mark.parametrize("detail", ["bad_option", "deadline", "stalled", "internal", "connection_lost", "call_in_use"])
def test_other_ends_are_never_taken_for_refusals(detail: str) -> None:
    assert not did_no_work(refused(detail)) and not did_no_work(LookupError(detail))


def test_waits_double_up_to_the_most_with_jitter_downwards() -> None:
    for seed in range(100):
        made = waits(Retry(attempts=8, base=0.5, most=6.0, seed=seed), UNTAKEN)
        tops = [0.5, 1.0, 2.0, 4.0, 6.0, 6.0, 6.0]
        assert len(made) == 7 and all(top / 2 <= wait < top for wait, top in zip(made, tops))


def test_a_seed_gives_the_same_waits() -> None:
    assert waits(Retry(seed=7), UNTAKEN) == waits(Retry(seed=7), UNTAKEN) != waits(Retry(seed=8), UNTAKEN)


def test_many_attempts_overflow_nothing() -> None:
    assert max(waits(Retry(attempts=3_000, seed=1), UNTAKEN)) < 5.0


def test_one_attempt_is_none_more() -> None:
    assert waits(Retry(attempts=1), UNTAKEN) == []


@pytest.mark.parametrize("detail", sorted(FINAL))
def test_what_no_attempt_can_mend_is_final(detail: str) -> None:
    assert waits(Retry(), MeteError(Status.UNKNOWN, detail, taken=False)) == []


def test_no_wait_reaches_the_deadline() -> None:
    for seed in range(100):
        made = waits(Retry(attempts=50, base=0.3, seed=seed), UNTAKEN, until=4.0)
        assert 3 <= len(made) < 49 and sum(made) < 4.0


def told_to_wait(milliseconds: Any) -> MeteError:
    """A refusal that says when to come back."""
    metadata = {"retry_after_ms": milliseconds}
    return MeteError(Status.RESOURCE_EXHAUSTED, "queue_full", "", Bill(), metadata=metadata)


def test_no_wait_is_shorter_than_the_server_asks_for() -> None:
    for seed in range(100):
        made = waits(Retry(attempts=6, base=0.5, most=6.0, seed=seed), told_to_wait("1500"))
        assert len(made) == 5 and min(made) == 1.5 and made[4] >= 3.0
        assert made == [max(1.5, wait) for wait in waits(Retry(attempts=6, base=0.5, most=6.0, seed=seed), UNTAKEN)]
    assert waits(Retry(attempts=3, most=0.2), told_to_wait("60000")) == [60.0, 60.0]


def test_a_wait_that_the_server_asks_for_does_not_reach_the_deadline_either() -> None:
    assert waits(Retry(attempts=9, base=0.0), told_to_wait("1500"), until=4.0) == [1.5, 1.5]
    assert waits(Retry(), told_to_wait("1500"), until=1.5) == []


@pytest.mark.parametrize("wrong", ["", "-5", "1.5", "\u0661", "1" * 21, b"7", 7, None])
def test_what_is_no_number_of_milliseconds_asks_for_nothing(wrong: Any) -> None:
    assert told_to_wait(wrong).retry_after is None
    assert waits(Retry(attempts=2, base=0.0), told_to_wait(wrong)) == [0.0]


def test_nobody_waits_longer_than_a_day_because_a_server_says_so() -> None:
    assert told_to_wait("9" * 20).retry_after == 86_400


def test_a_budget_that_pays_for_nothing_is_final_and_says_what_would_do() -> None:
    error = MeteError(Status.RESOURCE_EXHAUSTED, "budget_too_small", "", Bill(), metadata={"least_macs": "32040576"})
    assert error.least_macs == 32_040_576 and error.retry_after is None
    assert waits(Retry(), error) == []


def test_a_call_that_cannot_be_repeated_is_not() -> None:
    attempts = Attempts(Retry(base=0), random.Random(1))
    attempts.begin()
    assert attempts.wait_after(UNTAKEN, 0.0) == 0
    attempts.repeatable = False
    assert attempts.wait_after(UNTAKEN, 0.0) is None


def test_an_error_says_how_many_attempts_there_were() -> None:
    attempts = Attempts(Retry(), random.Random(1))
    for _ in range(3):
        attempts.begin()
    error = attempts.told(refused("queue_full"))
    assert isinstance(error, MeteError) and error.attempts == 3 and str(error).endswith("(after 3 attempts)")


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"first": 0}, {"base": -1.0}, {"most": float("inf")}, {"base": float("nan")}])
def test_a_wrong_setting_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError):
        Retry(**wrong)


def test_a_request_carries_what_is_left_of_its_deadline() -> None:
    asked = request("Generate", str, deadline=9.0)
    assert asked.options["deadline_ms"] == 9_000
    assert asked.within(2.5).options == {"deadline_ms": 2_500} and asked.within(2.5).deadline == 2.5
    assert asked.within(0.0).options == {"deadline_ms": 0}
    assert asked.within(None) == asked


def board_with_calls(count: int) -> Any:
    """A switchboard that was greeted, and its calls."""
    board = Switchboard(lambda: 0.0)
    board.receive(HELLO)
    return board, [board.open(request("Generate", str)) for _ in range(count)]


def test_goaway_turns_away_exactly_the_calls_above_its_last_stream() -> None:
    board, (first, second, third) = board_with_calls(3)
    board.receive(frame(9, 0, 1, 14, "draining: bye"))
    assert not first.finished and second.finished and third.finished
    assert did_no_work(third.error) and third.error.detail == "draining"
    assert board.spent and not board.done
    board.receive(frame(2, 1, "x") + frame(4, 1, 0, "ok", "", {}) + frame(5, 1, {}))
    assert first.error is None and board.done
    board.receive(frame(4, 2, 14, "draining", "", {}) + frame(5, 2, {}))
    assert board.lost is None


def test_a_lost_call_was_taken_unless_its_open_was_never_written() -> None:
    board, (first,) = board_with_calls(1)
    board.wrote(len(board.take_output()))
    second = board.open(request("Generate", str))
    third = board.open(request("Generate", str))
    board.wrote(second.opened_at - first.opened_at)
    board.take_output()
    board.wrote(third.opened_at - second.opened_at - 1)
    board.lose("gone")
    assert [did_no_work(call.error) for call in (first, second, third)] == [False, False, True]


def test_a_call_that_was_cancelled_is_not_turned_away() -> None:
    board, (call,) = board_with_calls(1)
    board.cancel(call)
    board.receive(frame(9, 0, 0, 14, "draining: bye"))
    assert not call.finished
    board.receive(frame(4, 1, 1, "cancelled", "", {}) + frame(5, 1, {}))
    assert call.error.status == Status.CANCELLED
