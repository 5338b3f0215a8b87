"""The phase with what came before in mind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from rlbatch.contract import Memory
from rlbatch.errors import ConfigError
from rlbatch.schedule import Detector, Stage, phase
from rlbatch.types import Signal

BUDGET = 1000  # env steps
PLAIN = Detector(smoothing=0.0)


def at(env_step: int, told: float | None = None, **other: Any) -> Signal:
    """ε falls from 1 to 0 over the first 500 of 1000 env steps; the buffer holds 400."""
    epsilon = max(0.0, 1.0 - env_step / 500)
    own: dict[str, Any] = {
        "stored": min(env_step, 400),
        "capacity": 400,
        "exploration": epsilon,
        "exploration_start": 1.0,
        "exploration_slope": -0.002 if epsilon > 0.0 else 0.0,
        "meters": {} if told is None else {"return": told},
    }
    return Signal(env_step, **(own | other))


def stages(detector: Detector, *signals: Signal, budget: int = BUDGET) -> list[Stage]:
    found, memory = list[Stage](), dict[str, float]()
    for signal in signals:
        stage, told = detector(signal, memory, budget)
        found, memory = [*found, stage], dict(told)
    return found


def test_without_returns_it_says_what_the_plain_phase_says() -> None:
    signals = [at(step, learning=step >= 20) for step in range(0, 1000, 10)]
    assert stages(Detector(), *signals) == [phase(signal) for signal in signals]


def test_warmup_lasts_until_the_buffer_holds_its_share() -> None:
    signals = [at(step, learning=step >= 5) for step in (0, 5, 99, 100)]
    assert stages(Detector(fill=0.25), *signals) == ["warmup", "warmup", "warmup", "anneal"]


def test_exploit_waits_until_rows_of_before_are_gone() -> None:
    """ε is within 10 % of its end from env step 450 on; half of the capacity is 200 rows."""
    signals = [at(step) for step in (440, 450, 649, 650)]
    wanted = ["anneal", "anneal", "anneal", "exploit"]
    assert stages(Detector(renewed=0.5), *signals) == wanted


def test_waiting_starts_anew_where_exploration_comes_back() -> None:
    back = at(600, exploration=0.5, exploration_slope=-0.002)
    signals = [at(450), back, at(650), at(849), at(850)]
    found = stages(Detector(renewed=0.5), *signals)
    assert found == ["anneal", "anneal", "anneal", "anneal", "exploit"]


def test_a_plateau_is_a_tenth_of_the_budget_without_a_new_best() -> None:
    signals = [at(500, 5.0), at(550, 5.0), at(599, 4.0), at(600, 5.0), at(610, 5.1), at(611, 1.0)]
    wanted = ["exploit", "exploit", "exploit", "plateau", "exploit", "exploit"]
    assert stages(PLAIN, *signals) == wanted
    assert stages(PLAIN, *signals, budget=1001)[3] == "exploit"


def test_a_best_of_before_ε_came_to_rest_does_not_make_a_plateau_at_once() -> None:
    signals = [at(100, 9.0), at(480, 1.0), at(579, 1.0), at(580, 1.0)]
    assert stages(PLAIN, *signals)[1:] == ["exploit", "exploit", "plateau"]


def test_there_is_no_plateau_before_exploit_nor_without_any_return() -> None:
    annealing = [at(step, 1.0) for step in range(60, 440, 20)]
    assert set(stages(PLAIN, *annealing)) == {"anneal"}
    assert stages(PLAIN, *(at(step) for step in (500, 999))) == ["exploit", "exploit"]


def test_a_rise_by_no_more_than_the_least_change_is_no_new_best_but_rises_add_up() -> None:
    told = [(500, 1.0), (600, 1.5), (650, 2.0), (660, 2.1), (670, 2.5)]
    found = stages(Detector(smoothing=0.0, min_change=1.0), *(at(*one) for one in told))
    assert found == ["exploit", "plateau", "plateau", "exploit", "exploit"]


def test_a_single_lucky_episode_is_smoothed() -> None:
    """0.9 · 0 + 0.1 · 10 = 1 is a best at 600; 0.9 · 1 + 0.1 · 10 = 1.9 another at 710."""
    told = [(500, 0.0), (600, 10.0), (700, 0.0), (705, 0.0), (710, 10.0)]
    found = stages(Detector(smoothing=0.9), *(at(*one) for one in told))
    assert found == ["exploit", "exploit", "plateau", "plateau", "exploit"]


def test_a_gap_or_nan_leaves_what_is_remembered() -> None:
    memory: Memory = {"return": 3.0, "best": 4.0, "best_at": 480.0, "rested_at": 450.0}
    for told in (None, math.nan):
        assert PLAIN(at(500, told), memory, BUDGET) == ("exploit", memory)


def test_memory_goes_in_and_comes_out_anew() -> None:
    memory = {"return": 3.0, "best": 4.0, "best_at": 480.0}
    before = dict(memory)
    first, second = (PLAIN(at(500, 7.0), memory, BUDGET) for _ in range(2))
    assert first == second
    assert first[1] == {"return": 7.0, "best": 7.0, "best_at": 500.0, "rested_at": 500.0}
    assert memory == before


def test_parameter_noise_counts_by_its_way_alone() -> None:
    """A size of noise from 0.2 to 0.1 that is nine tenths of its way."""
    noise = {"exploration_start": 0.2, "exploration_end": 0.1, "exploration_slope": -0.001}
    found = stages(PLAIN, *(at(300, exploration=size, **noise) for size in (0.195, 0.15, 0.105)))
    assert found == ["explore", "anneal", "exploit"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"edge": 0.5}, r"edge: expected a number in \(0, 0\.5\), got 0\.5"),
        ({"fill": 1.1}, r"fill: expected a share in \[0, 1\], got 1\.1"),
        ({"renewed": -1.0}, r"renewed: expected capacities ≥ 0, got -1\.0"),
        ({"patience": 0.0}, r"patience: expected a share of env_steps > 0, got 0\.0"),
        ({"min_change": math.nan}, r"min_change: expected a return ≥ 0, got nan"),
        ({"smoothing": 1.0}, r"smoothing: expected a number in \[0, 1\), got 1\.0"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(
    setting: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=rf"^phase\.{message}"):
        Detector(**setting)
