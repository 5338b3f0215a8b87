"""A buffer in a folder by hand. Transition n has n in every column that can hold it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rlbatch.errors import ConfigError, DataError, FileError
from rlbatch.files import load_tensors
from rlbatch.replay import Prioritised, ReplayBuffer
from rlbatch.replay.kept import STATE
from rlbatch.replay.storage import disk_ring

LINE = spaces.Box(-np.inf, np.inf, (1,), np.float32)
TWO = spaces.Discrete(2)


@pytest.fixture(autouse=True)
def _few_slots_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_ring, "LEAST", 4)


def add(buffer: ReplayBuffer, *numbers: int) -> None:
    """One call with as many environments."""
    n = np.array(numbers, np.float32)
    ends = np.zeros((2, len(n)), bool)
    buffer.add(n[:, None], np.array(numbers) % 2, n, n[:, None] + 1, *ends)


def filled(path: Path | None, numbers: int, **keywords: Any) -> ReplayBuffer:
    """A buffer of eight rows that was given transitions 0, 1, 2, ... one by one."""
    buffer = ReplayBuffer(8, LINE, TWO, path=path, **keywords)
    for n in range(numbers):
        add(buffer, n)
    return buffer


def rewards(buffer: ReplayBuffer) -> list[float]:
    return buffer.whole().reward.tolist() if len(buffer) else []


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_is_made_and_the_buffer_tells_of_it(tmp_path: Path) -> None:
    buffer = filled(tmp_path / "deep" / "folder", 3)
    assert buffer.path == tmp_path / "deep" / "folder"
    assert f"MB in {buffer.path}" in repr(buffer)
    assert ReplayBuffer(8, LINE, TWO).path is None


def test_the_bytes_are_those_of_the_file_and_of_the_counts(tmp_path: Path) -> None:
    buffer = filled(tmp_path, 3)
    assert buffer.nbytes == (tmp_path / "rows-0.rows").stat().st_size + 2 * 8
    assert (tmp_path / "rows-0.rows").stat().st_size == (8 + 4) * buffer.layout.words * 8


def test_a_flushed_buffer_goes_on_as_if_it_had_never_been_away(tmp_path: Path) -> None:
    told: dict[str, Any] = {"sampler": Prioritised(), "n_step": 3, "seed": 5}
    buffer, twin = filled(tmp_path, 30, **told), filled(None, 30, **told)
    buffer.flush()
    del buffer
    opened = filled(tmp_path, 0, **told)
    for n in range(30, 60):
        for own in (opened, twin):
            add(own, n)
            batch = own.sample(5)
            own.update_priorities(batch.row, batch.reward)
    mine, other = opened.state_dict(), twin.state_dict()
    assert mine.keys() == other.keys()
    assert all(torch.equal(mine[name], other[name]) for name in mine)


def test_what_was_not_flushed_is_gone(tmp_path: Path) -> None:
    buffer = filled(tmp_path, 6)
    buffer.flush()
    add(buffer, 6)
    del buffer
    assert rewards(filled(tmp_path, 0)) == [0, 1, 2, 3, 4, 5]


def test_a_folder_tells_what_its_buffer_was_made_with(tmp_path: Path) -> None:
    told: dict[str, Any] = {"lanes": 2, "seed": [3, 9], "gamma": 0.5, "n_step": 2, "validation": 4}
    buffer = ReplayBuffer(8, LINE, TWO, path=tmp_path, **told)
    described = buffer.described
    del buffer
    assert ReplayBuffer.load(tmp_path).described == described


def test_a_full_spare_flushes_before_the_row_that_would_not_fit(tmp_path: Path) -> None:
    filled(tmp_path / "12", 12)  # 8 rows and 4 to spare
    assert rewards(ReplayBuffer.load(tmp_path / "12")) == [0, 1, 2, 3, 4, 5, 6, 7]
    filled(tmp_path / "13", 13)
    assert rewards(ReplayBuffer.load(tmp_path / "13")) == [4, 5, 6, 7, 8, 9, 10, 11]


def test_at_any_time_no_more_rows_are_gone_than_there_are_slots_to_spare(tmp_path: Path) -> None:
    buffer = ReplayBuffer(100, LINE, TWO, path=tmp_path / "0")  # 6 slots to spare
    for n in range(1, 41):
        add(buffer, n)
        shutil.copytree(tmp_path / "0", tmp_path / str(n))
        assert n - 6 <= len(ReplayBuffer.load(tmp_path / str(n))) <= n


@pytest.mark.parametrize("num_envs", [5, 8, 9, 40])
def test_one_call_may_bring_more_than_there_are_slots_to_spare(
    tmp_path: Path, num_envs: int
) -> None:
    buffer = filled(tmp_path, 9)
    for start in range(0, 4 * num_envs, num_envs):
        add(buffer, *range(start, start + num_envs))
        twin = ReplayBuffer(8, LINE, TWO)
        add(twin, *range(8), *range(9), *range(start + num_envs))
        assert rewards(buffer) == rewards(twin)
    buffer.flush()
    assert len(list(tmp_path.glob("*.rows"))) == 1
    del buffer
    assert rewards(ReplayBuffer.load(tmp_path)) == rewards(twin)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"capacity": 9}, r"replay.capacity: expected 8, as in the folder, got 9\. Open"),
        ({"gamma": 0.5}, r"replay.gamma: expected 0.99"),
        ({"lanes": 1}, r"replay.lanes: expected None"),
        ({"seed": 1}, r"replay.seeds: expected \[0\]"),
        ({"sampler": Prioritised()}, r"replay.sampler: expected .*uniform.* got .*prioritised"),
        ({"action_space": spaces.Discrete(3)}, r"replay.action_space: expected Discrete\(2\)"),
        ({"n_step": 2}, r"replay.n_step: expected 1"),
    ],
)
def test_another_buffers_folder_is_refused_and_untouched(
    tmp_path: Path, changed: dict[str, Any], named: str
) -> None:
    filled(tmp_path, 6).flush()
    before = content(tmp_path)
    told: dict[str, Any] = {"capacity": 8, "obs_space": LINE, "action_space": TWO} | changed
    with pytest.raises(ConfigError, match=named):
        ReplayBuffer(**told, path=tmp_path)
    assert content(tmp_path) == before


def test_rows_without_their_state_are_refused_and_untouched(tmp_path: Path) -> None:
    filled(tmp_path, 6).flush()
    state = (tmp_path / STATE).read_bytes()
    (tmp_path / STATE).unlink()
    before = content(tmp_path)
    with pytest.raises(FileError, match=r"their state.safetensors, got only rows-0.rows\. Put"):
        filled(tmp_path, 0)
    assert content(tmp_path) == before
    (tmp_path / STATE).write_bytes(state)
    assert rewards(filled(tmp_path, 0)) == [0, 1, 2, 3, 4, 5]


def test_a_saved_file_in_place_of_a_state_is_refused(tmp_path: Path) -> None:
    filled(None, 6).save(tmp_path / STATE)
    wanted = r"state.safetensors: expected what was flushed with rows, got a file of its own\. Load"
    with pytest.raises(FileError, match=wanted):
        filled(tmp_path, 0)
    with pytest.raises(FileError, match=wanted):
        ReplayBuffer.load(tmp_path)
    assert rewards(ReplayBuffer.load(tmp_path / STATE)) == [0, 1, 2, 3, 4, 5]


def test_the_state_of_a_folder_is_no_saved_file(tmp_path: Path) -> None:
    filled(tmp_path, 6).flush()
    with pytest.raises(FileError, match=rf"expected a buffer that was saved, .* Load {tmp_path}\."):
        ReplayBuffer.load(tmp_path / STATE)


def test_a_refused_buffer_does_not_hold_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as held:
        filled(tmp_path, 0, n_step=0)
    filled(tmp_path, 1).flush()
    with pytest.raises(ConfigError) as held_too:
        filled(tmp_path, 0, gamma=0.5)
    assert len(filled(tmp_path, 0)) == 1
    assert held is not held_too  # both hold the frames of what failed


def test_a_folder_that_is_open_is_refused_until_it_is_let_go(tmp_path: Path) -> None:
    buffer = filled(tmp_path, 3)
    with pytest.raises(FileError, match="no other buffer is open in, got one"):
        ReplayBuffer(8, LINE, TWO, path=tmp_path)
    buffer.flush()
    del buffer
    assert len(ReplayBuffer.load(tmp_path)) == 3


def test_a_state_that_is_cut_or_altered_is_refused_and_untouched(tmp_path: Path) -> None:
    filled(tmp_path, 6).flush()
    path = tmp_path / STATE
    whole = path.read_bytes()
    broken = [whole[:length] for length in range(0, len(whole), 97)]
    broken += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (9, 500, -9)]
    for bad in broken:
        path.write_bytes(bad)
        before = content(tmp_path)
        with pytest.raises(FileError):
            filled(tmp_path, 0)
        assert content(tmp_path) == before
    path.write_bytes(whole)
    assert rewards(ReplayBuffer.load(tmp_path)) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("length", [None, 0, 100])
def test_rows_that_are_missing_or_cut_are_refused(tmp_path: Path, length: int | None) -> None:
    filled(tmp_path, 6).flush()
    rows = tmp_path / "rows-0.rows"
    rows.unlink() if length is None else os.truncate(rows, length)
    with pytest.raises(FileError, match=r"rows-0.rows: expected \d+ bytes, as when"):
        ReplayBuffer.load(tmp_path)


def test_a_state_is_taken_as_a_whole_and_flushed(tmp_path: Path) -> None:
    buffer = filled(tmp_path, 9)
    buffer.load_state_dict(filled(None, 30).state_dict())
    assert rewards(buffer) == [22, 23, 24, 25, 26, 27, 28, 29]
    del buffer
    opened = ReplayBuffer.load(tmp_path)
    assert rewards(opened) == [22, 23, 24, 25, 26, 27, 28, 29]
    assert [path.name for path in tmp_path.glob("*.rows")] == ["rows-1.rows"]


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    buffer = filled(tmp_path, 6)
    buffer.flush()
    state = filled(None, 9).state_dict()
    with pytest.raises(DataError):
        buffer.load_state_dict(state | {"episodes.begun": torch.zeros(3)})
    assert rewards(buffer) == [0, 1, 2, 3, 4, 5]
    buffer.flush()
    assert [path.name for path in tmp_path.glob("*.rows")] == ["rows-0.rows"]
    del buffer
    assert rewards(ReplayBuffer.load(tmp_path)) == [0, 1, 2, 3, 4, 5]


def test_a_saved_file_is_the_same_wherever_the_rows_lay(tmp_path: Path) -> None:
    for name, folder in (("disk", tmp_path / "folder"), ("memory", None)):
        filled(folder, 21).save(tmp_path / name)
    (mine, told), (other, also) = (load_tensors(tmp_path / name) for name in ("disk", "memory"))
    assert told == also
    assert all(torch.equal(mine[name], other[name]) for name in mine | other)


def test_a_folder_without_a_flush_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"state.safetensors: expected a tensor file, got noth"):
        ReplayBuffer.load(tmp_path)


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="file: expected a folder that can be made, got File exist"):
        filled(tmp_path / "file", 0)


def test_rows_lie_on_disk_or_on_the_device(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"replay.path: expected rows on disk or on the device"):
        filled(tmp_path, 0, storage="device")


def test_a_buffer_in_memory_cannot_be_flushed() -> None:
    with pytest.raises(ConfigError, match=r"replay.path: expected a folder to flush to, got None"):
        filled(None, 1).flush()
