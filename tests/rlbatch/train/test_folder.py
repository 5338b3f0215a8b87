"""A run's folder is claimed before anything is written into it, and never another run's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlbatch.errors import FileError
from rlbatch.train.folder import claim, describe


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def run_in(folder: str) -> Path:
    """A folder that holds a run and a note."""
    path = Path(folder)
    (path / "checkpoints").mkdir(parents=True)
    (path / "tb" / "all").mkdir(parents=True)
    for name in ("config.yaml", "metrics.csv", "summary.json", "notes.txt"):
        (path / name).write_text(name)
    return path


def test_runs_are_numbered_one_after_another(here: Path) -> None:
    told = [claim(None, "probe", False) for _ in range(3)]
    assert [str(folder) for folder in told] == ["runs/probe-1", "runs/probe-2", "runs/probe-3"]


def test_latest_leads_to_the_newest_run(here: Path) -> None:
    for _ in range(2):
        newest = claim(None, "probe", False)
        assert Path("runs/latest").resolve() == newest.resolve()
    assert names(Path("runs")) == ["latest", "probe-1", "probe-2"]


def test_each_config_has_numbers_of_its_own(here: Path) -> None:
    claim(None, "probe", False)
    assert str(claim(None, "other", False)) == "runs/other-1"
    assert Path("runs/latest").resolve().name == "other-1"


def test_a_number_that_is_taken_by_a_file_is_passed_over(here: Path) -> None:
    Path("runs").mkdir()
    Path("runs/probe-1").write_text("")
    assert str(claim(None, "probe", False)) == "runs/probe-2"


def test_a_run_goes_on_counting_after_the_highest_number(here: Path) -> None:
    Path("runs/probe-7").mkdir(parents=True)
    Path("runs/probe-old").mkdir()
    assert str(claim(None, "probe", False)) == "runs/probe-8"


def test_a_folder_may_be_named(here: Path) -> None:
    assert claim("deep/down", "probe", False) == Path("deep/down")
    assert Path("deep/down").is_dir()
    assert not Path("runs").exists()


def test_a_folder_without_a_run_may_hold_other_things(here: Path) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("keep")
    claim("mine", "probe", False)
    assert names(Path("mine")) == ["notes.txt"]


def test_a_folder_that_holds_a_run_is_refused_untouched(here: Path) -> None:
    path = run_in("mine")
    before = names(path)
    with pytest.raises(FileError, match=r"run_dir mine: expected a folder without a run.*--overwr"):
        claim("mine", "probe", False)
    assert names(path) == before


def test_overwriting_removes_the_run_and_nothing_else(here: Path) -> None:
    path = run_in("mine")
    assert claim("mine", "probe", True) == path
    assert names(path) == ["notes.txt"]


def test_overwriting_does_not_follow_links_out_of_the_folder(here: Path) -> None:
    run_in("elsewhere")
    Path("mine").mkdir()
    Path("mine/checkpoints").symlink_to(here / "elsewhere")
    claim("mine", "probe", True)
    assert names(Path("mine")) == []
    assert "summary.json" in names(Path("elsewhere"))


@pytest.mark.parametrize("run_dir", ["file", "file/under", "file/under/deep"])
def test_a_folder_under_a_file_cannot_be_made(here: Path, run_dir: str) -> None:
    Path("file").write_text("mine")
    with pytest.raises(FileError, match=f"run_dir {run_dir}: expected a folder that can be made"):
        claim(run_dir, "probe", True)
    assert Path("file").read_text() == "mine"


def test_a_file_in_the_place_of_runs_is_refused(here: Path) -> None:
    Path("runs").write_text("mine")
    with pytest.raises(FileError, match="run_dir runs: expected a folder that can be made"):
        claim(None, "probe", False)


def test_a_run_is_described_by_its_config_and_its_manifest(here: Path) -> None:
    describe(here, "seed: 1\n", {"id": "CartPole-v1"}, 3)
    manifest = json.loads((here / "manifest.json").read_text())
    wanted = {"commit", "versions", "hardware", "threads", "matmul_precision", "command"}
    assert wanted <= set(manifest)
    assert manifest["threads"] == 3
    assert manifest["env"] == {"id": "CartPole-v1"}
    assert manifest["versions"]["torch"]
    assert (here / "config.yaml").read_text() == "seed: 1\n"
    assert (here / "checkpoints").is_dir()
