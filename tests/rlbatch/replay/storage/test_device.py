"""Rows on a device, with the CPU as the device: the same batches as from rows in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import ConfigError, DataError, EmptyBufferError
from rlbatch.replay import Laber, Recent, ReplayBuffer, Sequential, Uniform, WithoutReplacement
from rlbatch.replay.placement import Storage
from rlbatch.replay.storage.device import DeviceRing, OnDevice
from rlbatch.replay.storage.ring import Ring
from rlbatch.types import Batch

CPU = torch.device("cpu")
OBS = spaces.Dict(
    {"pixels": spaces.Box(0, 255, (2, 2), np.uint8), "speed": spaces.Box(-1.0, 1.0, (3,))}
)
ACTIONS = spaces.Discrete(3)
SAMPLERS = [Uniform(), Recent(half_life=2), Sequential(), WithoutReplacement()]


def pair(capacity: int, **settings: Any) -> tuple[ReplayBuffer, ReplayBuffer]:
    """A buffer with rows in memory, and one with rows on the device."""
    parts = capacity, OBS, ACTIONS
    in_memory = ReplayBuffer(*parts, storage="memory", **settings)
    return in_memory, ReplayBuffer(*parts, storage="device", **settings)


def step(shape: tuple[int, ...], seed: int) -> dict[str, Any]:
    """One random step of environments `[*shape]`, some of which end or are left out."""
    draw = np.random.default_rng(seed)

    def obs() -> dict[str, Any]:
        pixels = draw.integers(0, 255, (*shape, 2, 2), np.uint8)
        return {"pixels": pixels, "speed": draw.random((*shape, 3), np.float32)}

    flags = {name: draw.random(shape) < 0.2 for name in ("terminated", "truncated")}
    flags["valid"] = draw.random(shape) < 0.8
    action, reward = draw.integers(0, 3, shape), draw.random(shape, np.float32)
    return {"obs": obs(), "action": action, "reward": reward, "next_obs": obs(), **flags}


def filled(capacity: int = 5, steps: int = 6, **settings: Any) -> tuple[ReplayBuffer, ReplayBuffer]:
    """A pair, given the same steps of two lanes of three environments."""
    buffers = pair(capacity, lanes=2, **settings)
    for k in range(steps):
        for buffer in buffers:
            buffer.add(**step((2, 3), k))
    return buffers


def flat(tree: object) -> list[torch.Tensor]:
    """The tensors of a batch, nested or not."""
    if isinstance(tree, torch.Tensor):
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree
    return [tensor for part in parts for tensor in flat(part)]  # type: ignore[attr-defined]


def same(ours: Batch, theirs: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(flat(ours), flat(theirs), strict=True))


@given(
    capacity=st.integers(1, 9),
    lanes=st.sampled_from([None, 1, 3]),
    envs=st.lists(st.integers(1, 7), min_size=1, max_size=8),
    n_step=st.integers(1, 3),
    validation=st.sampled_from([None, 2]),
)
def test_every_row_is_the_one_in_memory(
    capacity: int, lanes: int | None, envs: list[int], n_step: int, validation: int | None
) -> None:
    ours, theirs = pair(capacity, lanes=lanes, n_step=n_step, validation=validation)
    for k, num in enumerate(sorted(envs) if n_step == 1 else envs[:1] * len(envs)):
        for buffer in (ours, theirs):
            buffer.add(**step((num,) if lanes is None else (lanes, num), k))
    assert ours.stored().tolist() == theirs.stored().tolist()
    if len(ours):
        assert same(ours.whole(), theirs.whole())
        assert same(ours.newest(2), theirs.newest(2))
    if validation is not None and ours.stored(held_out=True).any():
        assert same(ours.held_out(4, 0), theirs.held_out(4, 0))


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda own: own.kind)
def test_draws_at_the_same_counters_are_the_same(sampler: Any) -> None:
    ours, theirs = filled(sampler=sampler)
    for sizes in (3, [2, 5], [0, 4]):
        assert same(ours.sample(sizes), theirs.sample(sizes))
    assert same(ours.peek(3, 7), theirs.peek(3, 7))


def test_laber_asks_the_learner_about_rows_on_the_device_too() -> None:
    ours, theirs = filled(sampler=Laber(ratio=2))
    for buffer in (ours, theirs):
        buffer.surrogate(lambda batch: batch.reward)
    assert same(ours.sample(4), theirs.sample(4))


def test_a_batch_is_the_callers_own() -> None:
    _, buffer = filled()
    before = buffer.sample(4, counter=0)
    for tensor in flat(buffer.sample(4, counter=0)):
        tensor.zero_()
    assert same(before, buffer.sample(4, counter=0))


def test_padding_is_zeros_of_weight_zero() -> None:
    _, buffer = filled()
    batch = buffer.sample([1, 3])
    assert batch.row[0, 1:].tolist() == [-1, -1]
    assert all(not own[0, 1:].any() for own in flat((batch.obs, batch.weight, batch.reward)))


def test_of_more_rows_than_fit_in_one_call_the_last_stay() -> None:
    ring, packed = DeviceRing(1, 2, 1, CPU), np.arange(5).reshape(1, 5, 1)
    ring.append(packed, np.array([[True, True, False, True, True]]))
    assert (ring.head.tolist(), ring.fill.tolist()) == ([4], [2])
    assert ring.written().tolist() == [[[3], [4]]]


def test_places_are_the_same_whether_the_host_or_the_device_looks_for_them() -> None:
    ring = DeviceRing(2, 3, 1, CPU)
    ring.append(np.arange(10).reshape(2, 5, 1), np.ones((2, 5), bool))
    numbers = np.array([[2, 4, 3], [4, -1, 2]])
    places, weight = np.empty((2, 3), np.int64), np.empty((2, 3), np.float32)
    ring.locate(numbers, places, weight)
    assert places.tolist() == ring.places(torch.from_numpy(numbers)).tolist()
    assert ring.gather(torch.from_numpy(places))[..., 0].tolist() == [[2, 4, 3], [9, 0, 7]]
    assert weight.tolist() == [[1, 1, 1], [1, 0, 1]]


@pytest.mark.parametrize(("before", "after"), [("device", "memory"), ("memory", "device")])
def test_a_saved_buffer_goes_on_wherever_its_rows_lie(
    tmp_path: Path, before: Storage, after: Storage
) -> None:
    saved = ReplayBuffer(4, OBS["speed"], ACTIONS, storage=before)
    add_speeds(saved, 0)
    saved.sample(3)
    saved.save(tmp_path / "buffer")
    loaded = ReplayBuffer.load(tmp_path / "buffer", storage=after)
    for buffer in (saved, loaded):
        add_speeds(buffer, 1)
    assert same(loaded.whole(), saved.whole())
    assert same(loaded.sample(8), saved.sample(8))


def add_speeds(buffer: ReplayBuffer, seed: int) -> None:
    """Three rows of plain observations."""
    told = step((3,), seed)
    buffer.add(**told | {name: told[name]["speed"] for name in ("obs", "next_obs")})


def test_state_of_rows_on_the_device_is_that_of_rows_in_memory() -> None:
    ours, theirs = (buffer.state_dict() for buffer in filled())
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    _, buffer = filled()
    before, state = buffer.whole(), buffer.state_dict()
    with pytest.raises(DataError, match="rows"):
        buffer.load_state_dict(state | {"rows": state["rows"][:, :1]})
    assert same(before, buffer.whole())


def test_an_empty_lane_is_refused() -> None:
    _, buffer = pair(4)
    with pytest.raises(EmptyBufferError, match="at least 1 stored row"):
        buffer.sample(2)


def test_where_rows_lie_can_be_told() -> None:
    assert isinstance(pair(3)[0]._memory.ring, Ring)
    assert isinstance(pair(3)[1]._memory.ring, DeviceRing)
    assert isinstance(ReplayBuffer(3, OBS, ACTIONS)._memory.ring, Ring)


def test_another_word_for_storage_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"replay\.storage: expected auto, memory or device"):
        ReplayBuffer(3, OBS, ACTIONS, storage="tape")  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{"frame_stack": 2}, {"accounting": True}])
def test_what_needs_rows_in_memory_is_refused(settings: dict[str, Any]) -> None:
    box = spaces.Box(0, 255, (2, 4, 4), np.uint8)
    with pytest.raises(ConfigError, match=r'replay\.storage: .* storage="memory"'):
        ReplayBuffer(3, box, ACTIONS, storage="device", **settings)


def test_frames_have_no_place_there() -> None:
    with pytest.raises(ConfigError, match="frame_stack"):
        OnDevice(CPU).block(0, 8)


def test_more_rows_than_a_device_can_hold_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"replay\.capacity: expected rows that fit cpu"):
        DeviceRing(1, 1 << 50, 1, CPU)


def test_bytes_are_those_of_the_rows_and_their_counts() -> None:
    assert DeviceRing(2, 3, 4, CPU).nbytes == (2 * 3 + 1) * 4 * 8 + 2 * 2 * 8
