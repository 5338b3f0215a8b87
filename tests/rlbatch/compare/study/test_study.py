"""A tiny comparison trained for real: what each regime was trained with, and what came of it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rich.console import Console

from rlbatch.compare import inner, read_run
from rlbatch.compare.analysis.analyse import analyse
from rlbatch.compare.analysis.verdict import wins_over
from rlbatch.compare.runs.gather import gather_study
from rlbatch.compare.study.study import Study
from rlbatch.compare.study.tuning import best_arm
from rlbatch.config import read_comparison
from rlbatch.schedule.trajectories import trajectories

REGIMES = ["a", "same", "matched", "yoked", "shuffled", "lr0", "a+tuned", "same+tuned"]


@pytest.fixture(scope="module")
def report(trained: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((trained / "report.json").read_text())
    return found


def config(trained: Path, place: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((trained / place / "config.yaml").read_text())
    return found


def test_every_regime_is_reported_untuned_and_tuned(report: Any, trained: Path) -> None:
    assert list(report["regimes"]) == [*REGIMES[:1], "a+tuned", "same", "same+tuned", *REGIMES[2:6]]
    assert {own["status"] for own in report["regimes"].values()} == {"finished"}
    assert report["plan"]["kept"]
    assert all((trained / "figures").iterdir())
    assert report == analyse(gather_study(trained))


def test_regimes_of_one_config_are_the_same_to_the_last_digit(report: Any) -> None:
    same = report["pairs"]["same"]
    assert same["identical"]
    measures = [own for own in same.values() if isinstance(own, dict)]
    assert len(measures) >= 8
    assert {own["difference"] for own in measures} == {0}
    assert "same is a: every paired difference is exactly zero." in report["verdict"]["lines"]


def test_the_arm_without_a_learning_rate_is_flat_and_wins_nothing(report: Any) -> None:
    curves = report["regimes"]["lr0"]["curves"]["CartPole"]["seeds"].values()
    assert all(len(set(curve)) == 1 for curve in curves)
    assert not wins_over(report["pairs"]["lr0"], report["plan"])
    assert report["pairs"]["lr0"]["unlearned"]


def test_two_seeds_are_too_few_for_a_verdict(report: Any) -> None:
    assert report["verdict"]["headline"].startswith("Too few paired seeds for a verdict: 2")


def test_matched_draws_as_many_rows_as_its_source_to_within_rounding(trained: Path) -> None:
    sizes = np.concatenate(trajectories(trained / "runs/CartPole/a/decisions.csv"))
    matched = trajectories(trained / "runs/CartPole/matched/decisions.csv")
    assert len(set(sizes)) > 1
    assert {int(rows) for own in matched for rows in own} == {round(float(sizes.mean()))}


def test_yokes_draw_the_sizes_of_the_next_lane_in_their_order_or_without(trained: Path) -> None:
    source, yoked, shuffled = (
        trajectories(trained / f"runs/CartPole/{name}/decisions.csv")
        for name in ("a", "yoked", "shuffled")
    )
    for lane in (0, 1):
        assert yoked[lane].tolist() == source[1 - lane].tolist()
        assert shuffled[lane].tolist() != source[1 - lane].tolist()
        assert sorted(shuffled[lane]) == sorted(source[1 - lane])


def test_the_tuned_lr_is_that_of_the_best_arm_on_other_seeds(trained: Path) -> None:
    sweep = read_run(trained / "tune" / "CartPole" / "a")
    assert sweep.arms == ({"lr": 0.002}, {"lr": 0.016})
    assert set(sweep.seeds) == {10_000}
    tuned = config(trained, "runs/CartPole/a+tuned")
    assert tuned["learner"]["lr"] == best_arm(sweep)["lr"]
    assert (tuned["seed"], tuned["seeds"]) == (1, 2)
    assert config(trained, "runs/CartPole/a")["learner"]["lr"] == 0.004


def test_signs_are_read_on_states_that_the_manifest_names(trained: Path, report: Any) -> None:
    digest = inner.digest(inner.load_probe(trained / "reference" / "CartPole.safetensors"))
    manifest = json.loads((trained / "manifest.json").read_text())
    assert manifest["probe"] == {"CartPole": digest}
    assert config(trained, "reference/CartPole")["seed"] == 20_000
    for name in REGIMES:
        told = json.loads((trained / "runs/CartPole" / name / "diagnostics.json").read_text())
        assert told["probe"] == digest
        assert list(report["regimes"][name]["robustness"]) == ["held_out_starts", "heavy"]


def test_what_is_there_is_not_trained_again(trained: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (trained / "runs").rglob("*")}
    planned = read_comparison(trained.parent / "tiny.yaml", [f"run_dir={trained}"])
    text = io.StringIO()
    outcomes, stopped = Study(planned, trained).train(Console(file=text, width=200))
    assert {outcome.status for outcome in outcomes} == {"kept"}
    assert not stopped
    assert text.getvalue().count(": kept\n") == len(outcomes) == 11
    assert {path: path.stat().st_mtime_ns for path in (trained / "runs").rglob("*")} == before


def test_every_lane_evaluates_on_the_same_budget(trained: Path) -> None:
    for name in REGIMES:
        with (trained / "runs/CartPole" / name / "eval.csv").open() as file:
            dates = {(line["seed"], line["env_step"]) for line in csv.DictReader(file)}
        assert dates == {(seed, str(step)) for seed in "12" for step in (50, 100, 150, 200)}
