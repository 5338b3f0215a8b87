"""Schedule, ladder and coupling together: from a signal to the rows and lr factor in use."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, get_args

from rlbatch.contract import Schedule
from rlbatch.errors import ConfigError, require
from rlbatch.schedule.coupling import Coupling, lr_factor
from rlbatch.schedule.fixed import Fixed
from rlbatch.schedule.ladder import Ladder
from rlbatch.schedule.replayed import Replayed
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
    lr_follows: Schedule | None = None  # the coupling takes these rows in place of B: B alone, or
    # the learning rate alone, can then move

    def __post_init__(self) -> None:
        require(self.reference >= 1, "batch.reference", "at least 1 row", self.reference)
        known = get_args(Coupling)
        met = self.coupling in known
        follows = self.lr_follows is None or self.coupling != "none"
        advice = "Say linear, sqrt or inverse."
        require(follows, "batch.coupling", "a rule for lr_follows", "none", advice)
        require(met, "batch.coupling", f"one of {', '.join(known)}", self.coupling)
        replayed = isinstance(self.schedule, Replayed)
        fixed = isinstance(self.schedule, Fixed) or replayed  # both are exact as they are
        if self.ladder is None:
            chosen = Ladder(kind="exact" if fixed else "powers")
            object.__setattr__(self, "ladder", chosen)
        elif fixed and self.ladder.kind == "powers":
            advice = "Leave `ladder` out."
            wanted = "kind: exact for the sizes of a log"
            require(not replayed, "batch.ladder", wanted, "kind: powers", advice)
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
        followed = rows if self.lr_follows is None else self.lr_follows(signal)
        return Decision(rows, lr_factor(self.coupling, followed, self.reference))

    def of_lane(self, lane: int) -> BatchPlan:
        """The plan of one lane: itself, unless its schedules differ from lane to lane."""
        own: dict[str, Any] = {
            name: schedule.of_lane(lane)
            for name in ("schedule", "lr_follows")
            if isinstance(schedule := getattr(self, name), Replayed)
        }
        return replace(self, **own) if own else self

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
