"""Reports made of seeded walks: what can go wrong in a comparison is in `report`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rlbatch.compare.report import page

Report = dict[str, Any]
EVIL = "<script>alert('x')</script>"
PER_SEED = ("auc", "final_return", "LRT", "DT", "SRT", "DF", "RF")
PER_GROUP = ("worst_seed", "DR", "RR", "collapse_rate")


def curve(rng: np.random.Generator, seeds: int, steps: int, speed: float) -> Report:
    """Walks towards 500; one seed has no band."""
    x = np.linspace(500, 50_000, steps)
    rise = 500 * (1 - np.exp(-speed * x / 10_000))
    walk = rng.normal(0, 12, (seeds, steps)).cumsum(axis=1)
    scores = np.clip(rise + walk, 0, 500).round(1)
    middle, spread = np.median(scores, axis=0), scores.std(axis=0)
    band = (None, None) if seeds == 1 else (middle - spread, middle + spread)
    low, high = (None if edge is None else edge.round(2).tolist() for edge in band)
    rows = {str(seed): row.tolist() for seed, row in enumerate(scores)}
    return {"x": x.tolist(), "iqm": middle.tolist(), "low": low, "high": high, "seeds": rows}


def sizes(rng: np.random.Generator, kind: int, seeds: int, steps: int) -> Report:
    """Fixed, doubling, or different in every seed; 0 before the first update."""
    x = np.linspace(0, 50_000, steps)
    plans = [np.full(steps, 128.0), 32 * 2.0 ** (np.arange(steps) * 5 // steps)]
    rows = {}
    for seed in range(seeds):
        own = 2.0 ** (5 + np.abs(rng.normal(0, 0.4, steps).cumsum()).round().clip(0, 6))
        own = np.repeat(own[::25], 25)
        plan = (plans[0] * 2 ** (kind // 3), plans[1], own)[kind % 3].copy()
        plan[0] = 0.0
        rows[str(seed)] = plan.tolist()
    return {"x": x.tolist(), "rows": rows}


def run(rng: np.random.Generator, env: str, seed: int) -> Report:
    late = rng.random() < 0.3
    values = {measure: float(rng.normal(1.0, 0.2)) for measure in PER_SEED}
    time = None if late else float(rng.uniform(5_000, 40_000))
    flags = {"collapsed": False, "diverged": False, "time_to_threshold": time}
    return {"env": env, "seed": seed, **values, **flags}


def regime(rng: np.random.Generator, kind: int, envs: list[str], seeds: int) -> Report:
    values = {"LRT": 0.31, "DT": 0.021, "SRT": -0.08, "DR": 0.12, "RR": -0.2, "DF": 0.05}
    values = {name: value * float(rng.uniform(0.8, 1.2)) for name, value in values.items()}
    auc, last = float(rng.uniform(300, 420)), float(rng.uniform(400, 499))
    ci = {"auc": [auc - 12, auc + 15], "final_return": [last - 9, last + 4], "LRT": [0.2, 0.4]}
    reached = {"restricted_mean": 22_000.0, "reached": seeds - 1, "of": seeds}
    return {
        "n": seeds,
        "status": "finished",
        "final_return_iqm": last,
        "auc": auc,
        **values,
        "RF": None,
        "collapse_rate": 0.1,
        "worst_seed": 212.5,
        "divergences": 0,
        "time_to_threshold": {"env_steps": reached, "wall_s": reached},
        "ci": {} if seeds == 1 else ci,
        "per_seed": [run(rng, env, seed) for env in envs for seed in range(seeds)],
        "curves": {env: curve(rng, seeds, 100, 0.4 + 0.1 * kind) for env in envs},
        "batch_size": {env: sizes(rng, kind, seeds, 200) for env in envs},
        "diagnostics": {"churn": {"value": 0.03, "per_seed": [0.03]}},
        "robustness": {"gravity x 1.5": {"value": 391.0, "ci": None, "per_seed": [391.0]}},
        "config": f"batch: {{schedule: {{kind: fixed, size: {32 * (kind + 1)}}}}}\n",
    }


def entry(rng: np.random.Generator, scale: float, seeds: int, role: str) -> Report:
    """Of one measure of one pair."""
    middle, wide = float(rng.normal(0.3, 1.0)) * scale, float(rng.uniform(0.4, 1.2)) * scale
    known = seeds > 1
    return {
        "difference": middle,
        "ci": [middle - wide, middle + wide] if known else None,
        "p": 0.0312 if known else None,
        "p_holm": 0.0624 if known and role == "primary" else None,
        "n": seeds,
        "role": role,
        "effect": 0.71 if known else None,
        "correlation": 0.4 if known else None,
        "seeds_needed": 18 if known else None,
        "improvement": 0.66 if known else None,
        "improvement_ci": [0.45, 0.83] if known else None,
    }


def pair(rng: np.random.Generator, ends: tuple[str, str], seeds: int, role: str) -> Report:
    found: Report = {"treatment": ends[0], "control": ends[1], "role": role, "identical": False}
    for measure in (*PER_SEED, *PER_GROUP):
        scale = 30.0 if measure in ("auc", "final_return", "worst_seed") else 0.1
        planned = role if measure in ("auc", "LRT") else "exploratory"
        found[measure] = entry(rng, scale, seeds, planned)
    return found


def profile(kind: int, seeds: int) -> Report:
    value = 1.0 - np.linspace(0.0, 1.0, 21) ** (1.0 + 0.4 * kind)
    low, high = (None, None) if seeds == 1 else (0.85 * value, 0.9 * value + 0.1)
    found = {"value": value, "low": low, "high": high}
    return {name: None if row is None else row.tolist() for name, row in found.items()}


def tables(names: list[str], envs: list[str], seeds: int) -> Report:
    """All that does not differ between the regimes."""
    return {
        "schema": 1,
        "name": "cartpole",
        "verdict": {"headline": "No difference is shown.", "lines": ["n is 8."], "notes": []},
        "plan": {
            "hash": "5f3a9c01",
            "kept": True,
            "baseline": names[0],
            "contrasts": [f"{names[1]} - {names[0]}"],
            "primary": "auc",
            "co_primary": "LRT",
            "alpha": 0.05,
            "margin": 10.0,
            "n": seeds,
            "least_seeds": 7,
        },
        "budget": {"axis": "env_steps", "iso": "updates", "common": 50_000.0},
        "envs": {env: {"score": [0.0, 500.0], "threshold": 475.0} for env in envs},
        "seeds": list(range(seeds)),
        "profiles": {
            "tau": np.linspace(0.0, 1.0, 21).tolist(),
            "regimes": {name: profile(kind, seeds) for kind, name in enumerate(names)},
        },
        "versions": {"torch": "2.13.0", "rlbatch": "0.1.0"},
        "hardware": {"cpu": "a processor", "threads": 1},
    }


def sample(names: list[str], envs: list[str], seeds: int) -> Report:
    """The first name is the baseline; the second against it is the planned contrast."""
    rng = np.random.default_rng(7)
    base, others = names[0], names[1:]
    roles = ["primary"] + ["exploratory"] * len(others)
    contrasts = [(f"{name} - {base}", (name, base)) for name in others]
    return {
        **tables(names, envs, seeds),
        "regimes": {name: regime(rng, kind, envs, seeds) for kind, name in enumerate(names)},
        "pairs": {
            name: pair(rng, ends, seeds, role)
            for (name, ends), role in zip(contrasts, roles, strict=False)
        },
    }


@pytest.fixture
def make_report() -> Callable[..., Report]:
    """`make_report(names, envs, seeds)`."""
    return sample


@pytest.fixture
def two() -> Report:
    """Two regimes, one environment, eight seeds."""
    return sample(["fixed-128", "doubling"], ["CartPole-v1"], 8)


@pytest.fixture
def ten() -> Report:
    """Ten regimes."""
    names = ["fixed-32", "fixed-128", "fixed-512", "doubling", "linear", "epsilon"]
    names += ["noise-scale", "yoked", "shuffled", "matched"]
    return sample(names, ["CartPole-v1"], 8)


def awkward() -> Report:
    """Two environments; a failed, an identical, a constant and an evil regime."""
    names = ["fixed-128", "doubling", "twin", "failed", "flat", EVIL]
    found = sample(names, ["CartPole-v1", "Acrobot-v1"], 5)
    found["verdict"]["notes"] = [f"{EVIL} lost its last evaluation & more."]
    found["plan"] |= {"kept": False, "contrasts": ["doubling - fixed-128", f"{EVIL} - fixed-128"]}
    found["envs"]["Acrobot-v1"] = {"score": None, "threshold": None}
    found["pairs"]["twin - fixed-128"]["identical"] = True
    for curve_ in found["regimes"]["flat"]["curves"].values():
        rows = {seed: [9.0] * 100 for seed in curve_["seeds"]}
        curve_ |= dict.fromkeys(("iqm", "low", "high"), [9.0] * 100) | {"seeds": rows}
    lost = dict.fromkeys(("final_return_iqm", "auc", "LRT", "DT", "SRT", "DR", "DF", "RR"))
    lost |= dict.fromkeys(("worst_seed", "collapse_rate", "time_to_threshold", "diagnostics"))
    empty: Report = {"ci": {}, "curves": {}, "batch_size": {}, "per_seed": [], "robustness": None}
    found["regimes"]["failed"] |= {**lost, **empty, "n": 0, "status": "failed"}
    del found["pairs"]["failed - fixed-128"], found["profiles"]["regimes"]["failed"]
    return found


@pytest.fixture
def report() -> Report:
    """What can go wrong: see `awkward`."""
    return awkward()


@pytest.fixture(scope="session")
def awkward_page() -> str:
    """Its page, drawn once."""
    return page(awkward())
