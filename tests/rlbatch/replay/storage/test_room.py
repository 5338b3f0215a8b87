"""A capacity beyond what there is room for is refused before anything is allocated."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from rlbatch.errors import ConfigError
from rlbatch.replay import ReplayBuffer
from rlbatch.replay.kept import NEW, free_in
from rlbatch.replay.storage.room import Room, disk, memory, require_room

LINE = spaces.Box(-np.inf, np.inf, (1,), np.float32)
SCREENS = spaces.Box(0, 255, (4, 84, 84), np.uint8)
TWO = spaces.Discrete(2)
HUGE = 10**15


def system(root: Path, groups: str, limits: dict[str, str]) -> Path:
    """A root folder in which the system tells of these groups and limits."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for name, told in limits.items():
        (root / "sys/fs/cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "sys/fs/cgroup" / name).write_text(told)
    return root


def limit(root: Path) -> int:
    found = memory(root)
    assert found is not None
    return found.nbytes


def test_as_many_rows_as_fit_are_taken_and_one_more_is_not() -> None:
    room = Room(1000, "memory", "Lower it.")
    require_room(10, 100, room)
    with pytest.raises(ConfigError, match=r"at most about 10 rows \(.* of memory\), got 11: needs"):
        require_room(11, 100, room)


def test_where_nobody_knows_any_capacity_is_taken() -> None:
    require_room(HUGE, HUGE, None)


def test_more_than_the_memory_there_is_is_refused_and_disk_recommended() -> None:
    wanted = (
        r"replay.capacity: expected at most about \d+ rows \([\d,.]+ GB of memory\), "
        r"got 1000000000000000: needs 32,000,000.0 GB. Lower it; "
        r"in a buffer of your own you may also put rows on disk with path=<folder>\."
    )
    with pytest.raises(ConfigError, match=wanted):
        ReplayBuffer(HUGE, LINE, TWO)


def test_more_than_the_disk_has_free_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"GB of disk free in {tmp_path}.* got {HUGE}: needs"):
        ReplayBuffer(HUGE, LINE, TWO, path=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_not_made_in_vain(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"disk free in {tmp_path}/not/there\).* got {HUGE}"):
        ReplayBuffer(HUGE, LINE, TWO, path=tmp_path / "not" / "there")
    assert not list(tmp_path.iterdir())


def test_free_disk_counts_but_for_the_slots_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1700))
    assert disk(Path("/data")).nbytes == 1600


def test_a_folder_that_is_not_there_has_the_room_of_the_nearest_that_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {tmp_path: SimpleNamespace(free=1700)}
    monkeypatch.setattr(shutil, "disk_usage", free.__getitem__)
    assert disk(tmp_path / "not" / "there").nbytes == 1600


def test_rows_of_a_buffer_that_was_cut_short_while_it_was_made_are_no_loss_of_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows-0.rows").write_bytes(bytes(5000))
    (tmp_path / NEW).touch()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1700))
    assert (room := free_in(tmp_path)) is not None
    assert room.nbytes == 1600 + 5000


@pytest.mark.parametrize(
    ("keywords", "row_bytes"),
    [
        ({}, 32),
        ({"lanes": 5}, 5 * 32),
        ({"validation": 4}, 32 + 8),
        ({"lanes": 3, "validation": 2}, 3 * 48),
    ],
)
def test_lanes_and_rows_held_out_count(keywords: dict[str, Any], row_bytes: int) -> None:
    buffer = ReplayBuffer(8, LINE, TWO, **keywords)
    assert buffer.described.row_bytes == row_bytes
    assert buffer.nbytes - row_bytes * 8 == buffer.stored().nbytes * 2 * (
        1 + ("validation" in keywords)
    )


def test_a_frame_counts_once_a_row() -> None:
    buffer = ReplayBuffer(8, SCREENS, TWO, frame_stack=4)
    assert buffer.described.row_bytes == 84 * 84 + buffer.layout.words * 8


def test_the_physical_memory_is_a_limit(tmp_path: Path) -> None:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert limit(tmp_path) == pages
    assert limit(system(tmp_path, "0::/\n", {"memory.max": "max\n"})) == pages


def test_a_group_of_version_2_and_those_it_is_in_are_limits(tmp_path: Path) -> None:
    told = {"a/b/memory.max": "7000\n", "a/memory.max": "5000\n", "memory.max": "6000\n"}
    assert limit(system(tmp_path, "0::/a/b\n", told)) == 5000


def test_a_group_of_version_1_is_a_limit(tmp_path: Path) -> None:
    told = {
        "memory/own/memory.limit_in_bytes": "4000\n",
        "memory/memory.limit_in_bytes": f"{2**63 - 4096}\n",
        "cpu/own/memory.limit_in_bytes": "1\n",
    }
    groups = "9:cpu,cpuacct:/own\n4:memory:/own\n1:name=systemd:/\n0::/\n"
    assert limit(system(tmp_path, groups, told)) == 4000


def test_a_group_that_lies_elsewhere_here_is_looked_for_at_the_root(tmp_path: Path) -> None:
    told = {"memory/memory.limit_in_bytes": "3000\n"}
    assert limit(system(tmp_path, "4:memory:/of/the/host\n", told)) == 3000
