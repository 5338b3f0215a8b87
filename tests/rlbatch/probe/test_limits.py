"""How much memory is left, read from files as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbatch.probe.limits import Room, room

MIB = 1 << 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with 100 MiB available and no cgroup."""
    write(tmp_path, "proc/meminfo", "MemTotal: 204800 kB\nMemAvailable: 102400 kB\n")
    write(tmp_path, "proc/self/cgroup", "")
    return tmp_path


def write(root: Path, place: str, text: object) -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_text(str(text))


def test_without_a_cgroup_the_machine_is_the_limit(root: Path) -> None:
    assert room(root) == Room(100 * MIB, "available memory of the machine")


def test_version_2_counts_what_the_group_uses_but_not_what_can_be_given_up(root: Path) -> None:
    write(root, "proc/self/cgroup", "0::/job\n")
    write(root, "sys/fs/cgroup/job/memory.max", 64 * MIB)
    write(root, "sys/fs/cgroup/job/memory.current", 50 * MIB)
    write(root, "sys/fs/cgroup/job/memory.stat", f"anon 5\ninactive_file {20 * MIB}\n")
    assert room(root) == Room((64 - 30) * MIB, "memory.max of the cgroup")


def test_a_parent_that_has_less_is_the_limit(root: Path) -> None:
    write(root, "proc/self/cgroup", "0::/all/job\n")
    for place, most in (("all/job", 64 * MIB), ("all", 32 * MIB)):
        write(root, f"sys/fs/cgroup/{place}/memory.max", most)
        write(root, f"sys/fs/cgroup/{place}/memory.current", 0)
    assert room(root).free == 32 * MIB


def test_version_1_is_read_at_the_mount_where_its_own_path_is_not_there(root: Path) -> None:
    write(root, "proc/self/cgroup", "5:cpu:/\n4:memory:/outside/of/the/container\n0::/\n")
    write(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", 10 * MIB)
    write(root, "sys/fs/cgroup/memory/memory.usage_in_bytes", 4 * MIB)
    assert room(root) == Room(6 * MIB, "memory.limit_in_bytes of the cgroup")


@pytest.mark.parametrize(
    ("line", "place", "told"),
    [
        ("0::/job", "job/memory.max", "max"),
        ("4:cpu,memory:/job", "memory/job/memory.limit_in_bytes", 9223372036854771712),
    ],
)
def test_a_group_without_a_limit_limits_nothing(
    root: Path, line: str, place: str, told: object
) -> None:
    write(root, "proc/self/cgroup", line + "\n")
    write(root, f"sys/fs/cgroup/{place}", told)
    write(root, f"sys/fs/cgroup/{Path(place).parent}/memory.usage_in_bytes", 0)
    assert room(root).source == "available memory of the machine"


def test_a_group_that_is_full_leaves_nothing(root: Path) -> None:
    write(root, "proc/self/cgroup", "0::/\n")
    write(root, "sys/fs/cgroup/memory.max", 10 * MIB)
    write(root, "sys/fs/cgroup/memory.current", 11 * MIB)
    assert room(root).free == 0
