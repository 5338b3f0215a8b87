"""The peers of the training benchmark: what they need, and how their workers are asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.processes import report
from benchmarks.training_compared.program import Speed
from benchmarks.venvs import peer_python

# pip's requirements by environment; the last names the version in the heading
PEERS: dict[str, tuple[str, ...]] = {
    "cleanrl": ("torch", "numpy", "tyro", "gymnasium==1.4.0"),
    "plain": ("torch", "numpy", "gymnasium==1.4.0"),
    "sb3": ("torch", "stable-baselines3==2.9.2"),
    "tianshou": ("torch", "tianshou==2.0.1"),
    "purejaxrl": (
        *("chex==0.1.92", "flashbax==0.1.3", "flax==0.12.8", "gymnax==0.0.9", "jaxlib==0.10.2"),
        *("optax==0.2.8", "six==1.17.0", "jax==0.10.2"),  # gymnax imports six without asking
    ),
}
SCRIPTS = {"cleanrl": "cleanrl/dqn.py", "purejaxrl": "purejaxrl/dqn.py"}  # not on PyPI


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A peer's program: one seed a process, or a number of them vmapped in one."""

    home: str  # environment and worker
    vmapped: int | None = None  # seeds at once; None: it trains one
    envs: int = 1  # a seed
    script: Path | None = None  # a copy of the user's

    def speed(self, steps: int, seed: int) -> Speed:
        """Trains its seeds, from `seed` up, for so many env steps each."""
        answer = self._ask(steps, seed, self.vmapped or 1)
        return Speed(answer["env_steps_per_s"], answer.get("compile_s"))

    def returns(self, steps: int, seeds: range) -> list[list[float]]:
        """Trains these seeds; each one's training returns, in the order in which episodes ended."""
        groups = [seeds] if self.vmapped else [range(seed, seed + 1) for seed in seeds]
        told: list[list[float]] = []
        for own in groups:
            told += self._ask(steps, own.start, len(own), "--learning")["returns"]
        return told

    def _ask(self, steps: int, seed: int, seeds: int, *more: str) -> dict[str, Any]:
        numbers = {"steps": steps, "seed": seed, "seeds": seeds, "envs": self.envs}
        flags = [f"--{name}={value}" for name, value in numbers.items()]
        file = [f"--file={self.script}"] if self.script else []
        module = f"benchmarks.workers.training_{self.home}"
        return report(peer_python(self.home, PEERS[self.home]), module, *flags, *file, *more)


PROGRAMS: dict[str, Peer] = {
    "cleanrl": Peer(home="cleanrl"),
    "plain": Peer(home="plain"),
    "sb3": Peer(home="sb3"),
    "tianshou": Peer(home="tianshou"),
    "purejaxrl-1": Peer(home="purejaxrl", vmapped=1),
    "purejaxrl-16": Peer(home="purejaxrl", vmapped=16),
    "purejaxrl-64": Peer(home="purejaxrl", vmapped=64),
    "purejaxrl-16x10": Peer(home="purejaxrl", vmapped=16, envs=10),
}


def built(names: Iterable[str]) -> dict[str, str]:
    """Builds the environments of these programs' peers, and returns their versions."""
    homes = {PROGRAMS[name].home: None for name in names if name in PROGRAMS}
    for home in homes:
        peer_python(home, PEERS[home])
    return {home: PEERS[home][-1] for home in homes}
