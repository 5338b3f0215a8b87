"""B doubles where the return has stopped rising."""

from __future__ import annotations

from rlbatch.contract import Memory
from rlbatch.schedule.controllers import PlateauDoubling
from rlbatch.types import Signal


def sizes(controller: PlateauDoubling, told: list[tuple[int, float]]) -> list[float]:
    """Wanted rows after each (rows drawn, return)."""
    memory: Memory = {}
    found = []
    for samples, episode in told:
        wanted, memory = controller(Signal(0, samples=samples, meters={"return": episode}), memory)
        found.append(wanted)
    return found


def test_rows_double_after_patience_and_waiting_starts_anew() -> None:
    controller = PlateauDoubling(low=8, high=64, patience=100)
    told = [(samples, 5.0) for samples in (0, 99, 100, 199, 200, 300, 400)]
    assert sizes(controller, told) == [8.0, 8.0, 16.0, 16.0, 32.0, 64.0, 64.0]


def test_a_new_best_starts_the_waiting_anew() -> None:
    controller = PlateauDoubling(low=8, high=64, patience=100, smoothing=0.0)
    told = [(0, 1.0), (90, 2.0), (180, 2.0), (190, 2.0)]
    assert sizes(controller, told) == [8.0, 8.0, 8.0, 16.0]


def test_a_best_that_is_hardly_better_is_not_new() -> None:
    controller = PlateauDoubling(low=8, high=64, patience=100, min_change=1.0, smoothing=0.0)
    assert sizes(controller, [(0, 1.0), (90, 2.0), (100, 2.0)]) == [8.0, 8.0, 16.0]
    assert sizes(controller, [(0, 1.0), (90, 2.5), (100, 2.5)]) == [8.0, 8.0, 8.0]


def test_the_return_is_smoothed_before_it_is_judged() -> None:
    controller = PlateauDoubling(low=8, high=64, patience=100, smoothing=0.5)
    told = [(0, 4.0), (50, 0.0), (60, 5.0), (100, 4.5)]  # R̄ = 4, 2, 3.5, 4
    assert sizes(controller, told) == [8.0, 8.0, 8.0, 16.0]
    assert sizes(controller, [*told[:3], (100, 4.75)])[-1] == 8.0  # R̄ = 4.125


def test_rows_may_grow_by_another_factor() -> None:
    controller = PlateauDoubling(low=8, high=64, patience=1, factor=1.5)
    assert sizes(controller, [(0, 1.0), (1, 1.0), (2, 1.0)]) == [8.0, 12.0, 18.0]
