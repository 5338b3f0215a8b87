"""Whatever happens to a run, its folder is complete after, and can be read back."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from agents.dqn import DQN
from rlbatch.config import build, read
from rlbatch.errors import FileError, TrainingError
from rlbatch.evaluate import evaluate
from rlbatch.evaluate import main as evaluate_main
from rlbatch.train import Trainer, checkpoint
from rlbatch.train.__main__ import main
from rlbatch.train.progress import LineReporter
from rlbatch.train.run import _completed, run
from rlbatch.types import Record

MakeTrainer = Callable[..., Trainer]
Train = Callable[..., int]
WHERE = ["lane", "seed", "env_step", "update", "samples", "wall_s"]


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def told(folder: Path) -> dict[str, Any]:
    """What summary.json says."""
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return summary


class Kept:
    """A sink that keeps what it is given, and fails where it is told to."""

    def __init__(self, fails_at: int = -1, error: BaseException | None = None) -> None:
        self.records: list[Record] = []
        self.closed = 0
        self._fails_at, self._error = fails_at, error

    def write(self, records: Sequence[Record]) -> None:
        self.records += records
        if self._error is not None and records[0].env_step >= self._fails_at:
            raise self._error

    def close(self) -> None:
        self.closed += 1


def ran(trainer: Trainer, folder: Path, *sinks: Kept) -> dict[str, Any]:
    """A run with these sinks."""
    (folder / "checkpoints").mkdir()
    reporter = LineReporter(Console(quiet=True), trainer.settings.env_steps)
    return run(trainer, folder, "probe", sinks, reporter)


def test_a_run_leaves_what_the_contract_lists(finished: Path) -> None:
    listed = {"config.yaml", "manifest.json", "metrics.csv", "eval.csv", "summary.json", "tb"}
    assert listed | {"checkpoints"} <= {entry.name for entry in finished.iterdir()}
    tensorboards = {entry.name for entry in (finished / "tb").iterdir()}
    assert tensorboards == {"all", "seed_3", "seed_4"}
    assert not list(finished.rglob(".*"))  # nothing half-written


def test_a_summary_says_what_the_run_came_to(finished: Path) -> None:
    summary, last = told(finished), lines(finished / "metrics.csv")[-1]
    assert (summary["regime"], summary["status"]) == ("probe", "finished")
    assert (summary["lanes"], summary["seeds"], summary["env_steps"]) == (2, [3, 4], 100)
    assert (summary["updates"], summary["samples"]) == (41, int(last["samples"]))
    assert summary["wall_s"] > 0
    assert summary["env_steps_per_s"] > 0
    assert (summary["diverged"], summary["stopped_early"]) == ([], [])


def test_a_summary_scores_the_last_evaluation(finished: Path) -> None:
    scores = told(finished)["eval"]
    last = [line for line in lines(finished / "eval.csv") if line["env_step"] == "100"]
    assert len(last) == 2 * 3
    means = [sum(float(x["return"]) for x in last if x["seed"] == s) / 3 for s in ("3", "4")]
    assert scores["per_seed"] == [
        {"seed": 3, "return": pytest.approx(means[0])},
        {"seed": 4, "return": pytest.approx(means[1])},
    ]
    assert scores["return_mean"] == pytest.approx(sum(means) / 2)
    assert scores["return_iqm"] == pytest.approx(sum(means) / 2)  # two seeds: nothing to trim
    assert (scores["env_step"], scores["episodes"]) == (100, 3)


def test_metrics_have_a_line_for_each_lane_and_log_point(finished: Path) -> None:
    found = lines(finished / "metrics.csv")
    assert [(line["lane"], int(line["env_step"])) for line in found] == [
        (lane, step) for step in range(10, 101, 10) for lane in "01"
    ]
    named = ["batch_size", "lr", "epsilon", "phase", "loss", "td_error", "grad_norm", "q_mean"]
    assert list(found[0])[: len(WHERE + named)] == WHERE + named
    assert list(lines(finished / "eval.csv")[0]) == [*WHERE, "episode", "return", "length"]


def test_a_runs_config_gives_the_same_run_again(finished: Path, here: Path) -> None:
    experiment = build(read(finished / "config.yaml"), "again")
    assert experiment.resolved["run_dir"] == str(finished)
    assert main([str(finished / "config.yaml"), "run_dir=two"]) == 0
    for name in ("metrics.csv", "eval.csv"):
        one, two = (lines(folder / name) for folder in (finished, Path("two")))
        assert [x | {"wall_s": ""} for x in one] == [x | {"wall_s": ""} for x in two]


@pytest.mark.parametrize("name", ["final", "step_100"])
def test_the_last_checkpoint_plays_what_was_last_evaluated(finished: Path, name: str) -> None:
    experiment = build(read(finished / "config.yaml"), "probe")
    scores = {str(row["seed"]): row["return"] for row in told(finished)["eval"]["per_seed"]}
    assert evaluate(experiment, finished, name, 3) == pytest.approx(scores)


def test_a_checkpoint_plays_what_its_moment_was_evaluated_at(train: Train, here: Path) -> None:
    train("run_dir=mine", "learner.lr=0.1", "checkpoint_every=0.5")
    experiment = build(read(Path("mine/config.yaml")), "probe")
    found = [x for x in lines(Path("mine/eval.csv")) if x["env_step"] == "50"]
    means = {
        seed: sum(float(x["return"]) for x in found if x["seed"] == seed) / 2 for seed in ("3", "4")
    }
    assert evaluate(experiment, Path("mine"), "step_50", 2) == pytest.approx(means)


def test_the_best_checkpoint_plays_its_best_return(train: Train, here: Path) -> None:
    train("run_dir=mine", "evaluate={every: 0.1, episodes: 3}", "learner.lr=0.05")
    experiment = build(read(Path("mine/config.yaml")), "probe")
    played = evaluate(experiment, Path("mine"), "best", 3)
    groups: dict[tuple[str, str], list[float]] = {}
    for line in lines(Path("mine/eval.csv")):
        groups.setdefault((line["seed"], line["env_step"]), []).append(float(line["return"]))
    for seed in ("3", "4"):
        means = [sum(x) / 3 for (own, _), x in groups.items() if own == seed]
        assert played[seed] == pytest.approx(max(means))
        assert len(set(means)) > 1  # best and last can differ


def test_checkpoints_are_kept_at_every_share_of_the_budget(train: Train, here: Path) -> None:
    train("run_dir=mine", "checkpoint_every=0.3")
    kept = {path.stem for path in Path("mine/checkpoints").iterdir()}
    assert kept == {"final", "best", "step_30", "step_60", "step_90"}


def test_a_checkpoint_says_when_and_whose_it_is(finished: Path) -> None:
    experiment = build(read(finished / "config.yaml"), "probe")
    trainer = Trainer(experiment.train, experiment.agent, experiment.make_env)
    meta = checkpoint.load(finished, "final", trainer.learner.online)
    assert (meta["env_step"], meta["seeds"]) == (100, [3, 4])


def test_a_checkpoint_gives_back_each_lanes_parameters(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    (tmp_path / "checkpoints").mkdir()
    saved, loaded = make_trainer(seed=3), make_trainer(seed=7)
    checkpoint.save(tmp_path, "x", saved.learner, saved.learner.online.flat, {})
    checkpoint.load(tmp_path, "x", loaded.learner.online)
    assert torch.equal(loaded.learner.online.flat, saved.learner.online.flat)


@pytest.mark.parametrize("other", [{"seeds": 3}, {"agent": "wide"}])
def test_a_checkpoint_of_another_network_is_refused(
    make_trainer: MakeTrainer, tmp_path: Path, other: dict[str, Any]
) -> None:
    if "agent" in other:
        other = {"agent": DQN(hidden=(9,))}
    (tmp_path / "checkpoints").mkdir()
    saved, loaded = make_trainer(), make_trainer(**other)
    checkpoint.save(tmp_path, "x", saved.learner, saved.learner.online.flat, {})
    before = loaded.learner.online.flat.clone()
    with pytest.raises(FileError, match="of this network and number of lanes"):
        checkpoint.load(tmp_path, "x", loaded.learner.online)
    assert torch.equal(loaded.learner.online.flat, before)


def test_a_checkpoint_that_is_not_there_names_those_that_are(finished: Path) -> None:
    experiment = build(read(finished / "config.yaml"), "probe")
    with pytest.raises(FileError, match=r"step_7\.safetensors.*'best', 'final'"):
        evaluate(experiment, finished, "step_7", 3)


def test_the_evaluate_command_tells_every_seed(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate_main([str(finished), "--episodes", "3"]) == 0
    shown, scores = capsys.readouterr().out, told(finished)["eval"]
    for row in scores["per_seed"]:
        assert f" {row['return']:.1f} │" in shown
    assert f"IQM {scores['return_iqm']:.1f}, mean {scores['return_mean']:.1f}" in shown


@pytest.mark.parametrize(
    ("run_dir", "options"),
    [
        ("nowhere", []),
        ("run", ["--checkpoint", "step_7"]),
        ("run", ["--episodes", "0"]),
        ("run", ["--device", "gpu"]),
        ("run", ["--device", "cuda:99"]),
    ],
)
def test_the_evaluate_command_refuses_in_one_line(
    finished: Path, capsys: pytest.CaptureFixture[str], run_dir: str, options: list[str]
) -> None:
    assert evaluate_main([str(finished.parent / run_dir), *options]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("rlbatch: error: ")
    assert shown.count("\n") == 1


def test_a_damaged_checkpoint_is_refused(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = shutil.copytree(finished, tmp_path / "mine")
    path = mine / "checkpoints/final.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    assert evaluate_main([str(mine)]) == 2
    assert "final.safetensors" in capsys.readouterr().err


def test_every_sink_is_given_every_record_and_closed_once(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    one, other = Kept(), Kept()
    ran(make_trainer(), tmp_path, one, other)
    assert one.records == other.records
    assert {r.kind for r in one.records} == {"train", "eval", "batch"}
    assert (one.closed, other.closed) == (1, 1)


@pytest.mark.parametrize("error", [RuntimeError("full"), KeyboardInterrupt()])
def test_a_run_that_breaks_leaves_a_complete_folder(
    make_trainer: MakeTrainer, tmp_path: Path, error: BaseException
) -> None:
    sinks = Kept(60, error), Kept()
    with pytest.raises(type(error)):
        ran(make_trainer(), tmp_path, *sinks)
    assert [sink.closed for sink in sinks] == [1, 1]
    assert told(tmp_path)["status"] in ("failed", "interrupted")
    assert (told(tmp_path)["env_steps"], told(tmp_path)["eval"]["env_step"]) == (60, 50)
    assert {"final", "best"} <= {path.stem for path in (tmp_path / "checkpoints").iterdir()}


def test_a_run_that_breaks_has_failed(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        ran(make_trainer(), tmp_path, Kept(60, RuntimeError("full")))
    assert told(tmp_path)["status"] == "failed"


def test_a_run_that_breaks_before_any_evaluation_has_no_score(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError):
        ran(make_trainer(), tmp_path, Kept(10, RuntimeError("full")))
    assert told(tmp_path)["eval"]["return_iqm"] is None
    assert told(tmp_path)["eval"]["per_seed"] == []


def test_a_run_in_which_all_lanes_diverge_has_failed(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    trainer, sink = make_trainer(), Kept()
    trainer.learner.online.flat[:] = torch.nan
    with pytest.raises(TrainingError):
        ran(trainer, tmp_path, sink)
    assert (told(tmp_path)["status"], told(tmp_path)["diverged"]) == ("failed", [3, 4])
    kinds = [record.kind for record in sink.records]
    assert kinds[kinds.index("event") :] == ["event"] * 2 + ["batch"] * 4  # begun and ended


def test_a_run_that_was_stopped_is_interrupted(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer()
    trainer.stop()
    assert ran(trainer, tmp_path)["status"] == "interrupted"
    assert told(tmp_path)["env_steps"] == 0


def test_a_diverged_seed_is_named_in_the_summary(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer(seeds=3)
    trainer.learner.online.flat[1] = torch.nan
    summary = ran(trainer, tmp_path)
    assert (summary["diverged"], summary["status"]) == ([4], "finished")
    assert (summary["env_steps"], summary["updates"]) == (100, 41)
    assert [row["seed"] for row in summary["eval"]["per_seed"]] == [3, 4, 5]


class Fails:
    """A run whose folder cannot be completed, or can."""

    def __init__(self, fault: Exception | None) -> None:
        self.fault, self.ended = fault, ""

    def complete(self, status: str) -> dict[str, Any]:
        self.ended = status
        if self.fault is not None:
            raise self.fault
        return {"status": status}


def test_what_keeps_one_run_from_its_end_does_not_keep_those_beside_it() -> None:
    members: list[Any] = [Fails(OSError("disk full")), Fails(None), Fails(OSError("again"))]
    with pytest.raises(OSError, match="disk full"):
        _completed(members, "finished")
    assert [member.ended for member in members] == ["finished"] * 3
    assert _completed([members[1]], "interrupted") == [{"status": "interrupted"}]
