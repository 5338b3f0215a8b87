"""The report dict: all of its keys, plain types alone, the same every time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbatch.compare.analysis.analyse import analyse
from rlbatch.compare.manifest import plan_hash
from rlbatch.compare.runs.gather import gather_runs, gather_study
from rlbatch.compare.settings import Env

ReportOf = Callable[..., dict[str, Any]]
NAN = float("nan")
KEYS = "schema name verdict plan budget envs seeds regimes pairs profiles versions hardware"
PLAN = "hash kept baseline contrasts primary co_primary alpha margin n least_seeds"
REGIME = (
    "n status final_return_iqm auc DT SRT LRT DR RR DF RF collapse_rate worst_seed divergences "
    "time_to_threshold ci per_seed curves batch_size diagnostics robustness config"
)
PAIR = "difference ci p p_holm n role effect correlation seeds_needed improvement improvement_ci"
PER_SEED = "env seed final_return auc DT SRT LRT DF RF collapsed diverged time_to_threshold"
ENVS = [Env(name="Room", score=(0, 100), threshold=80), Env(name="Hall", score=(-100, 300))]


def test_the_report_has_every_key_of_the_schema(report_of: ReportOf, climbs: Any) -> None:
    report = report_of({"a": climbs(), "b": climbs(draw=1)}, contrasts=["b"])
    regime, auc = report["regimes"]["b"], report["pairs"]["b"]["auc"]
    assert set(KEYS.split()) == set(report)
    assert set(report["verdict"]) == {"headline", "lines", "notes"}
    assert set(PLAN.split()) <= set(report["plan"])
    assert set(report["budget"]) == {"axis", "iso", "common"}
    assert set(REGIME.split()) <= set(regime)
    assert set(PER_SEED.split()) == set(regime["per_seed"][0])
    assert set(regime["curves"]["Room"]) == {"x", "iqm", "low", "high", "seeds"}
    assert set(regime["batch_size"]["Room"]) == {"x", "rows"}
    assert set(PAIR.split()) == set(auc)
    assert {"treatment", "control", "role", "identical"} <= set(report["pairs"]["b"])
    assert set(report["profiles"]["regimes"]["b"]) == {"value", "low", "high"}


def check_plain(value: Any, where: str = "report") -> None:
    assert value is None or type(value) in (dict, list, str, int, float, bool), where
    items = value.items() if isinstance(value, dict) else ()
    assert all(type(key) is str for key, _ in items), where
    for key, own in [*items, *enumerate(value if isinstance(value, list) else ())]:
        check_plain(own, f"{where}.{key}")


@pytest.mark.parametrize(
    ("curves", "told"),
    [
        ({"a": [[1.0, 2.0]], "b": [[2.0, 2.0]]}, {}),  # one seed
        ({"a": [[1.0], [2.0]], "b": [[0.0], [0.0]]}, {}),  # one evaluation, a median of 0
        ({"a": np.full((8, 40), 5.0), "b": np.full((8, 40), 5.0)}, {}),
        ({"a": [[1.0, NAN, 3.0]] * 3, "b": [[-1.0, 2.0, NAN]] * 3}, {}),
        ({"a": np.ones((2, 3)), "b": None}, {}),
        ({"a": None, "b": np.ones((2, 3))}, {}),
        ({"a": np.eye(3), "b": np.eye(3)}, {"runs": {"b": {"seed": 9}}}),
        ({"a": np.eye(3), "b": np.eye(3)[:, :2]}, {"runs": {"b": {"status": "interrupted"}}}),
        ({"a": np.eye(3), "b": np.eye(3)}, {"budget": "updates", "runs": {"b": {"start": 150}}}),
        ({"a": np.eye(3), "b": np.eye(3)}, {"envs": ENVS}),
        ({"a": -np.eye(3), "b": -np.eye(3)}, {"envs": [Env(name="Room")]}),
    ],
)
def test_whatever_the_runs_are_the_report_is_plain_json(
    report_of: ReportOf, curves: Any, told: Any
) -> None:
    report = report_of(curves, contrasts=["b"], **told)
    check_plain(report)
    json.dumps(report, allow_nan=False)
    assert report["verdict"]["headline"]


def test_the_same_folders_give_the_same_report_byte_for_byte(study: Any, climbs: Any) -> None:
    folder = study({"a": climbs(), "b": climbs(draw=1)}, contrasts=["b"])
    first, again = (json.dumps(analyse(gather_study(folder))) for _ in range(2))
    assert first == again


def test_a_plan_that_was_changed_makes_everything_exploratory(study: Any, climbs: Any) -> None:
    folder: Path = study({"a": climbs(), "b": climbs(top=40)}, contrasts=["b"])
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"alpha": 0.05', '"alpha": 0.2'))
    report = analyse(gather_study(folder))
    assert not report["plan"]["kept"]
    assert report["pairs"]["b"]["role"] == "exploratory"
    assert report["pairs"]["b"]["auc"]["p_holm"] is None
    assert report["verdict"]["headline"] == "Exploratory: the plan was not kept, the notes say why."
    assert report["verdict"]["lines"][0].startswith("The plan was not kept, so nothing is tested")
    assert any("changed after it was hashed" in note for note in report["verdict"]["notes"])


def test_of_several_environments_all_is_in_shares(report_of: ReportOf, climbs: Any) -> None:
    report = report_of({"a": climbs(), "b": climbs(draw=1)}, envs=ENVS)
    own = report["regimes"]["a"]
    room, hall = (
        np.array([row["auc"] for row in own["per_seed"] if row["env"] == env.name]) for env in ENVS
    )
    np.testing.assert_allclose(hall, (100 * room + 100) / 400)
    assert hall.max() < own["auc"] < room.min()
    low, high = own["ci"]["auc"]
    assert 0 < low <= own["auc"] <= high < 1
    assert report["plan"]["margin"] == 0.05
    assert (report["profiles"]["tau"][0], report["profiles"]["tau"][-1]) == (0, 1)


def test_of_one_environment_the_margin_is_in_returns(report_of: ReportOf) -> None:
    assert report_of({"a": np.eye(3)})["plan"]["margin"] == 5


def test_resampling_is_stratified_by_environment(report_of: ReportOf) -> None:
    flat = np.full((6, 3), 50.0)  # without spread inside an environment there is none at all
    assert report_of({"a": flat}, envs=ENVS)["regimes"]["a"]["ci"]["auc"] == [0.4375, 0.4375]


def test_the_budget_is_what_all_regimes_had(report_of: ReportOf, climbs: Any) -> None:
    runs = {"b": {"rows": (16,)}}
    report = report_of({"a": climbs(), "b": climbs(draw=1)}, runs=runs, budget="samples")
    assert report["budget"] == {"axis": "samples", "iso": "updates", "common": 3200}
    assert report["regimes"]["b"]["curves"]["Room"]["x"][-1] == 3200


def test_what_holds_for_every_regime_is_noted_once(report_of: ReportOf) -> None:
    notes = report_of({"a": [[1.0]], "b": [[2.0]]})["verdict"]["notes"]
    assert [note[:20] for note in notes] == ["Room: one evaluation", "Room: no DR and RR. "]


def test_the_least_seeds_follow_from_the_tests_planned(report_of: ReportOf) -> None:
    curves = {name: np.eye(3) for name in "abcde"}
    report = report_of(curves, contrasts=[*"bcde", "c vs b", "d vs b", "e vs b", "d vs c"])
    assert (report["plan"]["least_seeds"], report["plan"]["n"]) == (10, 3)


def test_runs_from_anywhere_are_exploratory(run_folder: Any, tmp_path: Path, climbs: Any) -> None:
    run_folder("x/a", climbs())
    run_folder("x/b", climbs(top=40))
    report = analyse(gather_runs([tmp_path / "x"], None))
    assert report["plan"]["hash"] == ""
    assert report["pairs"]["b"]["auc"]["role"] == "exploratory"
    assert report["verdict"]["headline"] == "Exploratory: no contrast was planned before training."


def test_tuned_regimes_are_compared_with_the_tuned_baseline(study: Any, climbs: Any) -> None:
    names = "a", "b", "a+tuned", "b+tuned"
    folder = study({name: climbs(draw=k) for k, name in enumerate(names)}, contrasts=["b"])
    told = json.loads((folder / "manifest.json").read_text())
    told["plan"]["regimes"] = told["plan"]["regimes"][:2]
    told["plan"]["tune"] = {"seed": 50, "seeds": 2, "factors": [1.0, 2.0]}
    told["plan_hash"] = plan_hash(told["plan"])
    (folder / "manifest.json").write_text(json.dumps(told))
    report = analyse(gather_study(folder))
    assert set(report["regimes"]) == set(names)
    assert report["plan"]["contrasts"] == ["b", "b+tuned vs a+tuned"]
    roles = {name: pair["role"] for name, pair in report["pairs"].items()}
    both = {"b": "primary", "b+tuned vs a+tuned": "primary"}
    assert roles == both | {"a+tuned": "exploratory"}
