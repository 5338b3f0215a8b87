"""Curves of run folders as one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlbatch.compare.plot import AXES, plot
from rlbatch.errors import ConfigError, FileError

START = {".pdf": b"%PDF", ".png": b"\x89PNG", ".svg": b"<"}


@pytest.fixture
def place(run_folder: Any, climbs: Any, tmp_path: Path) -> Path:
    """A folder of two runs."""
    run_folder("runs/a", climbs(3, count=6), start=200)
    run_folder("runs/b", climbs(3, count=6, top=40), start=200)
    return tmp_path / "runs"


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("ending", START)
def test_every_axis_and_ending_gives_the_same_bytes_twice(
    place: Path, axis: str, ending: str
) -> None:
    first, again = (place / name / f"curves{ending}" for name in ("one", "two"))
    for out in (first, again):
        plot([place], axis, out)
    assert first.read_bytes() == again.read_bytes()
    assert first.read_bytes().startswith(START[ending])


def test_another_axis_is_another_picture(place: Path) -> None:
    pictures = set()
    for axis in AXES:
        plot([place], axis, place / "x.svg")
        pictures.add((place / "x.svg").read_bytes())
    assert len(pictures) == len(AXES)


@pytest.mark.parametrize("name", ["curves.jpg", "curves", "pdf"])
def test_other_endings_are_refused_before_anything_is_written(place: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"--out: expected a name that ends in \.pdf, \.png, \.s"):
        plot([place], "env_steps", place / "new" / name)
    assert not (place / "new").exists()


def test_a_place_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="expected a run folder"):
        plot([tmp_path], "env_steps", tmp_path / "x.pdf")
    assert not (tmp_path / "x.pdf").exists()


def test_what_a_comparison_was_probed_with_is_no_curve(study: Any, run_folder: Any) -> None:
    folder = study({"a": [[1.0, 2.0]]})
    plot([folder], "env_steps", folder / "before" / "x.svg")
    run_folder("study/reference/Room", [[50.0, 60.0]], seed=99, regime="a")
    plot([folder], "env_steps", folder / "after" / "x.svg")
    before, after = (folder / name / "x.svg" for name in ("before", "after"))
    assert before.read_text() == after.read_text()
