"""Which phase a lane is in, and the rows that each phase is given."""

from __future__ import annotations

from typing import Any

import pytest

from rlbatch.errors import ConfigError
from rlbatch.schedule import Phased, phase
from rlbatch.types import Signal


def test_before_updates_begin_it_is_warmup_whatever_epsilon_is(signal: Signal) -> None:
    asleep = signal._replace(learning=False)
    assert {phase(asleep._replace(exploration=e)) for e in (1.0, 0.5, 0.0)} == {"warmup"}


@pytest.mark.parametrize(
    ("exploration", "name"),
    [
        (1.0, "explore"),
        (0.91, "explore"),
        (0.89, "anneal"),
        (0.5, "anneal"),
        (0.11, "anneal"),
        (0.09, "exploit"),
        (0.0, "exploit"),
    ],
)
def test_a_tenth_of_the_way_counts_to_each_end(
    signal: Signal, exploration: float, name: str
) -> None:
    assert phase(signal._replace(exploration=exploration)) == name


def test_the_edge_is_a_share_of_the_way_not_of_epsilon(signal: Signal) -> None:
    short = signal._replace(exploration_start=0.5, exploration_end=0.3)
    names = [phase(short._replace(exploration=e), edge=0.25) for e in (0.46, 0.44, 0.36, 0.34)]
    assert names == ["explore", "anneal", "anneal", "exploit"]


def test_an_epsilon_that_rises_has_phases_too(signal: Signal) -> None:
    rising = signal._replace(exploration_start=0.0, exploration_end=1.0, exploration_slope=0.001)
    names = [phase(rising._replace(exploration=e)) for e in (0.05, 0.5, 0.95)]
    assert names == ["explore", "anneal", "exploit"]


def test_an_epsilon_at_rest_counts_to_the_nearer_end(signal: Signal) -> None:
    resting = signal._replace(exploration_slope=0.0)
    names = [phase(resting._replace(exploration=e)) for e in (1.0, 0.6, 0.4, 0.0)]
    assert names == ["explore", "explore", "exploit", "exploit"]


def test_an_epsilon_that_never_moves_exploits(signal: Signal) -> None:
    still = signal._replace(exploration_start=0.1, exploration_end=0.1, exploration=0.1)
    assert phase(still._replace(exploration_slope=0.0)) == "exploit"


def test_each_phase_has_its_own_rows(signal: Signal) -> None:
    phased = Phased(warmup=8, explore=32, anneal=128, exploit=512)
    sizes = [phased(signal._replace(exploration=e)) for e in (1.0, 0.5, 0.0)]
    assert [phased(signal._replace(learning=False)), *sizes] == [8.0, 32.0, 128.0, 512.0]
    assert phased.largest == 512


def test_warmup_has_the_rows_of_explore_unless_told(signal: Signal) -> None:
    phased = Phased(explore=32, anneal=128, exploit=512)
    assert phased(signal._replace(learning=False, exploration=0.0)) == 32.0


def test_the_edge_is_the_schedules_own(signal: Signal) -> None:
    moment = signal._replace(exploration=0.7)
    assert Phased(explore=32, anneal=64, exploit=128, edge=0.2)(moment) == 64.0
    assert Phased(explore=32, anneal=64, exploit=128, edge=0.4)(moment) == 32.0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"explore": 0}, r"^phased\.explore: expected at least 1 row, got 0\."),
        ({"anneal": -1}, r"^phased\.anneal: expected at least 1 row, got -1\."),
        ({"exploit": 0}, r"^phased\.exploit: expected at least 1 row, got 0\."),
        ({"warmup": 0}, r"^phased\.warmup: expected at least 1 row, got 0\."),
        ({"anneal": 32, "exploit": 32}, r"^phased: expected phases that differ, got 32 rows in ea"),
        ({"edge": 0.0}, r"^phased\.edge: expected a number in \(0, 0\.5\), got 0\.0\."),
        ({"edge": 0.5}, r"^phased\.edge: expected a number in \(0, 0\.5\), got 0\.5\."),
    ],
)
def test_phases_that_cannot_be_meant_are_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Phased(**{"explore": 32, "anneal": 64, "exploit": 128, **setting})
