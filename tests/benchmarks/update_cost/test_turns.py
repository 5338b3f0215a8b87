"""Calls take turns."""

from __future__ import annotations

import functools

from benchmarks.update_cost.turns import in_turns


def test_every_round_calls_all_and_every_other_backwards() -> None:
    order: list[str] = []
    calls = {name: functools.partial(order.append, name) for name in "ab"}
    told = in_turns(calls, rounds=2, seconds=0.0)
    assert {name: len(times) for name, times in told.items()} == {"a": 2, "b": 2}
    assert "".join(order[-8:]) == "aabbbbaa"  # one untimed and one timed each
