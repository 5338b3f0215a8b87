"""Step 5, accumulation: how a batch that does not fit is cut."""

from __future__ import annotations

from typing import NamedTuple


class Cut(NamedTuple):
    """A batch in equal parts whose gradients are added up; the last part may be smaller."""

    wanted: int  # rows
    micro_batch: int  # rows of a part
    chunks: int


def cut(wanted: int, fits: int) -> Cut | None:
    """The largest power of two that fits, as often as it takes; None where all fits at once."""
    if wanted <= fits:
        return None
    micro = floor_power(fits)
    return Cut(wanted, micro, -(-wanted // micro))


def floor_power(rows: int) -> int:
    """The largest power of two that is not above `rows` ≥ 1."""
    return 1 << (rows.bit_length() - 1)
