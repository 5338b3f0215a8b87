"""Which runs a comparison is made of, in which order, and what each is trained with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rlbatch.compare.comparison import Comparison
from rlbatch.compare.settings import Env, Reference, Regime, Tune
from rlbatch.compare.study.grid import Cell, Lr, cells, overrides

LR = Lr(own=lambda cell: 0.1, tuned=lambda cell: 0.025)
REGIMES = (
    Regime(name="lr0", control="lr0", of="a"),
    Regime(name="a"),
    Regime(name="yoke", control="yoked", of="a"),
)


def made(**settings: Any) -> Comparison:
    told: dict[str, Any] = {"name": "made", "regimes": REGIMES, "envs": (Env(name="Room"),)}
    return Comparison(**({"seeds": 3} | told | settings))


def cell(comparison: Comparison, place: str) -> Cell:
    return next(own for own in cells(comparison) if own.place == place)


def test_a_control_waits_for_what_it_is_made_of() -> None:
    needs = {own.place: own.needs for own in cells(made())}
    assert needs == {
        "runs/Room/lr0": ("runs/Room/a",),
        "runs/Room/a": (),
        "runs/Room/yoke": ("runs/Room/a",),
    }


def test_everything_waits_for_the_reference_run_of_its_environment() -> None:
    envs = Env(name="Room", score=(0, 1)), Env(name="Hall", score=(0, 1))
    found = cells(made(envs=envs, probe=Reference()))
    kinds = [(own.kind, own.env) for own in found]
    assert kinds.count(("reference", "Room")) == kinds.count(("reference", "Hall")) == 1
    others = [own for own in found if own.kind != "reference"]
    assert all(own.needs[0] == f"reference/{own.env}" for own in others)


def test_the_reference_of_a_baseline_that_is_a_control_is_what_it_is_made_of() -> None:
    first = cells(made(baseline="lr0", probe=Reference()))[0]
    assert (first.kind, first.regime.name) == ("reference", "a")


def test_tuning_is_of_regimes_that_are_no_controls_and_comes_before_what_it_tunes() -> None:
    found = cells(made(tune=Tune()))
    tuned = [(own.place, own.needs, own.name) for own in found if own.kind in ("tune", "tuned")]
    assert tuned == [
        ("tune/Room/a", (), "a"),
        ("runs/Room/a+tuned", ("tune/Room/a",), "a+tuned"),
    ]


def test_a_regime_is_trained_on_the_tests_seeds_and_budget() -> None:
    comparison = made(seed=7, iso="samples")
    found = overrides(cell(comparison, "runs/Room/a"), comparison, Path("x"), LR)
    assert (found["seed"], found["seeds"], found["iso"]) == (7, 3, "samples")
    assert found["run_dir"] == "x/runs/Room/a"
    assert "learner.lr" not in found
    assert "probe" not in found


def test_a_regime_that_misses_what_the_base_config_requires_has_not_failed() -> None:
    found = overrides(cell(made(), "runs/Room/a"), made(), Path("x"), LR)
    assert found["require.worst_seed"] is found["require.return_iqm"] is None


def test_tuning_sweeps_factors_of_the_regimes_own_lr_on_its_own_seeds() -> None:
    comparison = made(tune=Tune(seed=50, seeds=2, factors=(0.5, 1.0, 2.0)))
    found = overrides(cell(comparison, "tune/Room/a"), comparison, Path("x"), LR)
    assert found["lanes.lr"] == [0.05, 0.1, 0.2]
    assert (found["seed"], found["seeds"]) == (50, 2)


def test_the_tuned_run_has_the_tests_seeds_and_the_tuned_lr() -> None:
    comparison = made(tune=Tune())
    found = overrides(cell(comparison, "runs/Room/a+tuned"), comparison, Path("x"), LR)
    assert (found["seed"], found["seeds"], found["learner.lr"]) == (1, 3, 0.025)
    assert found["run_dir"] == "x/runs/Room/a+tuned"


def test_the_reference_run_is_one_lane_of_its_own_seed_with_checkpoints() -> None:
    comparison = made(probe=Reference(seed=99))
    found = overrides(cell(comparison, "reference/Room"), comparison, Path("x"), LR)
    assert (found["seed"], found["seeds"], found["checkpoint_every"]) == (99, 1, 0.25)
    assert "probe" not in found


def test_every_run_but_the_reference_reads_its_signs_on_the_same_states() -> None:
    comparison = made(probe=Reference(), tune=Tune())
    others = [own for own in cells(comparison) if own.place != "runs/Room/yoke"][1:]
    files = {overrides(own, comparison, Path("x"), LR)["probe"] for own in others}
    assert files == {"x/reference/Room.safetensors"}


def test_a_control_is_made_from_the_log_of_its_source() -> None:
    found = overrides(cell(made(), "runs/Room/yoke"), made(), Path("x"), LR)
    assert found["batch.schedule"]["log"] == "x/runs/Room/a/decisions.csv"
    assert overrides(cell(made(), "runs/Room/lr0"), made(), Path("x"), LR)["learner.lr"] == 0.0
