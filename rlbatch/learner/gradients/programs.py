"""One compiled program per shape: a block of lanes at one batch size.

Under a moving B a learner meets few shapes, as the ladder gives few rungs; each is compiled when it
is first met, and cached on disk for the next run. Lanes are walked in blocks: on a CPU what 64 of
them hold fits no cache, and a block whose lanes rest costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from torch import Tensor

from rlbatch.learner.compiler import compiled
from rlbatch.learner.gradients.joined import cut, joined
from rlbatch.learner.gradients.pure import Pure, Told
from rlbatch.learner.gradients.told import Gradients, Mask
from rlbatch.learner.parameters import Parameters
from rlbatch.types import Batch

BLOCK = 16  # lanes a call, at most
ROWS = 4096  # of all lanes of a call, at most, unless it is one lane's

Program = Callable[..., Told]


class Programs:
    """Forward, loss and backward of a block as one program, by inductor.

    Args:
        gradients: of a block.
        online: parameters whose gradient is wanted.
        target: parameters of the target network.
    """

    def __init__(self, gradients: Pure, online: Parameters, target: Parameters) -> None:
        self._gradients, self._online, self._target = gradients, online, target
        self._programs: dict[Any, Program] = {}

    def __call__(self, piece: Batch, whole: Tensor, key: Tensor, on: Mask) -> Gradients:
        state, target = self._online.state, self._target.state
        if len(on) == 1 or (len(on) <= BLOCK and piece.reward.numel() <= ROWS):
            return Gradients(*self._run(state, target, *piece, whole, key))
        told = [
            (lanes, self._run(state[lanes], target[lanes], *block, whole[lanes], key[lanes]))
            for lanes, block in _blocks(piece, on)
        ]
        return joined(told, piece, self._online.flat)

    def _run(self, *arguments: Tensor) -> Told:
        columns = arguments[2:-3]  # the others lie alike for as many lanes
        kind = len(arguments[0]), columns[0].shape, *[own.stride() for own in columns]
        program = self._programs.get(kind)
        if program is None:
            program = self._programs[kind] = compiled(self._gradients, arguments)
        return program(*arguments)


def _blocks(piece: Batch, on: Mask) -> Iterator[tuple[slice, Batch]]:
    """Lanes in blocks, each cut to its widest lane; idle blocks are left out.

    How many lanes go together hangs on the width of their block, so a width has few programs.
    """
    sizes = piece.size.numpy() * on
    for block in _shares(slice(0, len(on)), BLOCK):
        rows = int(sizes[block].max())
        for own in _shares(block, max(1, ROWS // rows)) if rows else ():
            if sizes[own].any():
                yield own, cut(piece, own, rows)


def _shares(lanes: slice, most: int) -> list[slice]:
    """Lanes in parts of nearly equal size."""
    start, num = lanes.start, lanes.stop - lanes.start
    count = -(-num // most)
    ends = [start + k * num // count for k in range(count + 1)]
    return [slice(*pair) for pair in pairwise(ends)]
