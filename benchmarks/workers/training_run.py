"""One run of the training benchmark: what is asked of it, its clock and its report."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence


class Run:
    """Reads what is asked, keeps the time, and prints the answer as the last line."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--steps", type=int, required=True, help="env steps of each seed")
        parser.add_argument("--seed", type=int, required=True)
        parser.add_argument("--seeds", type=int, default=1, help="trained at once")
        parser.add_argument("--envs", type=int, default=1, help="environments a seed")
        parser.add_argument("--file", default="", help="a script to run")
        parser.add_argument("--learning", action="store_true", help="tell returns, not speed")
        options = parser.parse_args()
        self.steps: int = options.steps
        self.seed: int = options.seed
        self.seeds: int = options.seeds
        self.envs: int = options.envs
        self.file: str = options.file
        self.learning: bool = options.learning
        self.begun = self.ended = 0.0

    def begin(self) -> None:
        """Starts the clock, before the first env step."""
        self.begun = time.perf_counter()

    def end(self) -> None:
        """Stops the clock, after the last env step and update."""
        self.ended = time.perf_counter()

    def report(
        self,
        env_steps: int,
        returns: Sequence[Sequence[float]] = (),
        compile_s: float | None = None,
    ) -> None:
        """Prints what was measured, if the program took the steps asked of it.

        Args:
            env_steps: that passed between `begin` and `end`, all seeds together.
            returns: of each seed's training episodes in the order of their ends, when learning.
            compile_s: seconds of compilation that the clock leaves out.
        """
        asked = self.steps * self.seeds
        if env_steps != asked or not self.begun < self.ended:
            raise SystemExit(f"run: expected {asked} timed env steps, got {env_steps}.")
        answer: dict[str, object] = {"env_steps_per_s": env_steps / (self.ended - self.begun)}
        if self.learning:
            answer["returns"] = [list(own) for own in returns]
        if compile_s is not None:
            answer["compile_s"] = compile_s
        print(json.dumps(answer))
