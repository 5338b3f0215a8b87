"""A comparison's folder keeps to its plan."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from rlbatch.compare.comparison import Comparison
from rlbatch.compare.manifest import (
    claim,
    comparison_of,
    note_probe,
    plan_hash,
    plan_of,
    read,
)
from rlbatch.compare.settings import Env, Plan, Reference, Regime, Tune
from rlbatch.errors import FileError

MADE = Comparison(
    name="made",
    regimes=(Regime(name="a"), Regime(name="b", control="yoked", of="a")),
    envs=(Env(name="Room", score=(0.0, 1.0), threshold=0.5), Env(name="Hall", score=(0.0, 2.0))),
    seeds=3,
    plan=Plan(contrasts=("b vs a",)),
    tune=Tune(),
    probe=Reference(),
)
DECLARED = {"base": {"env_steps": 100, "seed": 1}, "regimes": {"a": {}}}
PLAN = plan_of(MADE, DECLARED)


def test_the_hash_is_of_the_plan_and_not_of_the_order_of_its_keys() -> None:
    assert plan_hash(PLAN) == plan_hash(dict(reversed(PLAN.items())))
    turned = plan_of(MADE, {"regimes": {"a": {}}, "base": {"seed": 1, "env_steps": 100}})
    assert plan_hash(turned) == plan_hash(PLAN)
    assert len(plan_hash(PLAN)) == 64


@pytest.mark.parametrize(
    "changed",
    [
        {"seeds": 4},
        {"seed": 2},
        {"plan": Plan(contrasts=("b vs a",), alpha=0.1)},
        {"plan": Plan(contrasts=())},
        {"baseline": "b"},
        {"budget": "samples"},
        {"tune": None},
        {"probe": Reference(states=303)},
        {"variants": ("heavy",)},
        {"iso": "samples"},
    ],
)
def test_every_setting_changes_the_hash(changed: Any) -> None:
    other = dataclasses.replace(MADE, **changed)
    assert plan_hash(plan_of(other, DECLARED)) != plan_hash(PLAN)


@pytest.mark.parametrize(
    "declared",
    [
        {"base": {"env_steps": 101, "seed": 1}, "regimes": {"a": {}}},
        {"base": {"env_steps": 100, "seed": 1}, "regimes": {"a": {"seed": 1}}},
        {"base": {"env_steps": 100}, "regimes": {"a": {}}},
    ],
)
def test_every_override_changes_the_hash(declared: Any) -> None:
    assert plan_hash(plan_of(MADE, declared)) != plan_hash(PLAN)


def test_where_the_runs_lie_does_not_change_the_hash() -> None:
    elsewhere = dataclasses.replace(MADE, run_dir="elsewhere")
    assert plan_hash(plan_of(elsewhere, DECLARED)) == plan_hash(PLAN)


def test_a_plan_gives_back_its_comparison() -> None:
    found = comparison_of(json.loads(json.dumps(PLAN)))
    assert found == dataclasses.replace(MADE, tune=None, probe=None)


def test_the_same_plan_goes_on_in_its_folder(tmp_path: Path) -> None:
    claim(tmp_path / "x", PLAN, overwrite=False)
    note_probe(tmp_path / "x", "Room", "0123")
    claim(tmp_path / "x", PLAN, overwrite=False)
    found = read(tmp_path / "x")
    assert (found["plan_hash"], found["plan"]) == (plan_hash(PLAN), PLAN)
    assert found["probe"] == {"Room": "0123"}
    assert found["versions"]["rlbatch"]


def test_another_plan_is_refused_in_the_folder_and_changes_nothing(tmp_path: Path) -> None:
    claim(tmp_path, PLAN, overwrite=False)
    with pytest.raises(FileError, match="expected the comparison planned now, got another one"):
        claim(tmp_path, PLAN | {"seeds": 9}, overwrite=False)
    assert read(tmp_path)["plan"] == PLAN


def test_overwriting_removes_the_comparison_and_nothing_else(tmp_path: Path) -> None:
    claim(tmp_path, PLAN, overwrite=False)
    (tmp_path / "runs" / "Room").mkdir(parents=True)
    (tmp_path / "report.html").write_text("old")
    (tmp_path / "notes.txt").write_text("mine")
    other = PLAN | {"seeds": 9}
    claim(tmp_path, other, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "notes.txt"]
    assert read(tmp_path)["plan_hash"] == plan_hash(other)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("manifest", [None, "{", "[]", '{"env": {}}', '{"plan_hash": "0"}'])
def test_a_folder_of_something_else_is_never_taken(
    tmp_path: Path, manifest: str | None, overwrite: bool
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "mine.yaml").write_text("mine")
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(FileError, match="expected the folder of a comparison, got"):
        claim(tmp_path, PLAN, overwrite=overwrite)
    assert (tmp_path / "configs" / "mine.yaml").read_text() == "mine"


def test_other_probe_states_than_the_first_are_refused(tmp_path: Path) -> None:
    claim(tmp_path, PLAN, overwrite=False)
    note_probe(tmp_path, "Room", "0123")
    note_probe(tmp_path, "Room", "0123")
    note_probe(tmp_path, "Hall", "4567")
    with pytest.raises(FileError, match=r"expected probe states 0123, got 89ab\. Add --overwrite"):
        note_probe(tmp_path, "Room", "89ab")
    assert read(tmp_path)["probe"] == {"Room": "0123", "Hall": "4567"}
