"""B is drawn at random, the same in every lane and every time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from rlbatch.errors import ConfigError
from rlbatch.schedule.random_sizes import RandomSizes
from rlbatch.seeding import Purpose, uniform
from rlbatch.types import Signal


def sizes(schedule: RandomSizes, updates: int) -> list[float]:
    return [schedule(Signal(0, update)) for update in range(updates)]


def test_each_size_is_kept_for_a_period() -> None:
    found = sizes(RandomSizes(low=8, high=64, period=5), 500)
    assert all(len(set(found[i : i + 5])) == 1 for i in range(0, 500, 5))
    assert found[::5] == sizes(RandomSizes(low=8, high=64, period=1), 100)


def test_every_power_of_two_within_bounds_comes_equally_often() -> None:
    found = Counter(sizes(RandomSizes(low=9, high=200, period=1), 4000))
    assert set(found) == {16.0, 32.0, 64.0, 128.0}
    assert all(count / 4000 == pytest.approx(0.25, abs=0.03) for count in found.values())


def test_one_seed_repeats_and_two_differ() -> None:
    first, again, other = (
        sizes(RandomSizes(low=8, high=64, period=1, seed=seed), 50) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_a_size_is_its_draw_and_does_not_depend_on_those_before(signal: Signal) -> None:
    schedule = RandomSizes(low=8, high=64, period=10, seed=3)
    draw = uniform(3, Purpose.ORDER, 10, 1)[0]
    assert schedule(signal._replace(update=107)) == 8 << int(4 * draw)
    assert schedule(signal._replace(update=107, env_step=9, samples=7, stored=5)) == schedule(
        signal
    )


def test_the_largest_is_the_highest_power_of_two_within_bounds() -> None:
    assert RandomSizes(low=8, high=64, period=1).largest == 64
    assert RandomSizes(low=8, high=100, period=1).largest == 64


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"low": 0}, r"low: expected at least 1 row, got 0\."),
        ({"high": 4}, r"high: expected more than low \(8\), got 4\. Are the two reversed\?"),
        ({"high": 8}, r"high: expected more than low \(8\), got 8\. For one size use kind: fixed"),
        ({"high": 15}, r"high: expected at least two powers of two from low \(8\) on, got 15\."),
        ({"low": 9, "high": 15}, r"high: expected at least two powers of two from low \(9\) on"),
        ({"period": 0}, r"period: expected at least 1 update, got 0\."),
    ],
)
def test_sizes_that_cannot_be_meant_are_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^random\.{message}"):
        RandomSizes(**{"low": 8, "high": 64, "period": 100, **setting})
