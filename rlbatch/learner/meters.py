"""What an update tells, summed on the device until somebody asks."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

NAMES = ("loss", "td_error", "grad_norm", "td_square")


class Meters:
    """Running means per lane over the updates since the last reading.

    Args:
        lanes: L.
        device: where the numbers come from.
        squares: is δ² told too?
    """

    def __init__(self, lanes: int, device: torch.device, squares: bool = False) -> None:
        self._names = NAMES if squares else NAMES[:-1]
        self._sums = torch.zeros((len(self._names), lanes), device=device)
        self._count = torch.zeros(lanes, device=device)

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """All that changes; the tensors themselves."""
        return self._sums, self._count

    def add(
        self,
        loss: Tensor,
        td_error: Tensor,
        grad_norm: Tensor,
        ok: Tensor,
        td_square: Tensor | None = None,
    ) -> None:
        """Takes one update's `[L]` numbers; lanes that are not `ok` are left out."""
        own = (loss, td_error, grad_norm)
        told = own if td_square is None else (*own, td_square)
        if self._sums.is_cpu:  # four operations on a few numbers each
            sums, count, own_ok, *columns = (
                column.numpy() for column in (self._sums, self._count, ok, *told)
            )
            _add(sums, count, own_ok, tuple(columns))
            return
        self._sums += torch.where(ok, torch.stack(told), 0.0)
        self._count += ok

    def read(self, lanes: npt.NDArray[np.bool_] | None = None) -> list[dict[str, float]]:
        """The means, one dict a lane (empty for a lane without updates), and starts anew.

        Args:
            lanes: `[L]` those that start anew, the others go on and tell nothing; None: all.
        """
        read = [True] * len(self._count) if lanes is None else lanes.tolist()
        counts = self._count.tolist()
        columns = (self._sums / self._count).T.tolist()
        over = torch.tensor(read, device=self._count.device)
        self._sums.masked_fill_(over, 0.0)  # not a product: inf · 0 would stay NaN for ever
        self._count.masked_fill_(over, 0.0)
        return [
            dict(zip(self._names, column, strict=True)) if count and own else {}
            for count, column, own in zip(counts, columns, read, strict=True)
        ]


@numba.njit(cache=True)
def _add(sums: Any, count: Any, ok: Any, told: Any) -> None:
    for lane in range(len(ok)):
        if ok[lane]:
            count[lane] += 1.0
            for i in range(len(told)):
                sums[i, lane] += told[i][lane]
