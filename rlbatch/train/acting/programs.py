"""Iterations as programs: a graph for each set of blocks that learn, captured when first met."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from rlbatch.learner.gradients import Block
from rlbatch.learner.graph import captured
from rlbatch.learner.memory import out_of_memory
from rlbatch.replay.storage.parcel import Parcel
from rlbatch.train.acting.iteration import Done, Iteration, Said

MOST = 64  # graphs that are kept; a ladder has fewer rungs

Blocks = tuple[Block, ...]  # of lanes that learn together; none: steps alone
Program = Callable[[Parcel], Done]


class IterationPrograms:
    """Runs an iteration by what a parcel says.

    Args:
        iteration: as operations on tensors.
        record: capture graphs; else every call launches its operations.
    """

    def __init__(self, iteration: Iteration, record: bool) -> None:
        self._iteration, self.record = iteration, record
        self._said: Tensor | None = None  # words of a parcel, where graphs read them
        self._graphs: dict[Blocks, Program] = {}
        self.told: list[str] = []  # what users should know, for them to take

    def __call__(self, blocks: Blocks, parcel: Parcel) -> Done:
        """Plays, and learns in these blocks of lanes, if any.

        A graph's answer is overwritten by its next run.
        """
        if not self.record:
            return self._launched(blocks, parcel)
        program = self._graphs.get(blocks)
        if program is None:
            program = self._graphs[blocks] = self._program(blocks, parcel)
        return program(parcel)

    def _launched(self, blocks: Blocks, parcel: Parcel) -> Done:
        return self._iteration(Said(*parcel.send()), blocks)

    def _program(self, blocks: Blocks, parcel: Parcel) -> Program:
        """A graph; where there are too many, or no memory for steps alone, calls."""
        reason = f"{MOST} graphs are captured"
        if len(self._graphs) < MOST:
            try:
                return self._captured(blocks, parcel)
            except RuntimeError as fault:
                if blocks or not out_of_memory(fault):
                    raise
            reason = "no memory for a graph of env steps"
        self.told.append(f"{reason}: operations are launched one by one")
        return lambda parcel: self._launched(blocks, parcel)

    def _captured(self, blocks: Blocks, parcel: Parcel) -> Program:
        if self._said is None:
            self._said = torch.empty(parcel.words, dtype=torch.int64, device=parcel.device)
        block = self._said
        parcel.fill(block)
        said = Said(*parcel.spread(block))
        changed = self._iteration.changed(learning=bool(blocks))
        graph, done = captured(lambda: self._iteration(said, blocks), changed)

        def replay(parcel: Parcel) -> Done:
            parcel.fill(block)
            graph.replay()
            return done

        return replay
