"""A run of the grid: when it is there already, and what its process is told."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlbatch.compare.settings import Regime
from rlbatch.compare.study.grid import Cell
from rlbatch.compare.study.jobs import Job
from rlbatch.errors import FileError

CELL = Cell("regime", "Room", Regime(name="a"), "runs/Room/a")
RESOLVED = {"env_steps": 100, "lr": 0.1, "hidden": (8,)}
ELSEWHERE = {"run_dir": "x", "device": "cpu", "threads": 1, "probe": "p"}


class Started:
    """What Popen was called with."""

    def __init__(self, command: list[str], **told: Any) -> None:
        self.command = command
        told["stdout"].write(b"first\n\nthe last line\n\n")


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes jobs whose processes only print."""
    monkeypatch.setattr(subprocess, "Popen", Started)

    def make(extras: tuple[str, ...] = (), **changed: Any) -> Job:
        resolved = RESOLVED | ELSEWHERE | changed
        built: Any = SimpleNamespace(resolved=resolved, text=lambda: "lr: 0.1\n")
        return Job(CELL, built, tmp_path, extras)

    return make


def finish(job: Job, status: str = "finished") -> None:
    job.run.mkdir(parents=True, exist_ok=True)
    (job.run / "summary.json").write_text(json.dumps({"status": status}))


def test_a_process_gets_its_config_and_its_share_of_the_machine(job: Any, tmp_path: Path) -> None:
    process: Any = job(("--probe", "p")).start("cuda:1", 3)
    config = tmp_path / "configs" / "runs" / "Room" / "a" / "a.yaml"
    assert config.read_text() == "lr: 0.1\n"
    told = ["-m", "rlbatch.compare", "cell", str(config), "threads=3", "device=cuda:1"]
    assert process.command[1:] == [*told, "--probe", "p"]
    assert "device" not in str(job().start(None, 1).command)


def test_the_last_line_that_was_printed_is_the_reason(job: Any) -> None:
    made = job()
    made.start(None, 1)
    assert made.reason() == "the last line"
    made.log.write_text("")
    assert made.reason() == "it printed nothing"


def test_a_finished_run_of_the_same_config_is_kept(job: Any) -> None:
    made = job()
    assert not made.finished()
    made.start(None, 1)
    assert not made.finished()
    finish(made)
    assert made.finished()


@pytest.mark.parametrize("status", ["interrupted", "failed"])
def test_a_run_that_did_not_finish_is_trained_anew(job: Any, status: str) -> None:
    made = job()
    made.start(None, 1)
    finish(made, status)
    assert not made.finished()


def test_a_finished_run_of_another_config_is_refused(job: Any) -> None:
    made = job()
    made.start(None, 1)
    finish(made)
    with pytest.raises(FileError, match="expected a run of this config, got one of another"):
        job(lr=0.2).finished()


def test_a_finished_run_that_nobody_knows_is_refused(job: Any) -> None:
    made = job()
    finish(made)
    with pytest.raises(FileError, match="expected a run of this config, got one of another"):
        made.finished()


@pytest.mark.parametrize("key", list(ELSEWHERE))
def test_where_a_run_is_trained_is_no_other_config(job: Any, key: str) -> None:
    made = job()
    made.start(None, 1)
    finish(made)
    assert job(**{key: "elsewhere"}).finished()


def test_a_run_whose_signs_were_not_read_is_not_done(job: Any) -> None:
    made = job(("--probe", "p", "--episodes", "3"))
    made.start(None, 1)
    finish(made)
    assert not made.finished()
    (made.run / "diagnostics.json").write_text("{}")
    assert made.finished()


def test_a_reference_run_whose_states_were_not_kept_is_not_done(job: Any, tmp_path: Path) -> None:
    made = job(("--collect", str(tmp_path / "states"), "--states", "30"))
    made.start(None, 1)
    finish(made)
    assert not made.finished()
    (tmp_path / "states").write_text("")
    assert made.finished()


@pytest.mark.parametrize(
    ("lines", "env_step"),
    [
        ([], 0),
        (["lane,seed,env_step"], 0),
        (["lane,seed,env_step", "0,1,50,5", "0,1,120,12"], 120),
        (["lane,seed,env_step", "x" * 500, "0,1,70,7"], 70),
    ],
)
def test_how_far_a_run_is_stands_in_its_last_line(
    job: Any, lines: list[str], env_step: int
) -> None:
    made = job()
    assert made.env_step() == 0
    made.run.mkdir(parents=True)
    (made.run / "metrics.csv").write_text("".join(f"{line}\n" for line in lines))
    assert made.env_step() == env_step
