"""What decides B, ladder and coupling together: from a signal to the rows and lr factor in use."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, get_args

from rlbatch.contract import Controller, Memory, Rule, Schedule
from rlbatch.errors import ConfigError, require
from rlbatch.schedule.bounds import powers_within
from rlbatch.schedule.control import Control, Verdict, ask
from rlbatch.schedule.coupling import Coupling, lr_factor
from rlbatch.schedule.fixed import Fixed
from rlbatch.schedule.ladder import Ladder
from rlbatch.schedule.replayed import Replayed
from rlbatch.types import Moments, Signal

TargetLag = Literal["declared", "samples"]


class Decision(NamedTuple):
    """What the learner is to use now."""

    rows: int  # B
    lr_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """What the config's `batch:` block says. Pure: the same signals give the same decisions."""

    schedule: Rule = field(default_factory=Fixed)
    ladder: Ladder | None = None  # None: exact for a fixed size, powers of two for a moving one
    control: Control = field(default_factory=Control)  # of a schedule that looks at the learner
    coupling: Coupling = "none"
    reference: int = 128  # rows at which lr and the other constants are declared
    lr_follows: Schedule | None = None  # the coupling takes these rows in place of B: B alone, or
    # the learning rate alone, can then move
    target_lag: TargetLag = "declared"  # samples: the target network lags as many rows at any B
    warmup: int = 0  # rows drawn over which the lr moves after a jump of B, times lr_schedule
    moments: Moments = "keep"  # what becomes of the optimiser's memory at a jump of B

    def __post_init__(self) -> None:
        require(self.reference >= 1, "batch.reference", "at least 1 row", self.reference)
        known = get_args(Coupling)
        met = self.coupling in known
        follows = self.lr_follows is None or self.coupling != "none"
        require(met, "batch.coupling", f"one of {', '.join(known)}", self.coupling)
        blind = not isinstance(self.lr_follows, Controller)
        require(blind, "batch.lr_follows", "a schedule without feedback", "a controller")
        advice = "Say linear, sqrt, sde or inverse."
        require(follows, "batch.coupling", "a rule for lr_follows", "none", advice)
        for name, kinds in (("target_lag", TargetLag), ("moments", Moments)):
            told, among = getattr(self, name), get_args(kinds)
            require(told in among, f"batch.{name}", f"one of {', '.join(among)}", told)
        require(self.warmup >= 0, "batch.warmup", "rows ≥ 0", self.warmup)
        met = self.warmup == 0 or self.coupling != "none"
        wanted = "0, as the learning rate does not move with B"
        require(met, "batch.warmup", wanted, self.warmup, "Say what batch.coupling is.")
        met = self.moments == "keep" or not self.whole
        require(met, "batch.moments", "keep, as the buffer's size is ever another", self.moments)
        self._settle_ladder()

    @property
    def whole(self) -> bool:
        """Is every batch the whole buffer?"""
        return isinstance(self.schedule, Fixed) and self.schedule.rows == "buffer"

    @property
    def closed(self) -> bool:
        """Does B depend on what the learner shows?"""
        return isinstance(self.schedule, Controller)

    def largest(self) -> int:
        """The most rows that the schedule can ask for, as the ladder rounds them; 0: unknown."""
        if isinstance(self.schedule, Controller):
            return self._bounds()[1]
        wanted: int = getattr(self.schedule, "largest", 0)
        return self._rounded(wanted) if wanted else 0

    def known_sizes(self) -> tuple[int, ...]:
        """Every size that can come, in rows, as far as is known; () where nothing is.

        Raises:
            ConfigError: B moves in steps of any size, or with the buffer.
        """
        assert self.ladder is not None
        schedule: Any = self.schedule
        if isinstance(schedule, Replayed):
            return schedule.sizes
        if isinstance(schedule, Fixed) and not self.whole:
            return (schedule.largest,)
        got, wanted = "rows: buffer", "sizes that are known before"
        require(not self.whole, "batch.schedule", wanted, got, "Name a number of rows.")
        met = self.ladder.kind == "powers"
        advice = "Leave `ladder` out: B then moves over powers of two."
        require(met, "batch.ladder", "powers for a B that moves", self.ladder.kind, advice)
        if isinstance(schedule, Controller):
            return self.rungs()
        ends = (getattr(schedule, name, 0) for name in ("smallest", "largest"))
        low, high = (self._rounded(rows) if rows else 0 for rows in ends)
        return powers_within(low, high) if low else ()

    def rungs(self) -> tuple[int, ...]:
        """Every power of two between a controller's bounds."""
        return powers_within(*self._bounds())

    def decide(self, signal: Signal) -> Decision:
        """Rows and lr factor for this signal, of a schedule without feedback."""
        rows = self.rows(signal)
        followed = self.followed(rows, signal)
        return Decision(rows, lr_factor(self.coupling, followed, self.reference))

    def rows(self, signal: Signal) -> int:
        """Rows for this signal, of a schedule without feedback."""
        assert self.ladder is not None
        schedule: Any = self.schedule
        return self.ladder(schedule(signal), signal.batch_size)

    def ask(self, signal: Signal, memory: Memory) -> tuple[int, Verdict]:
        """Rows for this signal, of a controller, and what came of asking it."""
        assert self.ladder is not None
        assert isinstance(self.schedule, Controller)
        verdict = ask(self.schedule, self.control, signal, memory)
        least, most = self._bounds()
        rows = self.ladder(verdict.wanted, signal.batch_size)
        return min(most, max(least, rows)), verdict

    def followed(self, rows: int, signal: Signal) -> float:
        """The rows that the coupling goes by: those in use, unless lr_follows says otherwise."""
        return float(rows) if self.lr_follows is None else self.lr_follows(signal)

    def of_lane(self, lane: int) -> BatchPlan:
        """The plan of one lane: itself, unless its schedules differ from lane to lane."""
        own: dict[str, Any] = {
            name: schedule.of_lane(lane)
            for name in ("schedule", "lr_follows")
            if isinstance(schedule := getattr(self, name), Replayed)
        }
        return replace(self, **own) if own else self

    def _settle_ladder(self) -> None:
        replayed = isinstance(self.schedule, Replayed)
        fixed = isinstance(self.schedule, Fixed) or replayed  # both are exact as they are
        if self.ladder is None:
            chosen = Ladder(kind="exact" if fixed else "powers")
            object.__setattr__(self, "ladder", chosen)
        elif fixed and self.ladder.kind == "powers":
            advice = "Leave `ladder` out."
            wanted = "kind: exact for the sizes of a log"
            require(not replayed, "batch.ladder", wanted, "kind: powers", advice)
            self._refuse_rounding(self.schedule.largest)  # type: ignore[union-attr]
        if isinstance(self.schedule, Controller):
            self._bounds()

    def _bounds(self) -> tuple[int, int]:
        assert self.ladder is not None
        assert isinstance(self.schedule, Controller)
        return self.ladder.rungs(self.schedule.low, self.schedule.high)

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
