"""A folder is held by one at a time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rlbatch.errors import FileError
from rlbatch.replay.storage.lock import Lock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such locks there")


class Pair:
    """Two that hold each other, which only the garbage collector lets go."""

    def __init__(self, folder: Path) -> None:
        self.lock, self.other = Lock(folder), self


def test_a_second_one_is_refused_until_the_first_is_released(tmp_path: Path) -> None:
    first = Lock(tmp_path)
    with pytest.raises(FileError, match="no other buffer is open in"):
        Lock(tmp_path)
    first.release()
    second = Lock(tmp_path)
    with pytest.raises(FileError):
        Lock(tmp_path)
    assert second.release.alive


def test_it_is_released_with_the_last_reference(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    del lock
    again = Lock(tmp_path)
    assert again.release.alive


def test_one_that_waits_for_the_garbage_collector_does_not_stand_in_the_way(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    del pair
    again = Lock(tmp_path)
    assert again.release.alive


def test_other_folders_are_free(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    locks = Lock(tmp_path), Lock(tmp_path / "other")
    assert all(lock.release.alive for lock in locks)
