"""A comparison from its plan to trained run folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from rlbatch.compare import inner, manifest
from rlbatch.compare.built import Built
from rlbatch.compare.comparison import Comparison
from rlbatch.compare.runs.reading import read_run
from rlbatch.compare.study.grid import Cell, Lr, cells, overrides
from rlbatch.compare.study.jobs import Job
from rlbatch.compare.study.launch import Launcher, Outcome
from rlbatch.compare.study.tuning import best_arm
from rlbatch.compare.study.watch import Watch
from rlbatch.files import write_text


class Planned(Protocol):
    """A comparison whose runs can be built; the config room makes it from a file."""

    @property
    def comparison(self) -> Comparison: ...

    def resolve(self, env: str, regime: str | None, extra: Mapping[str, Any]) -> Built:
        """The training run of a regime in an environment, under dotted overrides."""
        ...

    def variant(self, env: str, name: str) -> Built:
        """An environment perturbed."""
        ...

    def declared(self) -> dict[str, Any]:
        """Everything that is trained, as plain data."""
        ...


class Study:
    """Trains what is planned and not there yet.

    Args:
        planned: the comparison.
        folder: of its runs, claimed already.
    """

    def __init__(self, planned: Planned, folder: Path) -> None:
        self._planned, self._folder = planned, folder
        self._comparison = planned.comparison
        self._cells = cells(self._comparison)

    def train(
        self,
        console: Console,
        jobs: int = 1,
        devices: Sequence[str] = (),
        pack: bool = False,
    ) -> tuple[list[Outcome], bool]:
        """How each run ended, and whether Ctrl-C ended them all.

        Args:
            console: where progress is shown.
            jobs: processes at a time.
            devices: torch devices that they are spread over.
            pack: do runs that can share a learner train in one process?
        """
        self._write_variants()
        shared = jobs * (len(self._comparison.regimes) if pack else 1)
        manifest.note_jobs(self._folder, shared)
        work = {cell.place: self._work(cell) for cell in self._cells}
        with Watch(console, work) as watch:
            launcher = Launcher(self._prepare, self._done, jobs, devices, watch, pack)
            return launcher.run(self._cells), launcher.stopped

    def _prepare(self, cell: Cell) -> Job:
        lr = Lr(own=self._own_lr, tuned=self._tuned_lr)
        extra = overrides(cell, self._comparison, self._folder, lr)
        built = self._planned.resolve(cell.env, cell.regime.name, extra)
        return Job(cell, built, self._folder, self._extras(cell))

    def _extras(self, cell: Cell) -> tuple[str, ...]:
        """What the process is to do beside training."""
        probe = self._comparison.probe
        if probe is None or cell.kind == "tune":
            return ()
        file = str(self._folder / "reference" / f"{cell.env}.safetensors")
        if cell.kind == "reference":
            return ("--collect", file, "--states", str(probe.states))
        variants = [("--variant", f"{name}={self._variant(cell.env, name)}")
                    for name in self._comparison.variants]  # fmt: skip
        words = [word for pair in variants for word in pair]
        return ("--probe", file, "--episodes", str(probe.episodes), *words)

    def _done(self, cell: Cell) -> None:
        if cell.kind == "reference":
            states = inner.load_probe(self._folder / "reference" / f"{cell.env}.safetensors")
            manifest.note_probe(self._folder, cell.env, inner.digest(states))

    def _work(self, cell: Cell) -> int:
        built = self._planned.resolve(cell.env, cell.regime.name, {})
        lanes = self._comparison.seeds
        if cell.kind == "tune" and self._comparison.tune is not None:
            lanes = self._comparison.tune.seeds * len(self._comparison.tune.factors)
        return built.train.env_steps * (1 if cell.kind == "reference" else lanes)

    def _own_lr(self, cell: Cell) -> float:
        return self._planned.resolve(cell.env, cell.regime.name, {}).train.learner.lr

    def _tuned_lr(self, cell: Cell) -> float:
        run = read_run(self._folder / "tune" / cell.env / cell.regime.name)
        return best_arm(run)["lr"]

    def _variant(self, env: str, name: str) -> Path:
        return self._folder / "configs" / "variants" / env / f"{name}.yaml"

    def _write_variants(self) -> None:
        for env in self._comparison.envs:
            for name in self._comparison.variants:
                path = self._variant(env.name, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                write_text(path, self._planned.variant(env.name, name).text())
