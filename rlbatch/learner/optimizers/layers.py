"""Where each layer lies in the flat parameters, and rates of its own for each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


class Layers:
    """The parameters that get a trust ratio: those with two dimensions or more.

    Biases and the gains of normalisations, which have one, are left out, as is usual: their ratio
    is 1, their decay 0.

    Args:
        flat: `[L, P]`.
        shapes: of each parameter of one lane, in the order in which they lie in P; None: P is one
            layer.
    """

    def __init__(self, flat: Tensor, shapes: Sequence[Sequence[int]] | None) -> None:
        shapes = [(flat.shape[1], 1)] if shapes is None else shapes
        self._sizes = [math.prod(shape) for shape in shapes]
        self._adapted = [len(shape) >= 2 for shape in shapes]
        places = torch.tensor(self._adapted).cumsum(0) - 1  # of a layer among those with a ratio
        last = sum(self._adapted)
        places[~torch.tensor(self._adapted)] = last
        sizes = torch.tensor(self._sizes)
        self._place = torch.repeat_interleave(places, sizes).to(flat.device)  # [P]
        self.adapted = (self._place < last).to(flat.dtype)  # [P] 1 where there is a ratio, else 0

    def norms(self, values: Tensor) -> Tensor:
        """Norms of each layer with a ratio, `[L, P]` -> `[L, n]`."""
        parts = zip(torch.split(values, self._sizes, 1), self._adapted, strict=True)
        found = [torch.linalg.vector_norm(part, dim=1) for part, adapted in parts if adapted]
        return torch.stack(found, 1) if found else values[:, :0]

    def spread(self, ratio: Tensor, *norms: Tensor) -> Tensor:
        """Ratios `[L, n]` at every parameter `[L, P]`: 1 where one of the norms `[L, n]` is 0."""
        for norm in norms:
            ratio = torch.where(norm > 0.0, ratio, 1.0)
        return torch.cat((ratio, ratio.new_ones(len(ratio), 1)), 1)[:, self._place]
