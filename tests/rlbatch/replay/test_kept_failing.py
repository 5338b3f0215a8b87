"""A buffer in a folder when things go wrong: cut short, without room, or twice its size."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rlbatch import files
from rlbatch.errors import FileError
from rlbatch.replay import ReplayBuffer
from rlbatch.replay.kept import NEW, STATE, Kept
from rlbatch.replay.storage import disk, disk_ring

LINE = spaces.Box(-np.inf, np.inf, (1,), np.float32)
TWO = spaces.Discrete(2)
ROWS = "rows-0.rows"
PAIRS = spaces.Box(0, 255, (2, 50, 50), np.uint8)


@pytest.fixture(autouse=True)
def _few_slots_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_ring, "LEAST", 4)


def add(buffer: ReplayBuffer, *numbers: int) -> None:
    """Transition n has n in every column; one call with as many environments."""
    n = np.array(numbers, np.float32)
    ends = np.zeros((2, len(n)), bool)
    buffer.add(n[:, None], np.array(numbers) % 2, n, n[:, None], *ends)


def filled(path: Path | None, numbers: int) -> ReplayBuffer:
    """A buffer of eight rows that was given transitions 0, 1, 2, ... one by one."""
    buffer = ReplayBuffer(8, LINE, TWO, path=path)
    for n in range(numbers):
        add(buffer, n)
    return buffer


def rewards(buffer: ReplayBuffer) -> list[float]:
    found: list[float] = buffer.whole().reward.tolist()
    return found


def rewards_in_a_copy(folder: Path) -> list[float]:
    """What a process that is killed now leaves behind."""
    with TemporaryDirectory() as other:
        return rewards(ReplayBuffer.load(shutil.copytree(folder, Path(other) / "copy")))


def refused(path: Path, *_: object) -> None:
    raise FileError(str(path), "a file that can be mapped", "Cannot allocate memory")


@contextmanager
def no_flush() -> Iterator[None]:
    """Within, there is room for rows but not for a state."""

    def full(path: Path, *_: object) -> None:
        raise FileError(str(path), "a file that can be written", "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "save_tensors", full)
        yield


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def file_size_limit(nbytes: int) -> Iterator[None]:
    """Within, no file may grow beyond that: the next best thing to a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_crash_between_rows_and_state_leaves_the_flush_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = filled(tmp_path, 10)
    buffer.flush()
    for n in range(10, 14):
        add(buffer, n)
    with monkeypatch.context() as patch:
        patch.setattr(files, "save_tensors", interrupted)
        with pytest.raises(KeyboardInterrupt):
            buffer.flush()
    del buffer
    assert rewards(ReplayBuffer.load(tmp_path)) == [2, 3, 4, 5, 6, 7, 8, 9]


def test_after_a_flush_that_was_cut_short_the_next_row_is_flushed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = filled(tmp_path, 3)
    with monkeypatch.context() as patch:
        patch.setattr(files, "sync_folder", interrupted)
        with pytest.raises(KeyboardInterrupt):
            buffer.flush()
    written = (tmp_path / STATE).stat().st_ino
    add(buffer, 3)
    assert (again := (tmp_path / STATE).stat().st_ino) != written
    add(buffer, 4)
    assert (tmp_path / STATE).stat().st_ino == again


def test_a_flush_that_finds_no_room_says_so_and_the_one_before_stands(tmp_path: Path) -> None:
    buffer = filled(tmp_path, 6)
    buffer.flush()
    names = set(tmp_path.iterdir())
    with file_size_limit(100):
        with pytest.raises(FileError, match="File too large"):
            buffer.flush()
        add(buffer, 6)  # for which there are slots to spare
    assert set(tmp_path.iterdir()) == names
    assert rewards(buffer) == [0, 1, 2, 3, 4, 5, 6]
    del buffer
    assert rewards(ReplayBuffer.load(tmp_path)) == [0, 1, 2, 3, 4, 5]


def test_a_row_that_needs_a_flush_there_is_no_room_for_is_not_stored(tmp_path: Path) -> None:
    buffer = filled(tmp_path, 12)
    with file_size_limit(100), pytest.raises(FileError):
        add(buffer, 12)
    assert rewards(buffer) == [4, 5, 6, 7, 8, 9, 10, 11]
    add(buffer, 12)
    assert rewards(buffer) == [5, 6, 7, 8, 9, 10, 11, 12]


def test_more_rows_in_a_call_than_can_be_mapped_leave_those_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = filled(tmp_path, 4)
    buffer.flush()
    with monkeypatch.context() as patch:
        patch.setattr(disk, "Mapped", refused)
        with pytest.raises(FileError, match="can be mapped"):
            add(buffer, *range(4, 50))
    assert rewards(buffer) == [0, 1, 2, 3]
    buffer.flush()
    del buffer
    assert rewards(ReplayBuffer.load(tmp_path)) == [0, 1, 2, 3]


def test_an_interrupt_while_a_ring_is_widened_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = filled(tmp_path, 4)
    with monkeypatch.context() as patch:
        patch.setattr(disk_ring, "move", interrupted)
        with pytest.raises(KeyboardInterrupt):
            add(buffer, *range(4, 50))
    buffer.flush()
    del buffer
    assert rewards(ReplayBuffer.load(tmp_path)) == [0, 1, 2, 3]


def test_a_ring_that_was_widened_but_not_flushed_flushes_first(tmp_path: Path) -> None:
    buffer = filled(tmp_path, 4)
    with no_flush(), pytest.raises(FileError):
        add(buffer, *range(4, 10))
    assert rewards(buffer) == [0, 1, 2, 3]
    with no_flush(), pytest.raises(FileError):
        add(buffer, 4)
    add(buffer, 4)
    del buffer
    assert rewards(ReplayBuffer.load(tmp_path)) == [0, 1, 2, 3]


def test_a_buffer_that_was_cut_short_while_it_was_made_is_made_anew(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "save_tensors", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ReplayBuffer(9, LINE, TWO, path=tmp_path, validation=2)
    assert sorted(path.name for path in tmp_path.glob("*.rows")) == ["held_out-0.rows", ROWS]
    assert rewards(filled(tmp_path, 3)) == [0, 1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", ROWS, STATE]


def test_what_lies_there_of_a_buffer_that_was_cut_short_makes_room_first(tmp_path: Path) -> None:
    (tmp_path / "held_out-0.rows").touch()
    (tmp_path / NEW).touch()
    Kept(tmp_path, ReplayBuffer(8, LINE, TWO).described).close()
    assert not list(tmp_path.glob("*.rows"))


def test_a_state_that_was_taken_but_not_flushed_flushes_before_the_next_row(tmp_path: Path) -> None:
    buffer, other = filled(tmp_path, 40), filled(None, 3)
    buffer.flush()
    with no_flush():
        with pytest.raises(FileError):
            buffer.load_state_dict(other.state_dict())
        assert rewards(buffer) == [0, 1, 2]
        with pytest.raises(FileError):
            add(buffer, 3)
    assert rewards_in_a_copy(tmp_path) == [32, 33, 34, 35, 36, 37, 38, 39]
    add(buffer, 3)
    assert rewards_in_a_copy(tmp_path) == [0, 1, 2]


def test_rows_that_find_no_room_are_refused_when_the_buffer_is_made(tmp_path: Path) -> None:
    with file_size_limit(100), pytest.raises(FileError, match=r"expected room for \d+ bytes"):
        filled(tmp_path, 0)
    assert not list(tmp_path.glob("*.rows"))
    assert len(filled(tmp_path, 2)) == 2


def test_a_state_there_is_no_room_for_changes_nothing(tmp_path: Path) -> None:
    buffer, other = filled(tmp_path, 6), ReplayBuffer(8, LINE, TWO)
    add(other, 77)
    with file_size_limit(100), pytest.raises(FileError, match="room for"):
        buffer.load_state_dict(other.state_dict())
    assert rewards(buffer) == [0, 1, 2, 3, 4, 5]
    buffer.flush()
    del buffer
    assert rewards(ReplayBuffer.load(tmp_path)) == [0, 1, 2, 3, 4, 5]


def test_frames_there_is_no_room_for_change_nothing(tmp_path: Path) -> None:
    told: dict[str, Any] = {"obs_space": PAIRS, "action_space": TWO, "frame_stack": 2}
    buffer, other = ReplayBuffer(8, path=tmp_path, **told), ReplayBuffer(8, **told)
    for own, num in ((buffer, 4), (other, 8)):
        for n in range(num):
            frames = np.full((3, 50, 50), n, np.uint8) + np.arange(3, dtype=np.uint8)[:, None, None]
            own.add(frames[None, :2], [0], [n], frames[None, 1:], [False], [False])
    buffer.load_state_dict(buffer.state_dict())  # compiles what it needs, which goes to files too
    before = buffer.whole()
    with file_size_limit(20_000), pytest.raises(FileError, match=r"frames-2.* room for"):
        buffer.load_state_dict(other.state_dict())
    assert all(torch.equal(one, two) for one, two in zip(before, buffer.whole(), strict=True))


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    filled(tmp_path, 6).flush()
    (tmp_path / f".{STATE}.x1y2").mkdir()
    (tmp_path / "rows-1.rows").write_bytes(b"rows of a load that was never flushed")
    assert rewards(ReplayBuffer.load(tmp_path)) == [0, 1, 2, 3, 4, 5]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "rows-0.rows", STATE]
