"""What to write into the config: a batch block, and why."""

from __future__ import annotations

from typing import NamedTuple

from rlbatch.probe.accumulation import floor_power
from rlbatch.schedule.coupling import Coupling


class Recommendation(NamedTuple):
    """A fixed size with its learning rate rule."""

    rows: int
    coupling: Coupling
    reference: int  # rows at which lr is declared
    why: str
    exact: bool  # is the size to be used as it is, whatever ladder the config has?
    plain: bool  # does the lr follow B alone, whatever else the config has it follow?

    def block(self) -> str:
        """YAML of the config's `batch:`."""
        lines = [
            "batch:",
            f"  schedule: {{kind: fixed, rows: {self.rows}}}",
            f"  coupling: {self.coupling}",
            f"  reference: {self.reference}",
        ]
        lines += ["  ladder: {kind: exact}"] if self.exact else []
        lines += ["  lr_follows: null"] if self.plain else []
        return "\n".join(lines) + "\n"


def recommended_rows(
    critical: int | None, fits: int, capacity: int, knee: int, reference: int
) -> tuple[int, str]:
    """N = min(B_crit, fits, capacity) down to a power of two, but the knee if that lies between.

    Without a B_crit the declared reference stands in for it. Returns N, and why in words.
    """
    asked, name = (reference, "batch.reference") if critical is None else (critical, "B_crit")
    bounds = {name: asked, "what fits": fits, "replay.capacity": capacity}
    most = min(bounds.values())
    bound = next(told for told, rows in bounds.items() if rows == most)
    rows = floor_power(most)
    if rows < knee <= most:
        return knee, f"the knee ({knee}), which {bound} ({most}) allows"
    why = f"{bound} ({most}), the smallest of {', '.join(f'{k} {v:,}' for k, v in bounds.items())}"
    if rows < knee:
        why += f"; the knee ({knee}) lies above, so speed is left on the table"
    return rows, why
