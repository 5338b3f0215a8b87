"""Lines of the table of claims."""

from __future__ import annotations

from benchmarks.claims_tested.claim import Outcome, judged
from benchmarks.claims_tested.verdict import Region
from rlbatch.compare.inference import Interval

LARGER = judged("x / y", Interval(2.0, 1.5, 2.5), Region(low=1.0))
SMALLER = judged("z / y", Interval(0.5, 0.25, 0.75), Region(low=1.0), "of 8 lanes")


def test_a_claim_is_one_line_with_every_part_and_one_verdict() -> None:
    assert Outcome([LARGER, SMALLER]).row("name", "says") == [
        "says (`name`)",
        "x / y; z / y",
        "2 [1.5, 2.5]; 0.5 [0.25, 0.75] (of 8 lanes)",
        "depends",
    ]


def test_a_claim_that_nothing_can_test_says_why() -> None:
    told = Outcome(without="to come").row("name", "says")
    assert told == ["says (`name`)", "to come", "-", "not yet"]
