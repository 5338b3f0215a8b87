"""A batch in micro-batches whose gradients add up to its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
from torch import Tensor

from rlbatch.errors import TrainingError
from rlbatch.learner.gradients.told import Gradients, Mask, Take
from rlbatch.learner.memory import fault_of, out_of_memory
from rlbatch.types import Batch

Answer = TypeVar("Answer")


class Accumulation:
    """Divides by the batch's own rows, never by the number of pieces.

    So the gradient does not depend on how a batch is cut, up to the rounding of sums. Memory for
    activations is that of one micro-batch.

    When memory runs out, the micro-batch halves and the update starts again with the same rows.

    Args:
        micro_batch: rows a piece; None: the whole batch, until memory runs out.
        multiple: rows that a halved micro-batch stays a multiple of.
    """

    def __init__(self, micro_batch: int | None, multiple: int = 1) -> None:
        self.micro_batch, self._multiple = micro_batch, multiple
        self._told: list[str] = []

    def __call__(self, take: Take, batch: Batch, key: Tensor, on: Mask) -> Gradients:
        """Of all rows of a batch, by `take` of each piece."""
        whole = batch.size.clamp(min=1)
        if not self.cuts(batch):
            return take(batch, whole, key, on)
        parts = self.pieces(batch)
        first = take(next(parts), whole, key, on)
        flat, loss, td_error, errors = first.flat, first.loss, first.td_error, [first.row_error]
        groups = [] if first.groups is None else [first.groups]
        for piece in parts:
            told = take(piece, whole, key, on)
            flat += told.flat
            loss, td_error = loss + told.loss, td_error + told.td_error
            errors.append(told.row_error)
            groups += [] if told.groups is None else [told.groups]
        along = [torch.cat(own, 1) for own in (errors, groups) if own]
        return Gradients(flat, loss, td_error, *along)

    def cuts(self, batch: Batch) -> bool:
        """Is a batch larger than a micro-batch?"""
        return self.micro_batch is not None and batch.reward.shape[1] > self.micro_batch

    def pieces(self, batch: Batch) -> Iterator[Batch]:
        """A batch `[L, B, ...]` cut along B; the last piece may be short."""
        wide = batch.reward.shape[1]
        rows = self.micro_batch or wide
        for start in range(0, wide, rows):
            stop = min(start + rows, wide)
            columns = (column[:, start:stop] for column in batch[:-1])
            size = (batch.size - start).clamp(0, stop - start)
            yield Batch(*(*columns, size))

    def retried(self, act: Callable[[], Answer], rows: int) -> Answer:
        """Does something with batches of `rows`, again with smaller pieces while memory runs out.

        Raises:
            TrainingError: memory runs out with the smallest piece too.
        """
        while True:
            try:
                return act()
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                fault = fault_of(error)
            # Out here, since the exception holds on to the tensors of the frames it came through.
            self._halve(rows, fault)

    def read(self) -> list[str]:
        """What was told since the last reading: each halving, in words."""
        told, self._told = self._told, []
        return told

    def _halve(self, rows: int, fault: str) -> None:
        now = min(self.micro_batch or rows, rows)
        less = -(-now // 2 // self._multiple) * self._multiple
        if less >= now or less == 0:
            advice = "Train fewer lanes at once, or a smaller network."
            raise TrainingError("learner", f"memory for {now} rows at a time", fault, advice)
        self.micro_batch = less
        self._told.append(f"no memory for {now} rows at a time: {less} from now on ({fault})")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
