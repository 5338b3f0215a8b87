"""What is read of a comparison's folder, and of run folders from anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbatch.compare.runs.gather import gather_runs, gather_study
from rlbatch.errors import ConfigError, DataError, FileError

Write = Callable[..., Path]
TWO = np.ones((2, 3))


def test_the_runs_of_a_plan_that_was_kept(study: Write) -> None:
    found = gather_study(study({"a": TWO, "b": TWO}, contrasts=["b"]))
    assert found.kept
    assert found.notes == []
    assert {name: list(own) for name, own in found.runs.items()} == {"a": ["Room"], "b": ["Room"]}


def edited(folder: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    told = json.loads((folder / "manifest.json").read_text())
    edit(told)
    (folder / "manifest.json").write_text(json.dumps(told))
    return folder


@pytest.mark.parametrize("word", ["alpha", "margin"])
def test_a_plan_that_was_changed_after_it_was_hashed_is_none(study: Write, word: str) -> None:
    folder = edited(study({"a": TWO}), lambda told: told["plan"]["plan"].update({word: 0.2}))
    found = gather_study(folder)
    assert not found.kept
    assert found.notes == ["The plan was changed after it was hashed: nothing here was planned."]


@pytest.mark.parametrize(
    ("runs", "note"),
    [
        ({"status": "interrupted"}, "b in Room is interrupted."),
        ({"status": "failed"}, "b in Room is failed."),
        ({"seed": 2}, "b has seeds [2, 3], planned: [1, 2]."),
    ],
)
def test_a_run_that_is_not_as_planned_is_told_and_ends_the_plan(
    study: Write, runs: Any, note: str
) -> None:
    found = gather_study(study({"a": TWO, "b": TWO}, runs={"b": runs}))
    assert found.notes == [note]
    assert not found.kept


def test_a_run_that_is_missing_is_told_and_the_others_are_there(study: Write) -> None:
    found = gather_study(study({"a": TWO, "b": None}))
    assert list(found.runs) == ["a"]
    assert found.notes[0].startswith("b in Room is missing: ")
    assert not found.kept


def test_a_comparison_without_a_run_is_refused(study: Write) -> None:
    folder = study({"a": TWO})
    (folder / "runs" / "Room" / "a" / "summary.json").unlink()
    with pytest.raises(FileError, match="at least one run that evaluated, got none"):
        gather_study(folder)


def test_a_tuned_comparison_has_the_runs_before_and_after(study: Write) -> None:
    folder = study({"a": TWO, "lr0": TWO}, controls={"lr0": ("lr0", "a")})
    edited(folder, lambda told: told["plan"].update(tune={"seed": 50}))
    found = gather_study(folder)
    assert found.tuned
    assert next(note for note in found.notes if "missing" in note).startswith("a+tuned in Room")
    assert not any("lr0+tuned" in note for note in found.notes)


def test_run_folders_from_anywhere_have_no_plan(run_folder: Write, tmp_path: Path) -> None:
    run_folder("x/a", TWO)
    run_folder("x/b", TWO)
    found = gather_runs([tmp_path / "x"], None)
    assert (found.plan_hash, found.kept, found.comparison.baseline) == (None, False, "a")
    assert found.notes == ["Nothing was planned before these runs: every number is exploratory."]


def test_seeds_that_stopped_early_are_told(run_folder: Write, tmp_path: Path) -> None:
    early = [{"lane": 1, "seed": 2, "env_step": 200}]
    run_folder("x/a", TWO, stopped_early=early)
    run_folder("x/more", TWO, seed=3, regime="a")
    found = gather_runs([tmp_path / "x"], None)
    note = "a in Room stopped early in seeds [2]: their curves are flat from there."
    assert found.notes[1:] == [note]
    assert found.runs["a"]["Room"].stopped_early == (False, True, False, False)


def test_folders_of_one_regime_with_other_seeds_are_one(run_folder: Write) -> None:
    first, other = run_folder("x/a", TWO), run_folder("y/a", 2 * TWO, seed=7)
    run = gather_runs([first, other], None).runs["a"]["Room"]
    assert run.seeds == (1, 2, 7, 8)
    np.testing.assert_array_equal(run.returns[:, 0], [1, 1, 2, 2])
    assert {x.shape for x in run.axes.values()} == {(4, 3)}
    assert len(run.changes) == len(run.diverged) == len(run.lanes) == len(run.rollouts) == 4


def test_the_same_seed_twice_is_refused(run_folder: Write) -> None:
    places = [run_folder("x/a", TWO), run_folder("y/a", TWO, seed=2)]
    with pytest.raises(DataError, match=r"regime a: .*Seeds \[2\] are in .*/x/a and .*/y/a"):
        gather_runs(places, None)


@pytest.mark.parametrize("told", [{"every": 90}, {}])
def test_folders_of_one_regime_evaluated_otherwise_are_refused(
    run_folder: Write, told: dict[str, int]
) -> None:
    places = [run_folder("x/a", TWO), run_folder("y/a", TWO, seed=7, **told)]
    if not told:  # as often, but with another episode at the end
        with (places[1] / "eval.csv").open("a") as file:
            file.writelines(f"{lane},{7 + lane},300,30,240,0.3,2,5.0,1\n" for lane in (0, 1))
    with pytest.raises(DataError, match="expected the same evaluations in every folder"):
        gather_runs(places, None)


@pytest.mark.parametrize("status", [("interrupted", "finished"), ("finished", "interrupted")])
def test_one_folder_that_was_interrupted_is_told(run_folder: Write, status: Any) -> None:
    first = run_folder("x/a", TWO, status=status[0])
    other = run_folder("y/a", TWO, seed=7, status=status[1])
    found = gather_runs([first, other], None)
    assert found.runs["a"]["Room"].status == "interrupted"
    assert found.notes[1:] == ["a in Room is interrupted."]


def test_a_swept_run_is_a_regime_for_each_arm(run_folder: Write) -> None:
    folder = run_folder("a", np.ones((4, 2)), arms=[{"lr": 1e-4}, {"lr": 2e-4}])
    found = gather_runs([folder], "a_lr_0.0002_")
    assert list(found.runs) == ["a_lr_0.0001_", "a_lr_0.0002_"]
    assert found.comparison.baseline == "a_lr_0.0002_"
    assert [own["Room"].seeds for own in found.runs.values()] == [(1, 2), (1, 2)]


def test_names_that_a_config_could_not_use_are_made_plain(run_folder: Write) -> None:
    folder = run_folder("a", TWO, regime="_übung 1")
    (folder / "manifest.json").write_text(json.dumps({"env": {"id": "ALE/Pong-v5"}}))
    found = gather_runs([folder], None)
    assert {name: list(own) for name, own in found.runs.items()} == {"bung_1": ["ALE_Pong-v5"]}


def test_several_environments_are_scaled_by_what_the_runs_reached(run_folder: Write) -> None:
    run_folder("x/a", [[1.0, 5.0]])
    hall = run_folder("x/b", [[7.0, 7.0]], regime="a")
    (hall / "manifest.json").write_text(json.dumps({"env": {"plug": "rooms:Hall"}}))
    envs = {env.name: env.score for env in gather_runs([hall.parent], None).comparison.envs}
    assert envs == {"Room": (1.0, 5.0), "Hall": (7.0, 8.0)}


def test_an_unknown_baseline_is_refused(run_folder: Write) -> None:
    with pytest.raises(ConfigError, match=r"--baseline: expected one of \['a'\], got b"):
        gather_runs([run_folder("a", TWO)], "b")


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_a_place_without_a_run_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match="expected a run folder, or a folder of them, got none"):
        gather_runs([tmp_path / name], None)
