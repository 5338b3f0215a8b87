"""The most memory that a piece of work held, on this machine."""

from __future__ import annotations

import pytest
import torch

from rlbatch.probe.peaks import HighWater, InChild, Peaks, peaks_on

MIB = 1 << 20


def hold(mib: int) -> None:
    """Touches that much memory and lets go of it."""
    torch.ones(mib * MIB // 4)


@pytest.mark.parametrize("peaks", [HighWater(), InChild()], ids=["mark", "child"])
def test_a_peak_shows_what_was_held_and_let_go(peaks: Peaks) -> None:
    before = peaks.peak(lambda: None)
    assert 60 * MIB < peaks.peak(lambda: hold(64)) - before < 80 * MIB


@pytest.mark.parametrize("peaks", [HighWater(), InChild()], ids=["mark", "child"])
def test_a_peak_is_forgotten_by_the_next(peaks: Peaks) -> None:
    peaks.peak(lambda: hold(64))
    assert peaks.peak(lambda: hold(16)) < peaks.peak(lambda: hold(64)) - 30 * MIB


def test_where_the_mark_cannot_be_put_back_a_child_measures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(own: HighWater, work: object) -> int:
        raise PermissionError

    monkeypatch.setattr(HighWater, "peak", refuse)
    assert isinstance(peaks_on(torch.device("cpu")), InChild)


def test_what_may_be_held_is_more_than_what_is_held() -> None:
    peaks = peaks_on(torch.device("cpu"))
    limit, source = peaks.limit()
    assert limit > peaks.resident() > 0
    assert "memory" in source
