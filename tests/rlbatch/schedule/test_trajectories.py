"""A decision log is read back as the rows of every update, or refused."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import FileError
from rlbatch.schedule.trajectories import trajectories

HEAD = "lane,update,batch_size\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "decisions.csv"
    path.write_text(text, encoding="utf-8")
    return path


def told(folder: Path, text: str) -> list[list[int]]:
    return [own.tolist() for own in trajectories(written(folder, HEAD + text))]


def test_each_change_holds_until_the_next(tmp_path: Path) -> None:
    text = "0,0,8\n1,0,4\n0,2,16\n0,5,0\n1,3,0\n"
    assert told(tmp_path, text) == [[8, 8, 16, 16, 16], [4, 4, 4]]


def test_lanes_come_in_their_order_and_other_columns_do_not_matter(tmp_path: Path) -> None:
    text = "lr,batch_size,lane,update\n,2,10,0\n0.1,3,9,0\nx,0,9,1\n,0,10,2\n"
    found = trajectories(written(tmp_path, text))
    assert [own.tolist() for own in found] == [[3], [2, 2]]


@given(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=30), min_size=1, max_size=3))
def test_what_was_cut_into_changes_is_put_together_again(lanes: list[list[int]]) -> None:
    lines = []
    for lane, sizes in enumerate(lanes):
        for update, rows in enumerate(sizes):
            if update == 0 or rows != sizes[update - 1]:
                lines.append(f"{lane},{update},{rows}\n")
        lines.append(f"{lane},{len(sizes)},0\n")
    with TemporaryDirectory() as folder:
        assert told(Path(folder), "".join(lines)) == lanes


def test_a_log_that_is_written_anew_is_read_anew(tmp_path: Path) -> None:
    assert told(tmp_path, "0,0,8\n0,1,0\n") == [[8]]
    assert told(tmp_path, "0,0,16\n0,2,0\n") == [[16, 16]]


def test_the_same_name_in_another_folder_is_another_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rows in (8, 9):
        folder = tmp_path / str(rows)
        folder.mkdir()
        monkeypatch.chdir(folder)
        path = written(Path(), f"{HEAD}0,0,{rows}\n0,1,0\n")
        os.utime(path, ns=(10**18, 10**18))
        assert trajectories(path)[0].tolist() == [rows]


def test_a_missing_log_is_refused_by_name(tmp_path: Path) -> None:
    message = r"decisions\.csv: expected a decision log, got No such file or directory\."
    with pytest.raises(FileError, match=message):
        trajectories(tmp_path / "decisions.csv")
    with pytest.raises(FileError, match="expected a decision log, got Is a directory"):
        trajectories(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "not a log\nat all\n",
        "lane,update\n0,0\n",
        HEAD + "0,0,many\n",
        HEAD + "0,0\n",
        HEAD + "0,1.5,4\n0,2,0\n",
        HEAD + ",0,4\n",
        HEAD + "0" * 200_000 + ",0,4\n",
    ],
)
def test_what_is_no_log_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError, match="expected lines of lane, update and batch_size"):
        trajectories(written(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_bytes(b"lane,update,batch_size\n\xff\xfe\x00\n")
    with pytest.raises(FileError, match="expected lines of lane, update and batch_size"):
        trajectories(path)


@pytest.mark.parametrize("text", ["", HEAD, HEAD + "0,0,4\n", HEAD + "0,0,4\n1,0,4\n0,3,0\n"])
def test_a_log_without_an_end_for_every_lane_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError, match="expected the log of a run that ended, got one without"):
        trajectories(written(tmp_path, text))


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("1,0,0\n", id="none"),
        pytest.param("1,0,4\n1,0,0\n", id="twice"),
        pytest.param("1,1,4\n1,3,0\n", id="late"),
        pytest.param("1,0,4\n1,5,8\n1,3,0\n", id="backward"),
        pytest.param("1,0,-4\n1,2,0\n", id="negative"),
        pytest.param("1,0,4\n1,2,0\n1,3,4\n1,5,0\n", id="a hole"),
    ],
)
def test_updates_that_do_not_follow_one_another_are_refused(tmp_path: Path, lines: str) -> None:
    with pytest.raises(FileError, match=r"updates that count up from 0 .*got others in lane 1"):
        trajectories(written(tmp_path, HEAD + "0,0,4\n0,3,0\n" + lines))
