"""Activations take the memory of a micro-batch, and what does not fit is cut until it does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.dqn import DQN
from rlbatch.learner import Learner
from rlbatch.types import Batch

ROOT = Path(__file__).resolve().parents[4]
WIDE = DQN(hidden=(64,))
Held = Callable[[Callable[[], object]], tuple[int, int]]

# A batch of 4096 rows holds 32 MiB for each activation of the 2048 units, and 16 MiB are free.
NARROW = """
import resource
from pathlib import Path

import torch
from gymnasium import spaces

from agents.dqn import DQN
from rlbatch.learner import Learner, LearnerSettings
from rlbatch.types import Batch

FREE = 16 << 20
torch.set_num_threads(1)
rows = 4096
draw = torch.Generator().manual_seed(0)
obs, next_obs = (torch.randn(1, rows, 4, generator=draw) for _ in range(2))
ones, number = torch.ones(1, rows), torch.arange(rows)[None]
size = torch.tensor([rows])
batch = Batch(obs, number % 2, obs[..., 0], next_obs, 0.9 * ones, ones, number, size)


def learner(**settings):
    space = spaces.Box(-9.0, 9.0, (4,))
    agent, told = DQN(hidden=(2048,)), LearnerSettings(lr=1e-3, **settings)
    return Learner(agent, space, spaces.Discrete(2), seeds=[1], settings=told)


short, small = learner(), learner(micro_batch=512)
small.update(batch)
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + FREE
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
short.update(batch)
print(*(line.partition("(")[0] for line in short.told()), sep="\\n")
print("apart", (short.online.flat - small.online.flat).abs().max().item())
"""


@pytest.mark.parametrize("lanes", [1, 2])
def test_autograd_holds_a_micro_batch_however_large_the_batch(
    make: Callable[..., Learner], weighted: Callable[..., Batch], held: Held, lanes: int
) -> None:
    batch = weighted([4096] * lanes)
    small = Batch._make([*(column[:, :64] for column in batch[:-1]), batch.size.clamp(max=64)])
    learns = {rows: make(range(lanes), WIDE, micro_batch=rows) for rows in (64, None)}
    once, _ = held(lambda: learns[64].gradient(small))
    cut, _ = held(lambda: learns[64].gradient(batch))
    whole, _ = held(lambda: learns[None].gradient(batch))
    assert once > 64 * 64 * 4 * lanes  # the activations of the hidden layer, and more
    assert cut <= 1.01 * once
    assert whole > 20 * cut


@pytest.mark.skipif(sys.platform != "linux", reason="limits and counts pages as Linux does")
def test_a_batch_that_does_not_fit_is_learned_from_in_pieces_that_do() -> None:
    command = [sys.executable, "-c", NARROW]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    *told, last = done.stdout.splitlines()
    assert told[0] == "no memory for 4096 rows at a time: 2048 from now on "
    assert len(told) >= 2
    assert float(last.split()[1]) <= 1e-6
