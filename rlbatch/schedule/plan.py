"""Schedule, ladder and coupling together: from a signal to the rows and lr factor in use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from rlbatch.contract import Schedule
from rlbatch.errors import ConfigError, require
from rlbatch.schedule.coupling import Coupling, lr_factor
from rlbatch.schedule.fixed import Fixed
from rlbatch.schedule.ladder import Ladder
from rlbatch.types import Signal


class Decision(NamedTuple):
    """What the learner is to use now."""

    rows: int  # B
    lr_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """What the config's `batch:` block says. Pure: the same signals give the same decisions."""

    schedule: Schedule = field(default_factory=Fixed)
    ladder: Ladder | None = None  # None: exact for a fixed size, powers of two for a moving one
    coupling: Coupling = "none"
    reference: int = 128  # rows at which lr and the other constants are declared

    def __post_init__(self) -> None:
        require(self.reference >= 1, "batch.reference", "at least 1 row", self.reference)
        known = get_args(Coupling)
        met = self.coupling in known
        require(met, "batch.coupling", f"one of {', '.join(known)}", self.coupling)
        fixed = isinstance(self.schedule, Fixed)
        if self.ladder is None:
            chosen = Ladder(kind="exact" if fixed else "powers")
            object.__setattr__(self, "ladder", chosen)
        elif fixed and self.ladder.kind == "powers":
            self._refuse_rounding(self.schedule.largest)  # type: ignore[attr-defined]

    @property
    def whole(self) -> bool:
        """Is every batch the whole buffer?"""
        return isinstance(self.schedule, Fixed) and self.schedule.rows == "buffer"

    def largest(self) -> int:
        """The most rows that the schedule can ask for, as the ladder rounds them; 0: unknown."""
        wanted: int = getattr(self.schedule, "largest", 0)
        return self._rounded(wanted) if wanted else 0

    def decide(self, signal: Signal) -> Decision:
        """Rows and lr factor for this signal."""
        assert self.ladder is not None
        rows = self.ladder(self.schedule(signal), signal.batch_size)
        return Decision(rows, lr_factor(self.coupling, rows, self.reference))

    def _rounded(self, rows: float) -> int:
        assert self.ladder is not None
        return self.ladder(rows)

    def _refuse_rounding(self, rows: int) -> None:
        if rows == 0 or self._rounded(rows) != rows:
            raise ConfigError(
                "batch.ladder",
                "kind: exact for a fixed size that is no power of two",
                f"kind: powers with rows: {rows or 'buffer'}",
                "Leave `ladder` out: a fixed size is then used as it is.",
            )
