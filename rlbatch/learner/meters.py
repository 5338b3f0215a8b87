"""What an update tells, summed on the device until somebody asks."""

from __future__ import annotations

import torch
from torch import Tensor

NAMES = ("loss", "td_error", "grad_norm")


class Meters:
    """Running means per lane over the updates since the last reading."""

    def __init__(self, lanes: int, device: torch.device) -> None:
        self._sums = torch.zeros((len(NAMES), lanes), device=device)
        self._count = torch.zeros(lanes, device=device)

    def add(self, loss: Tensor, td_error: Tensor, grad_norm: Tensor, ok: Tensor) -> None:
        """Takes one update's `[L]` numbers; lanes that are not `ok` are left out."""
        told = torch.stack((loss, td_error, grad_norm))
        self._sums += torch.where(ok, told, 0.0)
        self._count += ok

    def read(self) -> list[dict[str, float]]:
        """The means, one dict a lane (empty for a lane without updates), and starts anew."""
        counts = self._count.tolist()
        columns = (self._sums / self._count).T.tolist()
        self._sums.zero_()
        self._count.zero_()
        return [
            dict(zip(NAMES, column, strict=True)) if count else {}
            for count, column in zip(counts, columns, strict=True)
        ]
