"""Files are whole or not there, and an altered one is refused."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import safetensors.torch
import torch

from rlbatch.errors import FileError
from rlbatch.files import load_tensors, save_tensors, write_text

TENSORS = {
    "flags": torch.tensor([True, False, True]),
    "number": torch.tensor(7, dtype=torch.int64),
    "grid": torch.arange(6.0).reshape(2, 3),
    "none": torch.zeros(0, 4),
}
META = {"capacity": 5, "name": "Zürich", "range": [1.5, None]}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_tensors(tmp_path / "state", TENSORS, META)
    return tmp_path / "state"


def test_tensors_and_description_come_back_as_they_were(saved: Path) -> None:
    tensors, meta = load_tensors(saved)
    assert meta == META
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert all(tensors[name].dtype == TENSORS[name].dtype for name in TENSORS)


def test_views_and_tensors_with_a_gradient_are_saved_too(tmp_path: Path) -> None:
    grid = torch.arange(6.0, requires_grad=True).reshape(2, 3)
    save_tensors(tmp_path / "views", {"turned": grid.T, "row": grid[1]}, {})
    tensors, _ = load_tensors(tmp_path / "views")
    assert torch.equal(tensors["turned"], grid.T)
    assert torch.equal(tensors["row"], grid[1])


def test_one_tensor_may_be_saved_under_two_names(tmp_path: Path) -> None:
    weights = torch.arange(3.0)
    save_tensors(tmp_path / "twice", {"online": weights, "target": weights}, {})
    tensors, _ = load_tensors(tmp_path / "twice")
    assert torch.equal(tensors["online"], weights)
    assert torch.equal(tensors["target"], weights)


def test_saving_again_replaces_the_file_and_leaves_nothing_beside_it(saved: Path) -> None:
    save_tensors(saved, {"only": torch.ones(1)}, {})
    assert list(load_tensors(saved)[0]) == ["only"]
    assert os.listdir(saved.parent) == [saved.name]


def test_a_save_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new, then a lone surrogate: \ud800")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["log"]


@contextmanager
def file_size_limit(nbytes: int) -> Iterator[None]:
    """Within, no file may grow beyond that: the next best thing to a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_without_room_the_old_file_stays_and_nothing_beside_it(saved: Path) -> None:
    for _ in range(2):  # the second time without anything that is imported late
        with file_size_limit(1000), pytest.raises(FileError, match="File too large") as refused:
            save_tensors(saved, {"large": torch.zeros(1000)}, {})
    assert str(refused.value).startswith(f"{saved}: expected a file that can be written, got ")
    assert str(refused.value).endswith("What was there before is untouched.")
    assert load_tensors(saved)[1] == META
    assert os.listdir(saved.parent) == [saved.name]


def test_text_that_finds_no_room_is_refused_too(tmp_path: Path) -> None:
    write_text(tmp_path / "log", "old")
    with file_size_limit(1000), pytest.raises(FileError, match=r"got File too large\."):
        write_text(tmp_path / "log", "new " * 1000)
    assert (tmp_path / "log").read_text() == "old"
    assert os.listdir(tmp_path) == ["log"]


def test_a_file_in_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"absent/state: .* got No such file or directory\."):
        save_tensors(tmp_path / "absent" / "state", TENSORS, META)


def test_content_reaches_the_disk_before_its_name_and_the_name_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, replace = os.fsync, os.replace
    kinds = {True: "folder", False: "file"}

    def noting_sync(handle: int) -> None:
        done.append(kinds[os.path.samestat(os.fstat(handle), tmp_path.stat())])
        sync(handle)

    def noting_replace(*paths: Path) -> None:
        done.append("name")
        replace(*paths)

    monkeypatch.setattr(os, "fsync", noting_sync)
    monkeypatch.setattr(os, "replace", noting_replace)
    save_tensors(tmp_path / "state", TENSORS, META)
    assert done == ["file", "name", "folder"]


def test_text_is_written_in_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "note", "γ = 0.99\n")
    assert (tmp_path / "note").read_bytes() == "γ = 0.99\n".encode()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"absent: expected a tensor file, got nothing there\."):
        load_tensors(tmp_path / "absent")


def test_a_folder_is_not_a_tensor_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="expected a tensor file"):
        load_tensors(tmp_path)


def test_a_file_cut_short_anywhere_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for length in range(len(whole)):
        saved.write_bytes(whole[:length])
        with pytest.raises(FileError):
            load_tensors(saved)


def test_a_file_with_one_byte_changed_anywhere_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 1
        saved.write_bytes(broken)
        with pytest.raises(FileError):
            load_tensors(saved)


def test_a_file_with_bytes_to_spare_is_refused(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes() + b"\0")
    with pytest.raises(FileError):
        load_tensors(saved)


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    safetensors.torch.save_file({"x": torch.ones(1)}, tmp_path / "foreign")
    with pytest.raises(FileError, match="schema version 1"):
        load_tensors(tmp_path / "foreign")
    (tmp_path / "text").write_text("not tensors")
    with pytest.raises(FileError, match="whole safetensors file"):
        load_tensors(tmp_path / "text")
