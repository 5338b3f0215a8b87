"""What a program of the training benchmark can be asked."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Speed(NamedTuple):
    """Of one run."""

    env_steps_per_s: float  # of all seeds together, updates included
    compile_s: float | None = None  # seconds that are no part of it; None: nothing is left out


class Program(Protocol):
    """Trains CartPole by the preset, in a process of its own."""

    def speed(self, steps: int, seed: int) -> Speed:
        """Trains its seeds, from `seed` up, for so many env steps each."""
        ...

    def returns(self, steps: int, seeds: range) -> list[list[float]]:
        """Trains these seeds; each one's training returns, in the order in which episodes ended."""
        ...
