"""Measures replay, updates and training on a CUDA device: rows there, batches sent, graphs.

    python benchmarks/gpu.py --all
    python benchmarks/gpu.py [resident] [prioritised] [ahead] [updates] [training] [--seconds 0.5]

A figure is the median over rounds of a loop's wall time by its calls, with the device waited for at
the loop's end alone: what a learner pays that has nothing else to wait for. Buffers are full of
rows that were written. Without a CUDA device it says so and ends with status 2.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agents.dqn import DQN
from benchmarks.tables import heading, machine, table
from envs.cartpole import CartPole
from rlbatch.learner import HardTarget, Learner, LearnerSettings
from rlbatch.replay import Ahead, Prioritised, ReplayBuffer
from rlbatch.schedule import BatchPlan, Fixed
from rlbatch.train import Evaluation, Learn, Trainer, TrainSettings
from rlbatch.types import Batch

LANES = 1, 4, 16, 64, 256, 1024
SIZES = 32, 256, 1024, 4096, 16384
VECTOR, PIXELS = spaces.Box(-1.0, 1.0, (4,)), spaces.Box(0, 255, (4, 84, 84), np.uint8)
CHUNK = 1000  # rows an add, so that a filled buffer costs little beside its own memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long to measure."""

    repeats: int  # rounds
    seconds: float  # a round

    def us(self, call: Callable[[], object]) -> float:
        """Returns microseconds a call."""
        once = per_call(call, 20)
        calls = max(5, int(self.seconds / once))
        return 1e6 * statistics.median(per_call(call, calls) for _ in range(self.repeats))


def per_call(call: Callable[[], object], calls: int) -> float:
    """Returns seconds a call, the device's work included."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(calls):
        call()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / calls


def filled(rows: int, space: spaces.Box, **settings: Any) -> ReplayBuffer:
    """Returns a full buffer of observations of this space, whose batches arrive on the device."""
    buffer = ReplayBuffer(rows, space, spaces.Discrete(2), device="cuda", **settings)
    draw = np.random.default_rng(0)
    obs = draw.integers(0, 2, (CHUNK, *space.shape)).astype(space.dtype)
    action, reward = draw.integers(0, 2, CHUNK), draw.random(CHUNK, np.float32)
    ended = np.zeros(CHUNK, bool)
    for _ in range(-(-rows // CHUNK)):
        buffer.add(obs, action, reward, obs, ended, ended)
    return buffer


def resident(timing: Timing) -> str:
    """Returns the table of uniform draws from a million rows, on the device and in memory."""
    there, here = (filled(1_000_000, VECTOR, storage=own) for own in ("device", "memory"))
    rows = []
    for size in SIZES:
        told = [timing.us(partial(own.sample, size)) for own in (there, here)]
        rows.append([f"sample({size})", *(f"{us:.1f}" for us in told)])
    return table(["1e6 rows of 4 numbers, µs", "rows on the device", "rows in memory"], rows)


def prioritised(timing: Timing) -> str:
    """Returns the table of prioritised draws with the update of their priorities."""
    rows = []
    for num in (100_000, 1_000_000, 10_000_000):
        told = []
        for storage in ("device", "memory"):
            buffer = filled(num, VECTOR, storage=storage, sampler=Prioritised())
            told += [timing.us(partial(learn, buffer, n)) for n in (256, 4096)]
            del buffer
        rows.append([f"{num:.0e} rows", *(f"{us:.1f}" for us in told)])
    places = [f"{where}, B {n}" for where in ("device", "memory") for n in (256, 4096)]
    return table(["sample + update_priorities, µs", *places], rows)


def learn(buffer: ReplayBuffer, size: int) -> None:
    """Draws, and tells what came of it."""
    batch = buffer.sample(size)
    buffer.update_priorities(batch.row, batch.reward)


def ahead(timing: Timing) -> str:
    """Returns the table of batches sent from memory, each followed by some work on the device."""
    rows = []
    for name, space, num in (("4 numbers", VECTOR, 1_000_000), ("4x84x84 bytes", PIXELS, 20_000)):
        buffer = filled(num, space, storage="memory")
        early, width = Ahead(buffer), int(np.prod(space.shape))
        layer = torch.rand(width, 512, device="cuda")
        for size in (256, 1024):
            draws = partial(buffer.sample, size), partial(early.sample, size)
            told = [timing.us(partial(work, draw, layer)) for draw in draws]
            ratio = f"{told[0] / told[1]:.2f}"
            rows.append([f"{name}, B {size}", *(f"{us:.1f}" for us in told), ratio])
    return table(["draw, send and work, µs", "plain", "Ahead", "ratio"], rows)


def work(draw: Callable[[], Batch], layer: torch.Tensor) -> None:
    """Draws, and multiplies as a learner would."""
    obs = draw().obs.flatten(1).float()
    for _ in range(20):
        obs @ layer


def updates(timing: Timing) -> str:
    """Returns the table of updates of 128 rows a lane, launched one by one and as a graph."""
    rows = []
    for lanes in LANES:
        eager, graph = (timing.us(updating(lanes, compile)) for compile in (False, True))
        told = eager, graph, graph / lanes
        rows.append([f"{lanes}", *(f"{us:.1f}" for us in told), f"{eager / graph:.2f}"])
    return table(["lanes, µs an update", "eager", "graph", "graph, a lane", "ratio"], rows)


def updating(lanes: int, compile: bool) -> Callable[[], object]:
    """Returns an update of DQN's CartPole network with a batch that lies ready."""
    spaces_of = VECTOR, spaces.Discrete(2)
    learner = Learner(DQN(), *spaces_of, seeds=range(lanes), device="cuda", compile=compile)
    buffer = ReplayBuffer(CHUNK, *spaces_of, lanes, "cuda", storage="device")
    draw, shape = np.random.default_rng(0), (lanes, CHUNK)
    obs, ended = draw.random((*shape, 4), np.float32), np.zeros(shape, bool)
    buffer.add(obs, draw.integers(0, 2, shape), np.ones(shape), obs, ended, ended)
    batch, on = buffer.sample(128), np.ones(lanes, np.bool_)
    return partial(learner.update, batch, active=on)


def training(_: Timing) -> str:
    """Returns the table of whole trainings of CartPole on the device, by CleanRL's preset."""
    rows = []
    for lanes in LANES:
        eager, graph = (speed(lanes, compile) for compile in (False, True))
        rows.append([f"{lanes}", f"{eager:,.0f}", f"{graph:,.0f}", f"{graph / eager:.2f}"])
    return table(["lanes, env steps/s of all", "call by call", "one graph", "ratio"], rows)


def speed(lanes: int, compile: bool) -> float:
    """Returns env steps a second, updates included, over the second half of a run."""
    settings = TrainSettings(
        seeds=lanes,
        env_steps=8000 if compile else 2000,
        learn=Learn(start=200, every=10),
        batch=BatchPlan(schedule=Fixed(rows=128)),
        learner=LearnerSettings(target=HardTarget(period=500)),
        evaluate=Evaluation(every=1.0, final_episodes=1, max_length=1),
        log_every=0.5,
    )
    agent = DQN(criterion="mse")
    trainer = Trainer(settings, agent, CartPole, device="cuda", compile=compile)
    logged = [
        (time.perf_counter(), moment[0].env_step)
        for moment in trainer.records()
        if moment[0].kind == "train"
    ]
    (began, first), (ended, last) = logged
    return lanes * (last - first) / (ended - began)


TABLES = {
    "resident": resident,
    "prioritised": prioritised,
    "ahead": ahead,
    "updates": updates,
    "training": training,
}


def main() -> None:
    """Prints table after table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--all", action="store_true", help="all tables")
    parser.add_argument("--repeats", type=int, default=5, help="rounds; figures are medians")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a round")
    given = parser.parse_args()
    wanted = list(TABLES) if given.all else given.tables
    if not wanted or set(wanted) - set(TABLES):
        parser.error(f"expected --all or tables among {', '.join(TABLES)}.")
    if not torch.cuda.is_available():
        parser.exit(2, "benchmarks/gpu.py: expected a CUDA device, got none.\n")
    print(
        heading("Replay and updates on a GPU", machine() | {"gpu": torch.cuda.get_device_name()}),
        flush=True,
    )
    timing = Timing(repeats=given.repeats, seconds=given.seconds)
    for name in wanted:
        print(f"{TABLES[name](timing)}\n", flush=True)


if __name__ == "__main__":
    main()
