"""What a run of lanes that differ leaves behind, arm by arm."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from rlbatch import files
from rlbatch.config import build, read
from rlbatch.evaluate import evaluate
from rlbatch.evaluate import main as evaluate_main
from rlbatch.metrics import iqm
from rlbatch.train import Sweep

Train = Callable[..., int]
SWEEP = "lanes={lr: [0.01, 0.001], epsilon_end: [0.0, 0.5]}"
ARMS = [f"lr={lr} epsilon_end={end}" for lr in ("0.01", "0.001") for end in ("0", "0.5")]


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def swept(trained: Callable[..., Path]) -> tuple[Path, str]:
    """A finished run of four arms and two seeds, and what it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        folder = trained(SWEEP, "require.worst_seed=0")
    return folder, printed.getvalue()


def test_metrics_tell_the_numbers_of_every_lane(swept: tuple[Path, str]) -> None:
    told = [line for line in lines(swept[0] / "metrics.csv") if line["env_step"] == "80"]
    assert [line["seed"] for line in told] == ["3", "4"] * 4
    assert [float(line["lr"]) for line in told] == [0.01] * 4 + [0.001] * 4
    assert [float(line["epsilon"]) for line in told] == [0.0, 0.0, 0.5, 0.5] * 2


def test_the_summary_scores_every_lane_and_every_arm(swept: tuple[Path, str]) -> None:
    summary = json.loads((swept[0] / "summary.json").read_text())
    assert (summary["lanes"], summary["seeds"]) == (8, [3, 4] * 4)
    told: dict[str, Any] = summary["eval"]
    found = [(row["arm"], row["seed"]) for row in told["per_seed"]]
    assert found == [(arm, seed) for arm in ARMS for seed in (3, 4)]
    own = lines(swept[0] / "eval.csv")
    for lane, row in enumerate(told["per_seed"]):
        last = [x for x in own if (x["lane"], x["env_step"]) == (str(lane), "100")]
        assert row["return"] == pytest.approx(sum(float(x["return"]) for x in last) / 3)
    for k, arm in enumerate(told["arms"]):
        means = [row["return"] for row in told["per_seed"][2 * k : 2 * k + 2]]
        assert arm["arm"] == ARMS[k]
        assert arm["return_mean"] == pytest.approx(sum(means) / 2)
        assert arm["return_iqm"] == pytest.approx(float(iqm(means)))


def test_each_arm_has_its_own_curves(swept: tuple[Path, str]) -> None:
    assert sorted(path.name for path in (swept[0] / "tb").iterdir()) == sorted(ARMS)
    for arm in ARMS:
        found = sorted(path.name for path in (swept[0] / "tb" / arm).iterdir())
        assert found == ["all", "seed_3", "seed_4"]


def test_what_is_printed_names_seeds_and_arms(swept: tuple[Path, str]) -> None:
    for arm in ARMS:
        assert f"3 ({arm})" in swept[1]
        assert f"\n{arm}: IQM " in swept[1]


def test_an_evaluation_labels_lanes_by_seed_and_arm(
    swept: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = build(read(swept[0] / "config.yaml"), "again")
    assert experiment.train.lanes == Sweep(lr=(0.01, 0.001), epsilon_end=(0.0, 0.5))
    scores = json.loads((swept[0] / "summary.json").read_text())["eval"]["per_seed"]
    wanted = {f"{row['seed']} ({row['arm']})": row["return"] for row in scores}
    assert len(wanted) == 8
    assert evaluate(experiment, swept[0], "final", 3) == pytest.approx(wanted)
    assert evaluate_main([str(swept[0]), "--episodes", "3"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{name} │" in shown for name in wanted)


def test_a_run_of_like_lanes_has_no_arms(finished: Path) -> None:
    told = json.loads((finished / "summary.json").read_text())["eval"]
    assert "arms" not in told
    assert [set(row) for row in told["per_seed"]] == [{"seed", "return"}] * 2


@pytest.mark.parametrize(
    ("lanes", "message"),
    [
        ("{lr: [0.1, 0.1]}", "lanes.lr: expected numbers that differ, got [0.1, 0.1]."),
        ("{lr: [0.1, -1.0]}", "lanes.lr: expected a number ≥ 0, got -1.0."),
        ("{lr: [fast]}", "lanes.lr: expected a valid number"),
        ("{lr: 0.1}", "lanes.lr: expected a valid"),
        ("{rate: [0.1]}", "lanes.rate: expected a known key"),
        ("{target_period: [0]}", "lanes.target_period: expected at least 1 env step, got 0."),
        ("{target_period: [1.5]}", "lanes.target_period: expected a valid integer"),
        ("{tau: [0.5]}", "lanes.tau: expected learner.target of kind polyak, got hard."),
        ("{epsilon_start: [0.01]}", "lanes.epsilon_start: expected at most start (0.01)"),
        ("{epsilon_start: [0.1], epsilon_end: [0.2]}", "lanes.epsilon_end: expected at most start"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_in_one_line(
    train: Train, here: Path, capsys: pytest.CaptureFixture[str], lanes: str, message: str
) -> None:
    assert train(f"lanes={lanes}") == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1
    assert not Path("runs").exists()


def test_churn_is_logged_with_a_probe_and_without(train: Train, here: Path) -> None:
    states = torch.randn(20, 4, generator=torch.Generator().manual_seed(1))
    files.save_tensors(Path("states.safetensors"), {"obs": states}, {})
    assert train("run_dir=plain", "learner.lr=0.1") == 0
    assert train("run_dir=probed", "probe=states.safetensors", "learner.lr=0.1") == 0
    plain, probed = (lines(Path(f"{run}/metrics.csv")) for run in ("plain", "probed"))
    for line in (*plain, *probed):
        assert bool(line["churn"]) == bool(line["td_recent_gap"]) == (line["update"] != "0")
    assert [line["churn"] for line in plain] != [line["churn"] for line in probed]


@pytest.mark.parametrize("shape", [(20, 3), (0, 4)])
def test_a_probe_of_other_states_is_refused_before_the_run(
    train: Train, here: Path, capsys: pytest.CaptureFixture[str], shape: tuple[int, int]
) -> None:
    files.save_tensors(Path("states.safetensors"), {"obs": torch.zeros(shape)}, {})
    assert train("run_dir=mine", "probe=states.safetensors") == 2
    assert "probe: expected states of shape (4,)" in capsys.readouterr().err
    assert not Path("mine").exists()
