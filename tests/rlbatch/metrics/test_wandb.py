"""The W&B sink logs without a network, and names its extra where it is missing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlbatch.errors import PlugError
from rlbatch.metrics import WandbSink
from rlbatch.types import Record

MakeRecord = Callable[..., Record]


class FakeRun:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.logged: list[dict[str, float]] = []
        self.axes: list[tuple[str, str]] = []
        self.finished = 0

    def define_metric(self, name: str, step_metric: str) -> None:
        self.axes.append((name, step_metric))

    def log(self, told: dict[str, float]) -> None:
        self.logged.append(told)

    def finish(self) -> None:
        self.finished += 1


def logged(
    monkeypatch: pytest.MonkeyPatch, folder: Path, moments: Sequence[Sequence[Record]]
) -> FakeRun:
    """A fake W&B run that was given these moments."""
    run = FakeRun()
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **told: run))
    sink = WandbSink(folder, "rlbatch", {"seed": 3}, "offline", [3, 4])
    for moment in moments:
        sink.write(moment)
    sink.close()
    return run


def test_a_moment_is_logged_at_once_for_each_seed_and_over_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, record: MakeRecord
) -> None:
    moment = [record("train", lane, 10, loss=float(lane), phase="anneal") for lane in (0, 1)]
    run = logged(monkeypatch, tmp_path, [moment])
    (told,) = run.logged
    assert told["env_step"] == 10
    assert (told["seed_3/train/loss"], told["seed_4/train/loss"]) == (0.0, 1.0)
    assert told["all/train/loss"] == 0.5
    assert 0.0 <= told["all/train/loss/low"] < told["all/train/loss/high"] <= 1.0
    assert run.axes == [("*", "env_step")]
    assert run.finished == 1


def test_a_single_seed_has_no_interval(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, record: MakeRecord
) -> None:
    (told,) = logged(monkeypatch, tmp_path, [[record("train", 0, 10, loss=1.0)]]).logged
    assert set(told) == {"env_step", "seed_3/train/loss", "all/train/loss"}


def test_an_event_has_no_numbers_to_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, record: MakeRecord
) -> None:
    told = [[record("event", 0, 10, event="diverged", reason="why")]]
    assert logged(monkeypatch, tmp_path, told).logged == []


def test_a_missing_extra_names_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(PlugError, match=r"wandb: .*rlbatch\[wandb\]"):
        WandbSink(tmp_path, "rlbatch", {}, "offline", [3])


def test_a_run_without_a_network_is_written_to_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, record: MakeRecord
) -> None:
    pytest.importorskip("wandb", reason="the extra wandb is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    config: dict[str, Any] = {"seed": 3, "batch": {"schedule": {"kind": "fixed"}}}
    sink = WandbSink(tmp_path, "rlbatch", config, "offline", [3, 4])
    sink.write([record("train", lane, 10, loss=1.0) for lane in (0, 1)])
    sink.close()
    (written,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    assert written.stat().st_size > 0
