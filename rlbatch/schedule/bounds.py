"""Between which sizes a schedule or controller moves B."""

from __future__ import annotations

from rlbatch.errors import require


def require_bounds(where: str, low: int, high: int) -> None:
    """Refuses bounds that are reversed, equal or below one row.

    Raises:
        ConfigError: told at `where`.low or `where`.high.
    """
    require(low >= 1, f"{where}.low", "at least 1 row", low)
    advice = "For one size use kind: fixed." if low == high else "Are the two reversed?"
    require(high > low, f"{where}.high", f"more than low ({low})", high, advice)


def powers_within(low: int, high: int) -> tuple[int, ...]:
    """The powers of two in [low, high], ascending."""
    return tuple(1 << k for k in range((low - 1).bit_length(), high.bit_length()))
