"""B follows how far behaviour has settled, and arrives."""

from __future__ import annotations

import pytest

from rlbatch.contract import Memory
from rlbatch.schedule import Ladder
from rlbatch.schedule.controllers import AdaptiveScaling
from rlbatch.types import Signal


def sizes(controller: AdaptiveScaling, divergences: list[float]) -> list[float]:
    memory: Memory = {}
    found = []
    for divergence in divergences:
        signal = Signal(0, meters={"divergence": divergence})
        wanted, memory = controller(signal, memory)
        found.append(wanted)
    return found


def test_a_divergence_is_told_over_the_span() -> None:
    assert AdaptiveScaling(low=8, high=64, span=1).over_span(0.3) == pytest.approx(0.3)
    assert AdaptiveScaling(low=8, high=64, span=2).over_span(0.5) == pytest.approx(0.75)


def test_settled_behaviour_asks_for_high_and_moving_behaviour_for_low() -> None:
    controller = AdaptiveScaling(low=8, high=64)
    targets = [controller.target(d) for d in (0.0, 0.05, 0.95, 1.0)]
    assert targets == pytest.approx([64.0, 64.0, 8.0, 8.0])


def test_half_way_is_the_geometric_mean_of_the_two_divergences() -> None:
    assert AdaptiveScaling(low=10, high=20).target((0.05 * 0.95) ** 0.5) == pytest.approx(15.0)


def test_a_tenth_of_the_way_is_gone_at_each_decision() -> None:
    found = sizes(AdaptiveScaling(low=10, high=110), [0.0, 0.0, 0.0])
    assert found == pytest.approx([20.0, 29.0, 37.1])


def test_divergence_is_averaged_over_the_window_and_no_further() -> None:
    short = AdaptiveScaling(low=10, high=110, span=1, window=2)
    mean = [0.9, 0.5, 0.1, 0.1]  # of 0.9; 0.9 0.1; 0.1 0.1; 0.1 0.1
    wanted, expected = 10.0, []
    for divergence in mean:
        wanted = 0.9 * wanted + 0.1 * short.target(divergence)
        expected.append(wanted)
    assert sizes(short, [0.9, 0.1, 0.1, 0.1]) == pytest.approx(expected)


def test_the_published_window_forgets_after_twenty_decisions() -> None:
    found = sizes(AdaptiveScaling(low=10, high=110, span=1), [1.0] * 2 + [0.0] * 19)
    assert found[19] < 0.9 * found[18] + 11.0 - 1.0  # D̄ = 2/20: L* is below 110
    assert found[20] == pytest.approx(0.9 * found[19] + 11.0)  # D̄ = 1/20: L* = 110


def test_size_is_reached_where_the_published_floor_sticks() -> None:
    floored = 8
    for _ in range(500):
        floored = int(0.9 * floored + 0.1 * 64)
    found = sizes(AdaptiveScaling(low=8, high=64), [0.0] * 500)
    assert floored == 55
    assert 63.999 < found[-1] <= 64.0
    assert Ladder()(found[-1], current=32) == 64


def test_memory_holds_the_divergences_as_floats() -> None:
    controller = AdaptiveScaling(low=8, high=64, span=1, window=2)
    _, memory = controller(Signal(0, meters={"divergence": 0.25}), {})
    assert {name: memory[name] for name in ("d0", "count")} == {"d0": 0.25, "count": 1.0}
    for _ in range(5):
        _, memory = controller(Signal(0, meters={"divergence": 0.5}), memory)
    assert set(memory) == {"d0", "d1", "count", "wanted"}
