"""Regimes as lanes of one program: every folder is what its regime alone would have left."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from rlbatch.compare.cell.__main__ import cell
from rlbatch.learner.gradients import programs
from rlbatch.train.acting import rollout

CONFIG = """\
env: {plug: "envs.cartpole:CartPole"}
agent: {plug: "agents.dqn:DQN", hidden: [8]}
seed: 1
seeds: 2
env_steps: 200
iso: samples
learn: {start: 20, every: 2}
learner: {lr: 0.004, target: {kind: hard, period: 30}}
evaluate: {every: 0.25, episodes: 2, final_episodes: 2, max_length: 30}
log_every: 0.2
checkpoint_every: 0.5
device: cpu
threads: 1
compile: off
"""
BATCH = {
    "fixed": "{reference: 8, schedule: {kind: fixed, rows: 8}}",
    "epsilon": "{reference: 8, coupling: sde, warmup: 60, moments: reset, target_lag: samples, "
    "schedule: {kind: epsilon, explore: 4, exploit: 32}}",
    "closed": "{reference: 16, coupling: linear, control: {every: 3}, "
    "schedule: {kind: dispersion, low: 8, high: 64}}",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three regimes trained alone in alone/, and as one in packed/."""
    folder = tmp_path_factory.mktemp("pack")
    for name, batch in BATCH.items():
        (folder / f"{name}.yaml").write_text(f"{CONFIG}batch: {batch}\n")
        arguments = [str(folder / f"{name}.yaml"), f"run_dir={folder / 'alone' / name}"]
        assert cell(arguments) == 0
    assert cell(_together(folder, "packed")) == 0
    return folder


def _together(folder: Path, into: str, names: Iterable[str] = BATCH) -> list[str]:
    first, *others = (_placed(folder, name, into) for name in names)
    return [first, *(word for other in others for word in ("--beside", other))]


def _placed(folder: Path, name: str, into: str) -> str:
    path = folder / into / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    text = (folder / f"{name}.yaml").read_text()
    path.write_text(f"{text}run_dir: {folder / into / 'runs' / name}\n")
    return str(path)


def lines(folder: Path, file: str) -> list[dict[str, Any]]:
    """A file's lines, in no order of moments, without what hangs on the machine."""
    with (folder / file).open() as opened:
        told = [{k: v for k, v in line.items() if k != "wall_s"} for line in csv.DictReader(opened)]
    return sorted(told, key=lambda line: (line["env_step"], line["lane"], line.get("episode")))


def same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    """Words and counters alike, numbers as near as stacked products round them."""
    assert len(one) == len(other) > 0
    for own, its in zip(one, other, strict=True):
        assert own.keys() == its.keys()
        for name, value in own.items():
            try:
                number = float(value)
            except ValueError:
                assert its[name] == value, name
            else:
                assert float(its[name]) == pytest.approx(number, rel=1e-3, abs=1e-5, nan_ok=True), (
                    name
                )


@pytest.mark.parametrize("name", BATCH)
@pytest.mark.parametrize("file", ["decisions.csv", "metrics.csv", "eval.csv"])
def test_a_regime_leaves_what_it_leaves_alone(place: Path, name: str, file: str) -> None:
    alone, packed = (lines(place / where / name, file) for where in ("alone", "packed/runs"))
    same(alone, packed)


def test_a_controller_decides_from_the_same_feedback(place: Path) -> None:
    alone, packed = (
        lines(place / where / "closed", "control.csv") for where in ("alone", "packed/runs")
    )
    assert len({line["batch_size"] for line in alone}) > 1
    same(alone, packed)
    assert lines(place / "packed/runs/fixed", "control.csv") == []


@pytest.mark.parametrize("name", BATCH)
def test_its_folder_holds_the_same_files_and_its_summary_the_same_counts(
    place: Path, name: str
) -> None:
    alone, packed = place / "alone" / name, place / "packed/runs" / name
    files = [
        sorted(str(p.relative_to(own)) for p in own.rglob("*") if "tfevents" not in p.name)
        for own in (alone, packed)
    ]
    assert files[0] == files[1]
    told = [json.loads((own / "summary.json").read_text()) for own in (alone, packed)]
    for key in ("regime", "status", "lanes", "seeds", "env_steps", "updates", "samples", "arms"):
        assert told[0][key] == told[1][key], key
    assert json.loads((packed / "manifest.json").read_text())["packed"] == list(BATCH)


def test_compiled_they_leave_the_same(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are the functions themselves."""
    for room in (programs, rollout):
        monkeypatch.setattr(room, "compiled", lambda function, example, **options: function)
    assert cell([*_together(place, "compiled"), "compile=on"]) == 0
    for name in BATCH:
        for file in ("decisions.csv", "metrics.csv", "eval.csv"):
            folders = (place / where / name for where in ("alone", "compiled/runs"))
            same(*(lines(folder, file) for folder in folders))


SICK = {
    "wild": "learner: {lr: 1.0e+30, target: {kind: hard, period: 30}}",
    "half": "lanes: {lr: [0.004, 1.0e+30]}",
}


@pytest.mark.parametrize(("name", "status"), [("wild", "failed"), ("half", "finished")])
def test_lanes_that_diverge_leave_the_other_regimes_alone(
    place: Path, name: str, status: str
) -> None:
    text = "".join(line for line in CONFIG.splitlines(True) if "learner" not in line)
    text = text if name == "wild" else CONFIG
    (place / f"{name}.yaml").write_text(f"{text}batch: {BATCH['fixed']}\n{SICK[name]}\n")
    assert cell([str(place / f"{name}.yaml"), f"run_dir={place / 'alone' / name}"]) == (
        status == "failed"
    )
    told = _together(place, f"beside {name}", ["fixed", name, "epsilon"])
    assert cell(told) == (status == "failed")
    for own in ("fixed", "epsilon", name):
        alone, packed = place / "alone" / own, place / f"beside {name}" / "runs" / own
        for file in ("decisions.csv", "eval.csv")[: 1 if own == "wild" else 2]:  # none to evaluate
            same(lines(alone, file), lines(packed, file))
        ends = [json.loads((run / "summary.json").read_text())["status"] for run in (alone, packed)]
        assert ends == [status if own == name else "finished"] * 2
    events = [line["event"] for line in lines(place / f"beside {name}/runs/{name}", "events.csv")]
    assert events.count("diverged") == 2
