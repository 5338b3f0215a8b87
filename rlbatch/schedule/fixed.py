"""The same batch size throughout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rlbatch.errors import require
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A number of rows, or the whole buffer as one batch (every stored row exactly once)."""

    kind: Literal["fixed"] = "fixed"
    rows: int | Literal["buffer"] = 128

    def __post_init__(self) -> None:
        met = self.rows == "buffer" or (isinstance(self.rows, int) and self.rows >= 1)
        require(met, "fixed.rows", "at least 1 row, or 'buffer'", self.rows)

    @property
    def smallest(self) -> int:
        """Rows; 0 where the buffer itself is the bound."""
        return self.largest

    @property
    def largest(self) -> int:
        """Rows; 0 where the buffer itself is the bound."""
        return self.rows if isinstance(self.rows, int) else 0

    def __call__(self, signal: Signal) -> float:
        return float(signal.stored if self.rows == "buffer" else self.rows)
