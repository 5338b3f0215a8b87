"""What a person sees while a run goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from rlbatch.metrics import iqm
from rlbatch.types import Record

LINE_EVERY = 5.0  # s between plain lines


class Reporter(Protocol):
    """Follows a run as a sink does."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def write(self, records: Sequence[Record]) -> None: ...


class _Figures:
    """The newest figures, in one line."""

    def __init__(self) -> None:
        self.env_step = 0
        self._train: dict[str, float | str] = {}
        self._returns = ""
        self._speed = ""

    def take(self, records: Sequence[Record]) -> None:
        """Takes the records of one moment."""
        if not records or records[0].kind not in ("train", "eval"):
            return
        self.env_step = max(record.env_step for record in records)
        if records[0].kind == "train":
            self._train = dict(records[0].values)
            steps = sum(record.env_step for record in records)
            self._speed = f"{steps / max(records[0].wall_s, 1e-9):,.0f} env steps/s"
        else:
            lanes: dict[int, list[float]] = {}
            for record in records:
                lanes.setdefault(record.lane, []).append(float(record.values["return"]))
            means = [float(np.mean(own)) for own in lanes.values()]
            self._returns = f"return {float(iqm(means)):.0f} (worst {min(means):.0f})"

    def line(self) -> str:
        """Everything but the progress itself."""
        train = self._train
        told = [self._speed]
        if train:
            told += [f"B {train['batch_size']}", f"ε {train['epsilon']:.2f}", str(train["phase"])]
        return " · ".join(part for part in (*told, self._returns) if part)


class BarReporter:
    """A bar that redraws in place."""

    def __init__(self, console: Console, env_steps: int) -> None:
        self._figures = _Figures()
        self._progress = Progress(
            TextColumn("train"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("train", total=env_steps, figures="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def write(self, records: Sequence[Record]) -> None:
        self._figures.take(records)
        self._progress.update(
            self._task, completed=self._figures.env_step, figures=self._figures.line()
        )


class LineReporter:
    """A line now and then, for logs."""

    def __init__(self, console: Console, env_steps: int) -> None:
        self._console, self._env_steps = console, env_steps
        self._figures = _Figures()
        self._began = self._told = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def write(self, records: Sequence[Record]) -> None:
        self._figures.take(records)
        if not records or records[0].kind not in ("train", "eval"):
            return
        now, step = time.perf_counter(), self._figures.env_step
        if step < self._env_steps and now - self._told < LINE_EVERY:
            return
        self._told = now
        left = (now - self._began) * (self._env_steps - step) / max(step, 1)
        self._console.print(
            f"{step:>9,} of {self._env_steps:,} · {self._figures.line()} · {left:.0f} s left",
            highlight=False,
            soft_wrap=True,
        )


def reporter_for(console: Console, env_steps: int, plain: bool = False) -> Reporter:
    """The bar on a terminal, lines elsewhere or where `plain` is wanted."""
    chosen = LineReporter if plain or not console.is_terminal else BarReporter
    return chosen(console, env_steps)
