"""Rings and blocks in files: what the last flush held is not written over."""

from __future__ import annotations

import mmap
import os
import resource
from pathlib import Path

import numpy as np
import pytest

from rlbatch.errors import FileError
from rlbatch.replay.looks import everything
from rlbatch.replay.storage import disk, disk_ring
from rlbatch.replay.storage.disk import Edition, OnDisk
from rlbatch.replay.storage.disk_ring import DiskRing, num_slots
from rlbatch.replay.storage.ring import Ring


@pytest.fixture(autouse=True)
def _few_slots_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_ring, "LEAST", 2)


def append(ring: Ring, numbers: range) -> None:
    """Rows of one word, which is their number, to each lane."""
    rows = np.broadcast_to(np.array(numbers)[None, :, None], (len(ring.head), len(numbers), 1))
    ring.append(np.ascontiguousarray(rows), np.ones(rows.shape[:2], np.bool_))


def held(ring: Ring) -> list[list[int]]:
    numbers = everything(ring).drawn.numbers
    out = np.empty((*numbers.shape, 1), np.int64)
    ring.gather(numbers, out, np.empty(numbers.shape, np.float32))
    found: list[list[int]] = out[..., 0].tolist()
    return found


def in_file(path: Path) -> list[int]:
    found: list[int] = np.fromfile(path, np.int64).tolist()
    return found


def overwrite(place: OnDisk, ring: Ring) -> None:
    """Begins to replace everything, and fails."""
    with place.anew():
        ring.load(np.zeros((1, 1, 1), np.int64), np.array([1]), np.array([1]))
        place.block(0, 10)[:] = 9
        raise ZeroDivisionError


def refused(path: Path, *_: object) -> None:
    raise FileError(str(path), "a file that can be mapped", "Cannot allocate memory")


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_slots_to_spare_are_a_sixteenth_or_as_many_as_fit_a_megabyte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(disk_ring, "LEAST", 1024)
    assert num_slots(1_000_000, 56) == 1_062_500
    assert num_slots(10, 56) == 10 + 1024
    assert num_slots(10, 1 << 17) == 10 + 8
    assert num_slots(10, 1 << 21) == 10 + 1


def test_rows_go_to_slots_in_turn_and_what_was_flushed_stays(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, {})
    ring = place.ring("rows", 1, 4, 1)  # 6 slots
    append(ring, range(7))
    place.settle()
    assert place.left() == 2
    append(ring, range(7, 9))
    assert place.left() == 0
    assert in_file(tmp_path / "rows-0.rows") == [6, 7, 8, 3, 4, 5]
    assert held(ring) == [[5, 6, 7, 8]]


def test_what_is_left_is_that_of_the_fullest_lane_and_ring(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, {})
    rows, other = place.ring("rows", 2, 4, 1), place.ring("held_out", 2, 9, 1)
    valid = np.array([[True, True, True], [False, True, False]])
    rows.append(np.zeros((2, 3, 1), np.int64), ~valid)
    assert place.left() == 2 - 2
    place.settle()
    assert place.left() == 2
    append(other, range(1))
    assert place.left() == 2 - 1


def test_as_many_rows_as_there_are_slots_to_spare_may_follow_a_flush_full_or_not(
    tmp_path: Path,
) -> None:
    place = OnDisk(tmp_path, {})
    ring = place.ring("rows", 1, 40, 1)
    for num in range(50):
        assert place.left() == ring.spare == 2
        append(ring, range(num, num + 1))
        assert place.left() == 1
        place.settle()


def test_what_was_loaded_is_to_be_flushed_before_more(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, {})
    ring, twin = place.ring("rows", 1, 4, 1), Ring(1, 4, 1)
    append(ring, range(9))
    append(twin, range(3))
    ring.load(twin.written(), twin.head, twin.fill)
    assert place.left() == 0


def test_what_is_written_is_the_same_as_in_memory(tmp_path: Path) -> None:
    ring, twin = OnDisk(tmp_path, {}).ring("rows", 2, 4, 1), Ring(2, 4, 1)
    for own in (ring, twin):
        append(own, range(11))
    assert ring.written().tolist() == twin.written().tolist() == [[[8], [9], [10], [7]]] * 2
    again = OnDisk(tmp_path, {}).ring("again", 2, 4, 1)
    again.load(twin.written(), twin.head, twin.fill)
    assert held(again) == held(ring) == [[7, 8, 9, 10]] * 2


def test_a_ring_is_widened_with_its_rows_and_the_old_file_stays_until_settled(
    tmp_path: Path,
) -> None:
    place = OnDisk(tmp_path, {})
    ring = place.ring("rows", 1, 4, 1)
    append(ring, range(9))
    before = in_file(tmp_path / "rows-0.rows")
    place.widen(5)
    assert ring.spare >= 5
    append(ring, range(9, 12))
    assert held(ring) == [[8, 9, 10, 11]]
    assert in_file(tmp_path / "rows-0.rows") == before
    place.settle()
    assert [path.name for path in tmp_path.iterdir()] == ["rows-1.rows"]


def test_a_widened_ring_may_take_no_more_before_a_flush_than_it_might(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, {})
    append(place.ring("rows", 1, 4, 1), range(1))
    place.widen(5)
    assert place.left() == 1
    place.settle()
    assert place.left() == 10


def test_a_ring_whose_next_file_cannot_be_mapped_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = OnDisk(tmp_path, {})
    ring = place.ring("rows", 1, 4, 1)
    append(ring, range(4))
    monkeypatch.setattr(disk, "Mapped", refused)
    with pytest.raises(FileError, match="rows-1"):
        place.widen(5)
    assert [path.name for path in tmp_path.iterdir()] == ["rows-0.rows"]
    assert place.sync() == {"rows": Edition(0, 6 * 8)}
    place.settle()
    assert [path.name for path in tmp_path.iterdir()] == ["rows-0.rows"]
    assert held(ring) == [[0, 1, 2, 3]]


def test_a_ring_that_is_interrupted_on_its_way_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = OnDisk(tmp_path, {})
    ring = place.ring("rows", 1, 4, 1)
    append(ring, range(4))
    with monkeypatch.context() as patch:
        patch.setattr(disk_ring, "move", interrupted)
        with pytest.raises(KeyboardInterrupt):
            place.widen(5)
    assert held(ring) == [[0, 1, 2, 3]]
    assert place.sync() == {"rows": Edition(0, 6 * 8)}
    place.widen(5)
    assert held(ring) == [[0, 1, 2, 3]]
    assert place.sync() == {"rows": Edition(1, (4 + 2 * 5) * 8)}


def test_files_that_only_look_alike_are_left(tmp_path: Path) -> None:
    strangers = {tmp_path / "my-rows-1.rows", tmp_path / "rows-of-mine.rows"}
    for path in strangers:
        path.touch()
    place = OnDisk(tmp_path, {})
    place.ring("rows", 1, 4, 1)
    place.settle()
    assert strangers < set(tmp_path.iterdir())


def test_a_ring_that_is_wide_enough_stays_where_it_is(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, {})
    place.ring("rows", 1, 4, 1)
    place.widen(2)
    assert [path.name for path in tmp_path.iterdir()] == ["rows-0.rows"]


def test_what_fails_anew_is_as_it_was(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, {})
    ring, block = place.ring("rows", 1, 4, 1), place.block(0, 10)
    append(ring, range(5))
    block[:] = 7
    with pytest.raises(ZeroDivisionError):
        overwrite(place, ring)
    assert held(ring) == [[1, 2, 3, 4]]
    assert place.block(0, 10).tolist() == [7] * 10
    assert place.sync() == {"rows": Edition(0, 6 * 8), "frames": Edition(0, 4096)}
    assert {path.name for path in tmp_path.iterdir()} == {"rows-0.rows", "frames-0.rows"}


def test_what_was_synced_is_opened_again(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, {})
    append(place.ring("rows", 2, 4, 1), range(3))
    place.block(2, 5000)[:] = 3
    told = place.sync()
    again = OnDisk(tmp_path, told)
    assert again.ring("rows", 2, 4, 1).rows[:, :3, 0].tolist() == [[0, 1, 2]] * 2
    assert again.block(2, 5000).tolist() == [3] * 5000
    assert again.sync() == told


def test_a_file_shorter_than_was_told_is_refused(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, {})
    place.block(0, 5000)
    told = place.sync()
    os.truncate(tmp_path / "frames-0.rows", 4096)
    with pytest.raises(FileError, match=r"frames-0.rows: expected 8192 bytes, .* got 4096"):
        OnDisk(tmp_path, told)


def test_blocks_keep_apart_and_few_files_open(tmp_path: Path) -> None:
    place, num = OnDisk(tmp_path, {}), 200
    before = len(os.listdir("/proc/self/fd"))
    blocks = [place.block(index, 300) for index in range(num)]
    for index, block in enumerate(blocks):
        block[:] = index
    assert [block.tolist() for block in blocks] == [[index] * 300 for index in range(num)]
    assert len(os.listdir("/proc/self/fd")) - before < 10


def test_a_block_lies_where_room_was_made_for_it(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, {})
    for index in range(6):
        place.block(index, 300)[:] = index
    lying = np.fromfile(tmp_path / "frames-0.rows", np.uint8).reshape(
        -1, mmap.ALLOCATIONGRANULARITY
    )
    assert lying[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 0]


def test_a_part_without_blocks_takes_no_room(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, {})
    for index in range(9):
        place.block(index, 1 << 20)
    assert 9 << 20 <= os.stat(tmp_path / "frames-0.rows").st_blocks * 512 < 10 << 20


def test_a_block_there_is_no_room_for_is_refused(tmp_path: Path) -> None:
    place = OnDisk(tmp_path, {})
    kept = place.block(0, 4096)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(FileError, match=r"room for 4096 bytes, got File too large"):
            place.block(5, 4096)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    kept[:] = 1
    assert isinstance(place.ring("rows", 1, 1, 1), DiskRing)
    assert place.block(5, 4096).tolist() == [0] * 4096
