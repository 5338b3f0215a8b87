"""The grid of a comparison: what is to be trained, and what has to be there first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rlbatch.compare.comparison import Comparison
from rlbatch.compare.settings import Regime
from rlbatch.compare.study import controls

Kind = Literal["reference", "tune", "regime", "tuned"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One training run of the grid."""

    kind: Kind
    env: str
    regime: Regime
    place: str  # of its run folder inside the comparison's
    needs: tuple[str, ...] = ()  # places that must be finished first

    @property
    def name(self) -> str:
        """Of the regime as it is reported."""
        return self.regime.name + ("+tuned" if self.kind == "tuned" else "")


def cells(comparison: Comparison) -> list[Cell]:
    """All runs, what others wait for first."""
    return [cell for env in comparison.envs for cell in _of_env(comparison, env.name)]


def _of_env(comparison: Comparison, env: str) -> Iterator[Cell]:
    first: tuple[str, ...] = ()
    if comparison.probe is not None:
        baseline = next(r for r in comparison.regimes if r.name == comparison.baseline)
        source = next((r for r in comparison.regimes if r.name == baseline.of), baseline)
        yield Cell("reference", env, source, f"reference/{env}")
        first = (f"reference/{env}",)
    for regime in comparison.regimes:
        place = f"runs/{env}/{regime.name}"
        source_of = (f"runs/{env}/{regime.of}",) if regime.of else ()
        yield Cell("regime", env, regime, place, first + source_of)
        if comparison.tune is not None and regime.control is None:
            tune = f"tune/{env}/{regime.name}"
            yield Cell("tune", env, regime, tune, first)
            yield Cell("tuned", env, regime, f"{place}+tuned", (*first, tune))


def overrides(cell: Cell, comparison: Comparison, folder: Path, lr: Lr) -> dict[str, Any]:
    """Dotted keys and values that make the run out of the regime's config.

    Args:
        cell: which run; what it needs is there.
        comparison: whose it is.
        folder: of the comparison.
        lr: the learning rate of a regime before tuning, and after it.
    """
    seeds = {"seed": comparison.seed, "seeds": comparison.seeds}
    own: dict[str, Any] = {"iso": comparison.iso, "run_dir": str(folder / cell.place)}
    # a regime that learns little is a result and no failure
    own |= {"require.worst_seed": None, "require.return_iqm": None}
    if cell.kind == "reference":
        assert comparison.probe is not None
        return own | {"seed": comparison.probe.seed, "seeds": 1, "checkpoint_every": 0.25}
    if comparison.probe is not None:
        own["probe"] = str(folder / "reference" / f"{cell.env}.safetensors")
    if cell.kind == "tune":
        assert comparison.tune is not None
        rates = [factor * lr.own(cell) for factor in comparison.tune.factors]
        tuning = {"seed": comparison.tune.seed, "seeds": comparison.tune.seeds}
        return own | tuning | {"lanes.lr": rates}
    if cell.kind == "tuned":
        return own | seeds | {"learner.lr": lr.tuned(cell)}
    if cell.regime.control is None:
        return own | seeds
    log = folder / "runs" / cell.env / str(cell.regime.of) / "decisions.csv"
    return own | seeds | controls.overrides(cell.regime.control, log)


@dataclass(frozen=True, slots=True)
class Lr:
    """Learning rates of a cell's regime."""

    own: Callable[[Cell], float]
    tuned: Callable[[Cell], float]
