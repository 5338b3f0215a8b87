"""What a person sees of a grid that is trained."""

from __future__ import annotations

import io
import time
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from rlbatch.compare.settings import Regime
from rlbatch.compare.study.grid import Cell
from rlbatch.compare.study.watch import Watch

A, B = (Cell("regime", "Room", Regime(name=name), f"runs/Room/{name}") for name in "ab")


def half_way(cell: Cell) -> Any:
    train = SimpleNamespace(env_steps=100)
    return SimpleNamespace(cell=cell, built=SimpleNamespace(train=train), env_step=lambda: 50)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A watch over two runs of 400 env steps that writes into a text, and its clock."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    text = io.StringIO()
    console = Console(file=text, width=200)
    return Watch(console, {A.place: 400, B.place: 400}), text, clock


def test_every_end_is_a_line_with_its_reason(seen: Any) -> None:
    seen[0].ended(A, "finished", "")
    seen[0].ended(B, "failed", "it needs x, which failed")
    told = "runs/Room/a: finished\nruns/Room/b: failed: it needs x, which failed\n"
    assert seen[1].getvalue() == told


def test_the_time_left_is_told_every_ten_seconds(seen: Any) -> None:
    shown, text, clock = seen
    shown.show([half_way(A)])
    assert text.getvalue() == ""
    clock[0] = 20.0  # for 200 of 800 env steps
    shown.show([half_way(A)])
    shown.show([half_way(A)])
    assert text.getvalue() == "0 of 2 runs done · now a · 60 s left\n"


def test_what_was_there_already_does_not_count_as_fast(seen: Any) -> None:
    shown, text, clock = seen
    shown.ended(A, "kept", "")
    clock[0] = 20.0  # for 200 of the 400 that had to be trained
    shown.show([half_way(B)])
    assert text.getvalue().endswith("1 of 2 runs done · now b · 20 s left\n")


def test_before_anything_moves_the_time_is_unknown(seen: Any) -> None:
    shown, text, clock = seen
    clock[0] = 20.0
    shown.show([])
    assert text.getvalue() == "0 of 2 runs done · now nothing · time left unknown yet\n"
