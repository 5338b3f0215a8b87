"""Processes of a grid: who starts when, and what becomes of those that fail."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rlbatch.compare.settings import Regime
from rlbatch.compare.study import launch
from rlbatch.compare.study.grid import Cell
from rlbatch.compare.study.launch import Launcher, Outcome
from rlbatch.compare.study.watch import Watch
from rlbatch.errors import FileError

CELLS = [Cell("regime", "Room", Regime(name=name), name) for name in "abcd"]


class Process:
    """Ends after some polls."""

    def __init__(self, polls: int, status: int) -> None:
        self._left, self._status = polls, status
        self.returncode: int | None = None

    def poll(self) -> int | None:
        self._left -= 1
        self.returncode = self._status if self._left <= 0 else None
        return self.returncode


class Room:
    """Hands out jobs and remembers what was done with them."""

    def __init__(self, ends: Mapping[str, int], kept: Sequence[str] = ()) -> None:
        self.ends, self.kept = ends, kept
        self.started: list[tuple[str, str | None, int]] = []
        self.running: set[str] = set()
        self.most = 0
        self.done: list[str] = []
        self.broken: str | None = None  # a place whose result is refused

    def prepare(self, cell: Cell) -> Any:
        room = self

        class Job:
            log = Path("logs") / f"{cell.place}.log"

            def __init__(self) -> None:
                self.cell = cell

            def finished(self) -> bool:
                if room.ends.get(cell.place) == -1:
                    raise FileError(cell.place, "a run of this config", "one of another")
                return cell.place in room.kept

            def start(self, device: str | None, threads: int) -> Any:
                room.started.append((cell.place, device, threads))
                room.running.add(cell.place)
                room.most = max(room.most, len(room.running))
                return Process(3, room.ends.get(cell.place, 0))

            def reason(self) -> str:
                return f"the last line of {cell.place}"

        return Job()

    def end(self, cell: Cell) -> None:
        self.done.append(cell.place)
        if cell.place == self.broken:
            raise FileError(cell.place, "probe states", "none")


class Silent(Watch):
    """Takes everything, shows nothing; ends are told to the room."""

    def __init__(self, room: Room) -> None:
        super().__init__(Console(quiet=True), {})
        self._room = room

    def show(self, running: Sequence[Any]) -> None:
        return

    def ended(self, cell: Cell, status: str, reason: str) -> None:
        self._room.running.discard(cell.place)


Launch = Callable[..., tuple[list[tuple[str, str]], Room, Launcher]]


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Launch:
    """Launches cells; (status, reason) of each, the room, the launcher."""
    monkeypatch.setattr(launch, "POLL_S", 0.0)

    def run(
        cells: Sequence[Cell] = CELLS,
        ends: Mapping[str, int] | None = None,
        kept: Sequence[str] = (),
        jobs: int = 2,
        devices: Sequence[str] = (),
        broken: str | None = None,
    ) -> tuple[list[tuple[str, str]], Room, Launcher]:
        room = Room(ends or {}, kept)
        room.broken = broken
        launcher = Launcher(room.prepare, room.end, jobs, devices, Silent(room))
        found: list[Outcome] = launcher.run(cells)
        assert [outcome.cell for outcome in found] == list(cells)
        return [(outcome.status, outcome.reason) for outcome in found], room, launcher

    return run


def after(*needs: str) -> Cell:
    return Cell("regime", "Room", Regime(name="z"), "z", needs)


def test_all_are_trained_in_their_order(launched: Launch) -> None:
    found, room, launcher = launched()
    assert found == [("finished", "")] * 4
    assert [place for place, _, _ in room.started] == ["a", "b", "c", "d"]
    assert room.done == ["a", "b", "c", "d"]
    assert not launcher.stopped


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_no_more_run_at_a_time_than_asked_for(launched: Launch, jobs: int) -> None:
    assert launched(jobs=jobs)[1].most == jobs


@pytest.mark.parametrize(
    ("cores", "jobs", "threads"), [(8, 1, 4), (8, 2, 4), (8, 4, 2), (2, 3, 1), (None, 1, 1)]
)
def test_processes_share_the_cores(
    launched: Launch, monkeypatch: Any, cores: int | None, jobs: int, threads: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert {told for _, _, told in launched(jobs=jobs)[1].started} == {threads}


def test_devices_go_round(launched: Launch) -> None:
    room = launched(jobs=3, devices=["cuda:0", "cuda:1"])[1]
    assert [device for _, device, _ in room.started[:3]] == ["cuda:0", "cuda:1", "cuda:0"]
    assert room.started[3][1] == "cuda:0"  # that of the first to end
    assert {device for _, device, _ in launched()[1].started} == {None}


def test_finished_ones_are_not_started_again_but_count_as_done(launched: Launch) -> None:
    found, room, _ = launched(kept=["a", "c"])
    assert [status for status, _ in found] == ["kept", "finished", "kept", "finished"]
    assert [place for place, _, _ in room.started] == ["b", "d"]
    assert set(room.done) == {"a", "b", "c", "d"}


def test_one_that_is_refused_has_failed_and_the_others_go_on(launched: Launch) -> None:
    found, room, _ = launched(ends={"b": -1})
    assert found[1] == ("failed", "b: expected a run of this config, got one of another.")
    assert [place for place, _, _ in room.started] == ["a", "c", "d"]


def test_one_that_fails_is_told_with_its_last_line_and_the_others_go_on(launched: Launch) -> None:
    found, room, _ = launched(ends={"a": 2})
    assert found[0] == ("failed", "the last line of a (all of it: logs/a.log)")
    assert [status for status, _ in found[1:]] == ["finished"] * 3
    assert "a" not in room.done


def test_what_needs_a_run_waits_for_it(launched: Launch) -> None:
    found, room, _ = launched([after("a", "b"), *CELLS], jobs=3)
    order = [place for place, _, _ in room.started]
    assert order.index("z") >= 3  # a slot was free before, but not for it
    assert found[0] == ("finished", "")


def test_what_needs_a_run_that_failed_fails_too(launched: Launch) -> None:
    last = Cell("regime", "Room", Regime(name="last"), "last", ("z",))
    found, room, _ = launched([last, after("a", "b"), *CELLS], ends={"b": 1})
    assert found[:2] == [
        ("failed", "it needs z, which failed"),
        ("failed", "it needs b, which failed"),
    ]
    assert {place for place, _, _ in room.started} == {"a", "b", "c", "d"}


def test_what_needs_a_kept_run_starts(launched: Launch) -> None:
    assert launched([after("a"), *CELLS], kept=["a"])[0][0] == ("finished", "")


def test_a_run_whose_result_is_refused_has_failed(launched: Launch) -> None:
    found, _, _ = launched([*CELLS, after("a")], broken="a")
    assert found[0] == ("failed", "a: expected probe states, got none.")
    assert found[4] == ("failed", "it needs a, which failed")


def test_ctrl_c_waits_for_what_runs_and_starts_nothing_more(
    launched: Launch, monkeypatch: Any
) -> None:
    slept = []

    def sleep(_: float) -> None:
        slept.append(1)
        if len(slept) in (2, 3):  # twice, as hasty people do
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleep)
    found, room, launcher = launched(ends={"a": 130, "b": 0})
    assert launcher.stopped
    assert [place for place, _, _ in room.started] == ["a", "b"]
    assert found == [
        ("interrupted", "Ctrl-C"),
        ("finished", ""),
        ("interrupted", "not started"),
        ("interrupted", "not started"),
    ]
