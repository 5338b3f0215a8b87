"""One run of the grid: its config written, its process started, what is kept of an earlier one."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlbatch import files
from rlbatch.compare.built import Built
from rlbatch.compare.study.grid import Cell
from rlbatch.errors import FileError

ELSEWHERE = ("run_dir", "device", "threads", "probe")  # keys that do not say what is trained


@dataclass(frozen=True, slots=True)
class Job:
    """A cell with its config; `folder` is the comparison's."""

    cell: Cell
    built: Built
    folder: Path
    extras: tuple[str, ...] = ()  # of the command line

    @property
    def run(self) -> Path:
        """The run folder."""
        return self.folder / self.cell.place

    @property
    def log(self) -> Path:
        """What the process printed."""
        return self.folder / "logs" / f"{self.cell.place.replace('/', '_')}.log"

    @property
    def _configs(self) -> Path:
        return self.folder / "configs" / self.cell.place

    @property
    def _trained(self) -> Path:
        """What the run in the folder was trained with."""
        return self._configs / "trained.json"

    def finished(self) -> bool:
        """Is the run there already, trained as it would be now?

        Raises:
            FileError: a finished run of another config lies in its place.
        """
        summary = _json(self.run / "summary.json")
        left = self._left()
        if summary.get("status") != "finished" or not all(path.is_file() for path in left):
            return False
        if _json(self._trained) != _trained(self.built.resolved):
            advice = "Choose another run_dir, or add --overwrite to train everything anew."
            raise FileError(str(self.run), "a run of this config", "one of another", advice)
        return True

    def _left(self) -> list[Path]:
        """What the process writes beside the run."""
        told = dict(itertools.pairwise(self.extras))
        left = [Path(told["--collect"])] if "--collect" in told else []
        return left + [self.run / "diagnostics.json"] * ("--probe" in told)

    def write(self) -> Path:
        """Writes its config, and what it is trained with; returns where the config is."""
        config = self._configs / f"{self.cell.name}.yaml"
        for path in (config, self.log):
            path.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(config, self.built.text())
        told = json.dumps(_trained(self.built.resolved), indent=2, sort_keys=True)
        files.write_text(self._trained, told + "\n")
        return config

    def start(
        self, device: str | None, threads: int, beside: Sequence[Job] = ()
    ) -> subprocess.Popen[bytes]:
        """Starts the process that trains it, and those `beside`, and reads their inner signs."""
        where = [f"threads={threads}", *([f"device={device}"] if device else [])]
        others = [word for job in beside for word in ("--beside", str(job.write()))]
        command = [sys.executable, "-m", "rlbatch.compare", "cell", str(self.write()), *where]
        with self.log.open("wb") as log:
            return subprocess.Popen([*command, *others, *self.extras], stdout=log, stderr=log)

    def reason(self) -> str:
        """The last line that the process printed."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"

    def env_step(self) -> int:
        """How far the run is, from the end of its metrics.csv."""
        try:
            with (self.run / "metrics.csv").open("rb") as file:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - 400))
                line = file.read().decode().rsplit("\n", 2)[-2]
            return int(line.split(",")[2])
        except (OSError, ValueError, IndexError):
            return 0


def _trained(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a config that says what is trained, as JSON gives it back."""
    told = {key: value for key, value in resolved.items() if key not in ELSEWHERE}
    same: dict[str, Any] = json.loads(json.dumps(told))
    return same


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
