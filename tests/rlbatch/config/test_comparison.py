"""A comparison config: its keys, and the training config of each of its runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlbatch.compare.manifest import plan_hash, plan_of
from rlbatch.config import read_comparison
from rlbatch.config.comparison import ComparisonFile
from rlbatch.errors import ConfigError, RlbatchError
from rlbatch.schedule import Epsilon, Fixed

Written = Callable[..., Path]
BASE = """\
env: {plug: "envs.cartpole:CartPole"}
agent: {plug: "agents.dqn:DQN", hidden: [8]}
env_steps: 2000
batch: {schedule: {kind: fixed, rows: 64}}
device: cpu
threads: 1
"""
CONFIG = """\
base: base.yaml
seeds: 4
regimes:
  a: {batch: {schedule: {kind: fixed, rows: 32}}}
  b: {batch.schedule: {kind: epsilon, explore: 8, exploit: 64}, learner.lr: 2e-3}
  m: {control: matched, of: b}
"""


@pytest.fixture
def comparison(written: Written) -> Callable[..., ComparisonFile]:
    """Reads a config with more lines and overrides."""

    def make(*overrides: str, more: str = "", text: str = CONFIG) -> ComparisonFile:
        written(BASE, "base.yaml")
        return read_comparison(written(text + more, "pair.yaml"), overrides)

    return make


def test_a_regime_is_the_base_and_what_it_changes(comparison: Any) -> None:
    found = comparison()
    a, b = (found.resolve("CartPole", name, {}) for name in "ab")
    assert (found.comparison.name, found.comparison.baseline) == ("pair", "a")
    assert a.train.batch.schedule == Fixed(rows=32)
    assert b.train.batch.schedule == Epsilon(explore=8, exploit=64)
    assert (b.train.learner.lr, b.train.env_steps, b.name) == (2e-3, 2000, "b")


def test_a_control_is_its_source_and_what_it_changes(comparison: Any) -> None:
    extra = {"batch.schedule": {"kind": "fixed", "rows": 37}}
    built = comparison().resolve("CartPole", "m", extra)
    assert built.train.batch.schedule == Fixed(rows=37)
    assert (built.train.learner.lr, built.name) == (2e-3, "m")


def test_what_is_laid_over_wins_and_leaves_the_rest(comparison: Any) -> None:
    extra = {"seed": 9, "learner.lr": 0.0, "lanes.lr": [0.1, 0.2]}
    built = comparison().resolve("CartPole", "b", extra)
    assert (built.train.seed, built.train.learner.lr) == (9, 0.0)
    assert built.train.lane_seeds == [9 + k for k in range(8)] * 2
    assert built.train.batch.schedule == Epsilon(explore=8, exploit=64)


def test_auto_compiles_all_runs_or_none(comparison: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch size pays for its program over 96,000 updates, four do not over 160,000."""
    monkeypatch.setattr("rlbatch.config.compiling.lack", lambda: "")
    for steps, compiled in ((2000, False), (25_000, False), (45_000, True)):
        found = comparison(f"set.env_steps={steps}", "set.learn.every=1")
        runs = [found.resolve("CartPole", name, {}) for name in "abm"]
        assert [run.compile for run in runs] == [compiled] * 3


def test_set_changes_the_base_of_all(comparison: Any) -> None:
    found = comparison("set.env_steps=3000", more="set: {env_steps: 2500, iso: updates}\n")
    assert found.resolve("CartPole", "a", {}).train.env_steps == 3000


def test_a_base_that_stops_early_can_be_told_not_to(comparison: Any) -> None:
    stops = "stop: {on: eval_return, patience: 5}"
    text = CONFIG.replace("base.yaml", "{" + ", ".join([*BASE.splitlines(), stops]) + "}")
    found = comparison(text=text, more="set: {stop: null}\n")
    assert found.resolve("CartPole", "a", {}).train.stop is None


def test_the_base_can_stand_in_the_config(comparison: Any) -> None:
    text = CONFIG.replace("base.yaml", "{" + ", ".join(BASE.splitlines()) + "}")
    assert comparison(text=text).resolve("CartPole", "b", {}).train.env_steps == 2000


def test_environments_are_a_list_of_ids(comparison: Any) -> None:
    more = "envs: [CartPole-v1]\n"
    text = CONFIG.replace("base.yaml", "gym.yaml")
    Path("gym.yaml").write_text(BASE.replace("envs.cartpole:CartPole", "envs.gymnasium:make"))
    found = comparison(more=more, text=text)
    assert found.resolve("CartPole-v1", "a", {}).resolved["env"]["id"] == "CartPole-v1"


def test_environments_have_scores_and_settings_of_their_own(comparison: Any) -> None:
    more = """\
envs:
  light: {score: [0, 500], threshold: 475}
  heavy: {score: [0, 400], set: {env: {gravity: 14.7}, env_steps: 2200}}
robustness: {long: {half_length: 0.75}, none: }
"""
    found = comparison(more=more)
    light, heavy = found.comparison.envs
    assert (light.score, light.threshold, heavy.threshold) == ((0, 500), 475, None)
    built = found.resolve("heavy", "b", {})
    assert (built.resolved["env"]["gravity"], built.train.env_steps) == (14.7, 2200)
    changed = found.variant("heavy", "long").resolved["env"]
    assert (changed["gravity"], changed["half_length"]) == (14.7, 0.75)
    assert found.comparison.variants == ("long", "none")


@pytest.mark.parametrize(
    ("overrides", "more", "told"),
    [
        (["baseline=c"], "", "baseline: expected the name of a regime, got 'c'"),
        (["seedz=3"], "", "Did you mean 'seed"),
        (["regimes.a.batch.rows=3"], "", "rows"),
        (["regimes.m.of=m"], "", "regimes.m.of"),
        (["regimes.m.of=3"], "", "regimes.m.of: expected the name of a regime, got '3'"),
        (["regimes.m.control=match"], "", "regimes.m: expected one of matched, random, lr0"),
        (["plan.primary=ouc"], "", "Did you mean 'auc'"),
        (["plan.alpha=high"], "", "plan.alpha"),
        (["seeds=0"], "", "seeds: expected at least 1"),
        (["envs=[]"], "", "envs: expected at least 1"),
        (["envs=CartPole"], "", "envs: expected a list of ids or a table"),
        (["regimes=3"], "", "regimes: expected a table, got 3"),
        (["set=3"], "", "set: expected a table, got 3"),
        ([], "tune: {seed: 2}\n", "tune.seed: expected seeds other than the test's"),
        ([], "probe: {seed: 1}\n", "probe.seed: expected a seed other than the test's"),
        ([], "robustness: {heavy: {gravity: strong}}\n", "gravity"),
        ([], "envs: {A: {}, B: {}}\n", "envs: expected a score range for each of several"),
        ([], "envs: {A: {scores: [0, 1]}}\n", "Did you mean 'score'"),
        ([], "set: {lanes: {lr: [0.1, 0.2]}}\n", "regimes.a: lanes: expected no sweep, got one"),
        (
            ["regimes.b.stop={on: eval_return, patience: 5}"],
            "",
            "regimes.b: stop: expected a run of the whole budget, got to stop early on eval_return",
        ),
        (
            [],
            "set: {stop: {on: val_td, patience: 5}, replay: {validation: 10}}\n",
            "regimes.a: stop: expected a run of the whole budget, got to stop early on val_td.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_trained(
    comparison: Any, overrides: list[str], more: str, told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        comparison(*overrides, more=more)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("regimes: {a: }\n", "expected 'base', got none"),
        ("base: base.yaml\n", "expected 'regimes', got none"),
        ("base: nowhere.yaml\nregimes: {a: }\n", "nowhere.yaml: expected a config file"),
        ("base: 3\nregimes: {a: }\n", "3: expected a config file"),
        ("base: base.yaml\nregimes: {a b: }\n", "a name of letters, digits"),
    ],
)
def test_what_is_missing_is_told(comparison: Any, text: str, told: str) -> None:
    with pytest.raises(RlbatchError) as refused:
        comparison(text=text)
    assert told in str(refused.value)


def test_the_place_of_a_mistake_is_told(comparison: Any) -> None:
    with pytest.raises(ConfigError, match=r"pair\.yaml:4:\d+"):
        comparison(text=CONFIG.replace("rows: 32", "rowz: 32"))


def test_every_override_changes_the_hash_of_the_plan(comparison: Any) -> None:
    def hashed(*overrides: str) -> str:
        found = comparison(*overrides, more="plan: {contrasts: [b]}\nset: {}\n")
        return plan_hash(plan_of(found.comparison, found.declared()))

    changes = [
        (),
        ("seeds=5",),
        ("seed=2",),
        ("plan.contrasts=[b, m]",),
        ("plan.contrasts=[m]",),
        ("set.env_steps=2001",),
        ("set.learner.lr=1e-5",),
        ("regimes.a.batch.schedule.rows=33",),
        ("regimes.c.learner.lr=1e-5",),
        ("budget=samples",),
        ("tune.seeds=3",),
    ]
    hashes = [hashed(*change) for change in changes]
    assert len(set(hashes)) == len(changes)
    assert hashes == [hashed(*change) for change in changes]
    assert hashed("run_dir=elsewhere") == hashes[0]
