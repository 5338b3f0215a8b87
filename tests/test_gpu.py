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
from rlbatch.learner import Learner, LearnerSettings, PolyakTarget
from rlbatch.replay import Ahead, Prioritised, ReplayBuffer, Uniform
from rlbatch.replay.placement import Storage
from rlbatch.schedule import BatchPlan, Epsilon, Fixed
from rlbatch.train import Evaluation, Learn, Trainer, TrainSettings, trainer
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


RUNGS: list[Any] = [8, 16, 8, [9, 3], 32, 16, [3, 9], 8] * 3  # rows of each update, or of each lane


def taught(buffer: ReplayBuffer, compile: bool = False, **settings: Any) -> Learner:
    """Two lanes after an update at each of the rungs, on the GPU."""
    own = LearnerSettings(lr=1e-3, target=PolyakTarget(tau=0.1), **settings)
    seeds, agent = [0, 1], DQN(hidden=(32,))
    learner = Learner(agent, BOX, MOVES, seeds=seeds, settings=own, device="cuda", compile=compile)
    for n, rows in enumerate(RUNGS):
        learner.update(buffer.sample(rows, n))
    return learner


@pytest.mark.parametrize("micro_batch", [None, 5])
def test_captured_updates_are_the_eager_ones_whatever_size_comes_next(
    micro_batch: int | None,
) -> None:
    captured = taught(filled("cuda"), compile=True, micro_batch=micro_batch)
    eager = taught(filled("cuda"))
    for one, other in ((captured.online, eager.online), (captured.target, eager.target)):
        assert (one.flat - other.flat).abs().max() < 1e-5
    for mine, theirs in zip(captured.meters.read(), eager.meters.read(), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-3)


def test_what_a_captured_update_told_is_not_overwritten_by_the_next() -> None:
    learner, buffer = taught(filled("cuda"), compile=True), filled("cuda")
    first, second = (learner.gradient(buffer.sample(8, n)) for n in (50, 51))
    kept = first.clone()
    assert not torch.equal(first, second)
    learner.update(buffer.sample(8, 52))
    assert torch.equal(first, kept)


@pytest.mark.parametrize("compile", [False, True])
def test_a_batch_that_does_not_fit_the_gpu_is_learned_from_in_pieces(compile: bool) -> None:
    """Of 131 072 rows the hidden layer holds 2 GiB a lane, and half a GiB is free."""
    batch, flats = filled("cuda").sample(131_072), []
    total = torch.cuda.get_device_properties(0).total_memory
    for micro_batch in (2048, None):
        own = LearnerSettings(lr=1e-3, micro_batch=micro_batch)
        wide = DQN(hidden=(4096,))
        learner = Learner(
            wide, BOX, MOVES, seeds=[0, 1], settings=own, device="cuda", compile=compile
        )
        torch.cuda.empty_cache()
        room = torch.cuda.memory_reserved() + (512 << 20)
        torch.cuda.set_per_process_memory_fraction(min(1.0, room / total))
        try:
            learner.update(batch)
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        flats.append(learner.online.flat)
    told = learner.told()
    assert told[0].startswith("no memory for 131072 rows at a time: 65536 from now on (")
    assert (flats[0] - flats[1]).abs().max() < 1e-5


@pytest.mark.parametrize("compile", [False, True])
@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_products_in_fewer_bits_teach_nearly_the_same(precision: Any, compile: bool) -> None:
    near, exact = taught(filled("cuda"), compile, precision=precision), taught(filled("cuda"))
    assert near.online.flat.dtype == torch.float32
    assert not near.diverged.any()
    apart = (near.online.flat - exact.online.flat).abs().max()
    assert 0.0 < apart < 5e-3  # of steps that sum up to 24e-3 at most


@pytest.mark.parametrize("compile", [False, True])
def test_a_lane_whose_fp16_gradient_overflows_waits_for_a_lower_factor(compile: bool) -> None:
    learner = taught(filled("cuda"), compile, precision="fp16")
    batch, before = filled("cuda").sample(8, 99), learner.state_dict()
    batch.reward[0] = 1e6  # its loss times the factor is beyond float16's 65 504
    learner.update(batch)
    after = learner.state_dict()
    assert torch.equal(after["online"][0], before["online"][0])
    assert not torch.equal(after["online"][1], before["online"][1])
    halved = after["source.factor"][:, 0] / before["source.factor"][:, 0]
    assert halved.tolist() == [0.5, 1.0]
    assert not learner.diverged.any()


def test_a_run_of_captured_updates_makes_the_records_of_one_without() -> None:
    settings = TrainSettings(
        seeds=2,
        env_steps=300,
        learn=Learn(start=50),
        evaluate=Evaluation(every=1.0, final_episodes=2),
    )
    told = [
        [record[:6] for moment in trainer.records() for record in moment]
        for trainer in (
            Trainer(settings, DQN(hidden=(32,)), CartPole, device="cuda", compile=compile)
            for compile in (True, False)
        )
    ]
    assert told[0] == told[1]


def iterating(compile: bool, **own: Any) -> Trainer:
    """A trainer of two lanes on the GPU that makes an update after every fourth env step."""
    told: dict[str, Any] = {
        "seeds": 2,
        "env_steps": 300,
        "learn": Learn(start=40, every=4),
        "evaluate": Evaluation(every=1.0, final_episodes=2),
        "batch": BatchPlan(schedule=Epsilon(explore=4, exploit=32)),
    }
    settings = TrainSettings(**told | own)
    return Trainer(settings, DQN(hidden=(32,)), CartPole, device="cuda", compile=compile)


@pytest.mark.parametrize("compile", [False, True])
def test_whole_iterations_are_the_run_step_by_step(
    monkeypatch: pytest.MonkeyPatch, compile: bool
) -> None:
    ran = iterating(compile)
    monkeypatch.setattr(trainer, "iterations_for", lambda *_: None)
    usual = iterating(False)
    told = [[r[:6] for moment in own.records() for r in moment] for own in (ran, usual)]
    assert told[0] == told[1]
    mine, theirs = (own.buffer.state_dict() for own in (ran, usual))
    assert all(torch.equal(mine[name].cpu(), theirs[name].cpu()) for name in theirs)
    assert (ran.learner.online.flat - usual.learner.online.flat).abs().max() < 1e-5


def test_whole_iterations_wait_for_nothing() -> None:
    ran = iterating(True, batch=BatchPlan(schedule=Fixed(rows=8)), log_every=1.0)
    ran._player.reset()
    for _ in range(2):  # what is captured, and what is measured once, comes before
        go_on(ran, 100)
    with never_waiting():
        go_on(ran, 40)


def go_on(ran: Trainer, env_steps: int) -> None:
    """Plays and learns, without a log point."""
    last = ran.lanes.now + env_steps
    while (before := ran.lanes.now) < last:
        ran._player.play((4, 300), ran._updates.apart(before))
        ran._updates.make(before)
        ran._player.finish()
