"""Every sampler, and n-step windows, through the buffer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rlbatch.errors import DataError, FileError
from rlbatch.replay import (
    Prioritised,
    Recent,
    ReplayBuffer,
    SamplerSettings,
    Sequential,
    Uniform,
    WithoutReplacement,
)

OBS, ACTION = spaces.Box(-1e6, 1e6, (1,)), spaces.Discrete(2)
ALL: list[SamplerSettings] = [
    Uniform(),
    Prioritised(beta_updates=10),
    Prioritised(stratified=True),
    Recent(half_life=5),
    WithoutReplacement(),
    Sequential(),
]


def filled(sampler: SamplerSettings, rows: int = 30, **more: Any) -> ReplayBuffer:
    """Two lanes of 16 rows each; obs is the number of the transition, 100 more in lane 1."""
    buffer = ReplayBuffer(16, OBS, ACTION, 2, seed=5, sampler=sampler, **more)
    for t in range(rows):
        obs = np.array([[[t]], [[100 + t]]], np.float32)
        flags = np.zeros((2, 1), bool)
        buffer.add(obs, flags.astype(int), np.ones((2, 1)), obs + 1, flags, flags)
    return buffer


@pytest.mark.parametrize("sampler", ALL, ids=repr)
def test_only_rows_that_are_held_are_drawn(sampler: SamplerSettings) -> None:
    batch = filled(sampler).sample(12)
    assert int(batch.row.min()) >= 14
    assert torch.equal(batch.obs[0, :, 0], batch.row[0].float())
    assert torch.equal(batch.obs[1, :, 0], batch.row[1].float() + 100)
    assert torch.equal(batch.size, torch.tensor([12, 12]))


@pytest.mark.parametrize("sampler", ALL, ids=repr)
def test_lanes_have_sizes_of_their_own_and_padding_weighs_nothing(
    sampler: SamplerSettings,
) -> None:
    batch = filled(sampler).sample([3, 7])
    assert (batch.row >= 0).sum(1).tolist() == [3, 7]
    assert batch.weight[0, 3:].tolist() == [0.0] * 4
    assert bool((batch.weight[batch.row >= 0] > 0).all())


@pytest.mark.parametrize("sampler", ALL, ids=repr)
def test_a_loaded_buffer_draws_what_the_saved_one_would_have(
    sampler: SamplerSettings, tmp_path: Path
) -> None:
    buffer = filled(sampler, n_step=3)
    batch = buffer.sample(8)
    buffer.update_priorities(batch.row, torch.arange(16.0).reshape(2, 8))
    buffer.save(tmp_path / "buffer.safetensors")
    loaded = ReplayBuffer.load(tmp_path / "buffer.safetensors")
    for own, other in zip(buffer.sample(8), loaded.sample(8), strict=True):
        assert torch.equal(own, other)


def test_surprising_rows_are_drawn_more_often() -> None:
    buffer = filled(Prioritised(alpha=1.0))
    held = buffer.whole().row
    buffer.update_priorities(held, torch.where(held == 20, 100.0, 0.001))
    drawn = buffer.sample(64)
    assert float((drawn.row == 20).double().mean()) > 0.9
    assert buffer.wants_td_error


def test_a_td_error_that_is_no_number_changes_nothing() -> None:
    buffer = filled(Prioritised())
    before = buffer.state_dict()
    row = buffer.sample(4, 0).row
    with pytest.raises(DataError, match="finite"):
        buffer.update_priorities(row, torch.full((2, 4), torch.nan))
    assert all(torch.equal(own, before[name]) for name, own in buffer.state_dict().items())


def test_samplers_without_memory_have_no_use_for_td_errors() -> None:
    buffer = filled(Uniform())
    assert not buffer.wants_td_error
    buffer.update_priorities(buffer.sample(4).row, torch.full((2, 4), torch.nan))


def test_windows_are_rows_of_the_buffer_and_the_open_ones_wait() -> None:
    buffer = ReplayBuffer(8, OBS, ACTION, gamma=0.5, n_step=2)
    for t in range(3):
        last = [t == 2]
        buffer.add([[t]], [0], [1.0], [[t + 1]], [False], last)
        assert len(buffer) == (0, 1, 3)[t]
    rows = buffer.whole()
    assert rows.obs[:, 0].tolist() == [0.0, 1.0, 2.0]
    assert rows.reward.tolist() == [1.5, 1.5, 1.0]
    assert rows.discount.tolist() == [0.25, 0.25, 0.5]
    assert rows.next_obs[:, 0].tolist() == [2.0, 3.0, 3.0]


def test_a_sampler_of_ones_own_is_handed_to_load(tmp_path: Path) -> None:
    settings: Any = type("Odd", (), {"kind": "odd", "start": lambda self, lanes, rows: Uniform()})()
    buffer = ReplayBuffer(4, OBS, ACTION, sampler=settings)
    buffer.add([[0]], [0], [1.0], [[1]], [False], [False])
    buffer.save(tmp_path / "buffer.safetensors")
    with pytest.raises(FileError, match="Hand the sampler to `load`"):
        ReplayBuffer.load(tmp_path / "buffer.safetensors")
    loaded = ReplayBuffer.load(tmp_path / "buffer.safetensors", sampler=settings)
    assert len(loaded) == 1
