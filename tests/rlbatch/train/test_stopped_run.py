"""What a run that stopped early leaves behind, and what cannot be asked of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rlbatch.config import build, read
from rlbatch.train import Stop

Train = Callable[..., int]


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_that_stopped_early_tells_who_and_when(
    train: Train, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = "stop={on: eval_return, patience: 2, min_change: 1000}"  # of CartPole, in 40 env steps
    assert train("run_dir=mine", stop, "evaluate.every=0.1") == 0
    summary = json.loads(Path("mine/summary.json").read_text())
    assert summary["stopped_early"] == [
        {"lane": lane, "seed": seed, "env_step": 40} for lane, seed in enumerate((3, 4))
    ]
    assert (summary["status"], summary["env_steps"], summary["diverged"]) == ("finished", 40, [])
    assert (summary["eval"]["env_step"], summary["eval"]["episodes"]) == (40, 3)
    assert "seed 4 stopped early, at 40 env steps" in capsys.readouterr().out
    found = lines(Path("mine/events.csv"))
    assert [(x["event"], x["seed"]) for x in found] == [("stopped", "3"), ("stopped", "4")]
    wanted = Stop(on="eval_return", patience=2, min_change=1000.0)
    assert build(read(Path("mine/config.yaml")), "again").train.stop == wanted


def test_the_error_of_what_is_held_out_is_in_the_metrics(train: Train, here: Path) -> None:
    train("run_dir=mine", "replay.validation=2", "exploration.end=1.0", "batch.schedule.kind=fixed")
    found = [x["val_td"] for x in lines(Path("mine/metrics.csv")) if x["seed"] == "4"]
    assert found[0] == ""  # before learning
    assert float(found[-1]) > 0.0


@pytest.mark.parametrize(
    ("stop", "message"),
    [
        ("{on: val_td, patience: 3}", "stop.on: expected eval_return, as no episode is held out"),
        ("{on: loss, patience: 3}", "stop.on: expected 'val_td' or 'eval_return'"),
        ("{on: eval_return}", "stop: expected 'patience', got none."),
        ("{on: eval_return, patience: 0}", "stop.patience: expected at least 1 reading, got 0."),
        ("{on: eval_return, patients: 3}", "Did you mean 'patience'?"),
        ("5", "stop: expected a table, got 5."),
    ],
)
def test_a_stop_that_cannot_be_is_refused_in_one_line(
    train: Train, here: Path, capsys: pytest.CaptureFixture[str], stop: str, message: str
) -> None:
    assert train(f"stop={stop}") == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1
    assert not Path("runs").exists()
