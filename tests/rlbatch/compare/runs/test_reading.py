"""A run folder as curves, whatever state it was left in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rlbatch.compare import load_runs, read_run
from rlbatch.compare.runs.table import find_runs
from rlbatch.errors import DataError, FileError

Write = Callable[..., Path]
NAN = float("nan")
ARMS = [{"lr": 0.1}, {"lr": 0.2}]


def test_a_run_is_lanes_by_evaluations(run_folder: Write) -> None:
    run = read_run(run_folder("a", [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], seed=5, rows=(8, 16)))
    assert (run.regime, run.env, run.status, run.seeds) == ("a", "Room", "finished", (5, 6))
    np.testing.assert_array_equal(run.returns, [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(run.rollouts, [[2, 4], [5, 7]])
    assert {axis: x[1].tolist() for axis, x in run.axes.items()} == {
        "env_steps": [100, 200, 300],
        "updates": [10, 20, 30],
        "samples": [80, 160, 240],
        "wall_s": [0.1, 0.2, 0.3],
    }
    assert [(when["env_steps"], rows) for when, rows in run.changes[0]] == [
        (0, 8),
        (150, 16),
        (300, 0),
    ]


def test_names_can_be_given(run_folder: Write) -> None:
    run = read_run(run_folder("a", [[1.0, 2.0]]), "Hall", "b")
    assert (run.env, run.regime) == ("Hall", "b")


def test_an_id_of_gymnasium_is_the_name_of_its_environment(run_folder: Write) -> None:
    folder = run_folder("a", [[1.0, 2.0]])
    (folder / "manifest.json").write_text(json.dumps({"env": {"plug": "g:make", "id": "Pole-v1"}}))
    assert read_run(folder).env == "Pole-v1"


def test_from_its_first_nan_on_a_lane_scores_the_lowest_of_the_run(run_folder: Write) -> None:
    curves = [[-5.0, NAN, -1.0], [-3.0, -9.0, -2.0], [-4.0, -4.0, float("inf")]]
    run = read_run(run_folder("a", curves))
    np.testing.assert_array_equal(run.returns, [[-5, -9, -9], [-3, -9, -2], [-4, -4, -9]])
    assert run.invalid == (1, 3)


def test_a_run_without_one_number_is_refused(run_folder: Write) -> None:
    with pytest.raises(DataError, match="at least one return that is a number, got none"):
        read_run(run_folder("a", [[NAN, NAN]]))


@pytest.mark.parametrize("lost", ["summary.json", "eval.csv"])
def test_a_folder_without_what_a_run_has_is_refused(run_folder: Write, lost: str) -> None:
    folder = run_folder("a", [[1.0]])
    (folder / lost).unlink()
    with pytest.raises(FileError, match="expected a run folder, got something else"):
        read_run(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"regime": "a"}'])
def test_a_summary_that_is_none_is_refused(run_folder: Write, text: str) -> None:
    folder = run_folder("a", [[1.0]])
    (folder / "summary.json").write_text(text)
    with pytest.raises(FileError, match="expected a run folder, got something else"):
        read_run(folder)


def test_a_run_that_ended_before_it_evaluated_is_refused(run_folder: Write) -> None:
    folder = run_folder("a", [[1.0]])
    header = (folder / "eval.csv").read_text().splitlines()[0]
    (folder / "eval.csv").write_text(header + "\n")
    with pytest.raises(FileError, match="at least one evaluation, got none"):
        read_run(folder)


@pytest.mark.parametrize("line", ["0,1,400", "0,1,400,40,x,1,0,5,1", "zero,1,400,40,1,1,0,5,1"])
def test_a_broken_line_is_told_with_its_file(run_folder: Write, line: str) -> None:
    folder = run_folder("a", [[1.0]])
    with (folder / "eval.csv").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=r"eval.csv: expected lines with lane, seed, counters"):
        read_run(folder)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("1,2,300,30,240,0.3,0,5.0,1", "every lane evaluated at the same env steps"),
        ("1,2,200,20,160,0.2,2,5.0,1", "as many episodes in every lane"),
    ],
)
def test_lanes_that_do_not_fit_together_are_refused(
    run_folder: Write, line: str, told: str
) -> None:
    folder = run_folder("a", [[1.0, 2.0], [3.0, 4.0]])
    with (folder / "eval.csv").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=told):
        read_run(folder)


def test_a_run_without_a_log_of_decisions_or_signs_is_still_a_run(run_folder: Write) -> None:
    folder = run_folder("a", [[1.0, 2.0]])
    for name in ("decisions.csv", "diagnostics.json", "manifest.json", "config.yaml"):
        (folder / name).unlink()
    run = read_run(folder)
    assert (run.changes, run.diagnostics, run.config, run.env) == (((),), None, "", "env")


def test_lanes_that_diverged_do_not_say_how_far_a_run_came(run_folder: Write) -> None:
    run = read_run(run_folder("a", np.ones((3, 4)), stops={1: 15}))
    assert run.diverged == (False, True, False)
    assert run.axes["updates"].tolist()[1] == [10, 15, 15, 15]
    assert (run.end("updates"), run.end("env_steps")) == (40, 400)


def test_where_all_diverged_the_first_to_do_so_says_it(run_folder: Write) -> None:
    run = read_run(run_folder("a", np.ones((2, 4)), stops={0: 25, 1: 15}))
    assert run.end("updates") == 15


def test_a_sweep_is_a_run_for_each_arm(run_folder: Write) -> None:
    early = [{"lane": 1, "seed": 2, "env_step": 100}]
    curves = [[1.0], [2.0], [3.0], [4.0]]
    folder = run_folder("a", curves, arms=ARMS, stops={2: 5}, stopped_early=early)
    arms = read_run(folder).by_arm()
    assert [arm.regime for arm in arms] == ["a[lr=0.1]", "a[lr=0.2]"]
    assert [arm.seeds for arm in arms] == [(1, 2), (1, 2)]
    assert [arm.returns.ravel().tolist() for arm in arms] == [[1, 2], [3, 4]]
    assert [arm.diverged for arm in arms] == [(False, False), (True, False)]
    assert [arm.stopped_early for arm in arms] == [(False, True), (False, False)]
    assert [arm.diagnostics for arm in arms] == [None, None]  # they are of all lanes


def test_a_run_without_a_sweep_is_its_own_arm(run_folder: Write) -> None:
    run = read_run(run_folder("a", [[1.0], [2.0]]))
    (arm,) = run.by_arm()
    assert (arm.regime, arm.seeds, arm.diagnostics) == ("a", (1, 2), run.diagnostics)


def test_runs_are_found_in_the_order_of_their_names(run_folder: Write, tmp_path: Path) -> None:
    for name in ("b", "a/deep", "c"):
        run_folder(name, [[1.0]])
    found = [str(path.relative_to(tmp_path)) for path in find_runs(tmp_path)]
    assert found == ["a/deep", "b", "c"]
    assert list(find_runs(tmp_path / "b")) == [tmp_path / "b"]


def test_runs_that_a_comparison_was_tuned_or_probed_with_are_none_of_its_runs(
    study: Write,
) -> None:
    folder = study({"a": [[1.0, 2.0]]})
    (folder / "reference").mkdir()
    (folder / "reference" / "summary.json").write_text("{}")
    assert [path.name for path in find_runs(folder)] == ["a"]


def test_load_runs_gives_columns_of_equal_length(run_folder: Write, tmp_path: Path) -> None:
    run_folder("a", [[1.0, 2.0], [3.0, 4.0]])
    run_folder("b", [[5.0], [6.0]], arms=ARMS)
    (tmp_path / "file").write_text("no run")
    table = load_runs(f"{tmp_path}/*")
    assert {len(column) for column in table.values()} == {6}
    assert table["regime"].tolist() == ["a"] * 4 + ["b"] * 2
    assert table["return"].tolist() == [1, 2, 3, 4, 5, 6]
    assert table["env_step"].tolist() == [100, 200, 100, 200, 100, 100]
    np.testing.assert_array_equal(table["lr"], [NAN] * 4 + [0.1, 0.2])


def test_load_runs_takes_patterns_relative_to_here(
    run_folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_folder("runs/a", [[1.0]])
    monkeypatch.chdir(tmp_path)
    assert load_runs("runs/*")["seed"].tolist() == [1]
    with pytest.raises(FileError, match=r"nothing/\*: expected at least one run folder, got none"):
        load_runs("nothing/*")
