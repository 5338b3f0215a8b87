"""Chunk gradients are those of the chunks' rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from agents.dqn import DQN
from rlbatch.contract import QFn
from rlbatch.errors import ConfigError
from rlbatch.learner import Learner
from rlbatch.learner.noise.estimate import from_chunks
from rlbatch.types import Batch, RowLoss

Make = Callable[..., Learner]
Draw = Callable[..., Batch]


class Noisy(DQN):
    """A loss with randomness of its own, by row."""

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        row = DQN.loss(self, q, q_target, batch, key)
        spin = torch.sin(key % 100 + torch.arange(len(batch.reward)))
        return RowLoss(row.loss * (1.0 + 0.5 * spin), row.td_error)


class Joined(DQN):
    """Calls q once for two kinds of rows."""

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        both = q(torch.cat((batch.obs, batch.next_obs)))
        loss = both.square().sum(1).view(2, -1).sum(0)
        return RowLoss(loss, loss.detach())


@pytest.mark.parametrize("sizes", [[12], [13], [12, 7, 13]], ids=["plain", "rest", "lanes"])
@pytest.mark.parametrize("double", [False, True])
def test_chunks_say_what_their_rows_say(
    sizes: list[int],
    double: bool,
    make: Make,
    rows: Draw,
    row_gradients: Callable[..., Tensor],
) -> None:
    agent, lanes = DQN(hidden=(8, 6), double=double), len(sizes)
    learner, batch = make(agent, lanes, by="chunks", chunk_rows=3), rows(sizes)
    batch = batch._replace(weight=(batch.row >= 0).float())
    parts, count = row_gradients(agent, learner, batch), batch.size // 3
    learner.update(batch)
    moments = learner.noise.averages.state["moments"]  # type: ignore[union-attr]
    for k in range(lanes):
        chunks = parts[k, : 3 * int(count[k])].view(int(count[k]), 3, -1).mean(1)
        squares = chunks.mean(0).square().sum()[None], chunks.square().sum(1).mean()[None]
        expected = from_chunks(*squares, count[k : k + 1], 3, torch.ones(1))
        told = moments[k, 0, 1:4] / batch.size[k]
        own = torch.cat((expected.trace, expected.square, expected.drawn))
        torch.testing.assert_close(told, own, rtol=1e-4, atol=1e-5)


def test_a_loss_keeps_its_randomness_when_it_is_measured(make: Make, rows: Draw) -> None:
    batch = rows([12, 9])
    usual, watched = (make(Noisy(hidden=(8,)), 2, 1e-2, by="chunks", measured=x) for x in (0, 1))
    for learner in (usual, watched):
        learner.update(batch)
    torch.testing.assert_close(usual.online.flat, watched.online.flat, rtol=1e-5, atol=1e-7)


def test_fewer_than_two_chunks_say_nothing(make: Make, rows: Draw) -> None:
    learner = make(DQN(hidden=(8,)), 2, by="chunks", chunk_rows=4)
    for seed in range(3):
        learner.update(rows([7, 8], seed))
    assert [bool(told) for told in learner.noise.read()] == [False, True]  # type: ignore[union-attr]


@pytest.mark.parametrize("by", ["chunks", "auto"])
def test_a_q_called_on_other_rows_than_the_batch_has_is_refused(
    by: Any, make: Make, rows: Draw
) -> None:
    learner = make(Joined(hidden=(8,)), 2, by=by, chunk_rows=2)
    if by == "auto":
        learner.update(rows([6, 6]))  # finds that it cannot go by rows
    with pytest.raises(ConfigError, match=r"a loss that calls q on the batch's own 6 rows, got 12"):
        learner.update(rows([6, 6]))
