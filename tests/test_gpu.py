"""A run on a CUDA device learns what it learns on the CPU."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from gymnasium import spaces

from agents.dqn import DQN
from envs.cartpole import CartPole
from rlbatch.learner import Learner
from rlbatch.replay import Ahead, Prioritised, ReplayBuffer, Uniform
from rlbatch.replay.placement import Storage
from rlbatch.train import Evaluation, Learn, Trainer, TrainSettings
from rlbatch.types import Batch

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine"),
]
BOX, MOVES = spaces.Box(-1.0, 1.0, (3,)), spaces.Discrete(2)
EXACT = Prioritised(alpha=1.0, eps=0.5)  # with whole TD errors no sum is rounded
EVERYWHERE = pytest.mark.parametrize("storage", ["memory", "device"])


def filled(device: str, **settings: Any) -> ReplayBuffer:
    buffer = ReplayBuffer(64, BOX, MOVES, lanes=2, device=device, **settings)
    for seed in range(2):  # 100 rows a lane, so that the ring has gone round
        add(buffer, seed)
    return buffer


def add(buffer: ReplayBuffer, seed: int) -> None:
    """Fifty rows in each lane."""
    draw = torch.Generator().manual_seed(seed)
    obs, next_obs = (torch.rand((2, 50, 3), generator=draw) for _ in range(2))
    action = torch.randint(2, (2, 50), generator=draw)
    ended = torch.zeros((2, 50), dtype=torch.bool)
    buffer.add(obs, action, 9.0 * obs.sum(2), next_obs, ended, ended)


def same(ours: Batch, theirs: Batch) -> bool:
    """Are these equal to the bit, but for weights, whose powers each device rounds in its way?"""
    there = theirs._replace(weight=ours.weight)
    torch.testing.assert_close(ours.weight.cpu(), theirs.weight.cpu())
    return all(torch.equal(a.cpu(), b.cpu()) for a, b in zip(ours, there, strict=True))


@contextmanager
def never_waiting() -> Iterator[None]:
    """Where the host waits for the device in here, torch raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that it does not see all that waits
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_batches_on_the_gpu_are_those_on_the_cpu() -> None:
    ours, theirs = filled("cpu").sample(16), filled("cuda").sample(16)
    assert all(torch.equal(a, b.cpu()) for a, b in zip(ours, theirs, strict=True))


@EVERYWHERE
def test_all_that_is_stored_is_what_the_cpu_stores(storage: Storage) -> None:
    ours, theirs = filled("cpu"), filled("cuda", storage=storage)
    assert same(ours.whole(), theirs.whole())
    assert same(ours.newest(9), theirs.newest(9))


@EVERYWHERE
@pytest.mark.parametrize("sampler", [Uniform(), EXACT])
def test_draws_and_priorities_are_those_of_the_cpu(storage: Storage, sampler: Any) -> None:
    ours = filled("cpu", sampler=sampler)
    theirs = filled("cuda", sampler=sampler, storage=storage)
    for n in range(6):
        for buffer in (ours, theirs):
            batch = buffer.sample(40, counter=n)
            buffer.update_priorities(batch.row, batch.reward.round())
        assert same(ours.sample([9, 3 + n]), theirs.sample([9, 3 + n]))
        for buffer in (ours, theirs):
            add(buffer, 2 + n)


@EVERYWHERE
@pytest.mark.parametrize("sampler", [Uniform(), EXACT])
def test_a_draw_does_not_wait_for_the_gpu(storage: Storage, sampler: Any) -> None:
    buffer = filled("cuda", storage=storage, sampler=sampler)
    buffer.sample(16)
    with never_waiting():
        batch = buffer.sample(32)
        if storage == "device":
            buffer.update_priorities(batch.row, batch.reward)
            add(buffer, 2)
            buffer.sample(32)


def test_of_two_td_errors_for_one_row_the_later_stays_on_the_gpu() -> None:
    buffer = filled("cuda", sampler=EXACT)
    row = torch.arange(40, 100, device="cuda").repeat(2, 50)
    td_error = torch.arange(3000.0, device="cuda").expand(2, -1)
    buffer.update_priorities(row, td_error)
    leaves = buffer.sampler.state()["leaves"]
    assert leaves[0, 40:64].tolist() == [2940.5 + n for n in range(24)]


@pytest.mark.parametrize(("before", "after"), [("cuda", "cpu"), ("cpu", "cuda")])
def test_a_buffer_saved_on_one_device_goes_on_on_the_other(
    tmp_path: Path, before: str, after: str
) -> None:
    saved = filled(before, sampler=EXACT)
    batch = saved.sample(20)
    saved.update_priorities(batch.row, batch.reward.round())
    saved.save(tmp_path / "buffer")
    loaded = ReplayBuffer.load(tmp_path / "buffer", device=after)
    assert same(saved.whole(), loaded.whole())
    assert same(saved.sample(20), loaded.sample(20))


@EVERYWHERE
def test_batches_sent_ahead_are_the_cpus_while_their_size_moves(storage: Storage) -> None:
    plain, ahead = filled("cpu"), Ahead(filled("cuda", storage=storage))
    busy = torch.rand((2000, 2000), device="cuda")
    for size in [8, 8, 8, 500, 500, 3, 3, 8, 8, *range(1, 40)]:
        busy = busy @ busy / busy.norm()  # so that copies and reuse of memory have to wait
        assert same(plain.sample(size), ahead.sample(size))


def test_batches_sent_ahead_are_not_waited_for() -> None:
    ahead = Ahead(filled("cuda", storage="memory"))
    ahead.sample(16)
    with never_waiting():
        for size in (16, 16, 32, 32):
            ahead.sample(size)


def test_an_update_on_the_gpu_is_the_one_on_the_cpu() -> None:
    flats: list[torch.Tensor] = []
    for device in ("cpu", "cuda"):
        learner, buffer = Learner(DQN(), BOX, MOVES, seeds=[0, 1], device=device), filled(device)
        for _ in range(20):
            learner.update(buffer.sample(16))
        flats.append(learner.online.flat.cpu())
    assert (flats[0] - flats[1]).abs().max() < 1e-5


def test_a_run_with_tensor_environments_reaches_its_end_on_the_gpu() -> None:
    settings = TrainSettings(
        seeds=2,
        env_steps=300,
        learn=Learn(start=50),
        evaluate=Evaluation(every=1.0, final_episodes=2),
    )
    *_, last = Trainer(settings, DQN(), CartPole, device="cuda").records()
    assert len(last) == 4
