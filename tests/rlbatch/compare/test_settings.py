"""What a comparison may say, and what is refused before anything is trained."""

from __future__ import annotations

from typing import Any

import pytest

from rlbatch.compare.comparison import Comparison, Contrast
from rlbatch.compare.settings import Env, Plan, Reference, Regime, Tune
from rlbatch.errors import ConfigError

ROOM = Env(name="Room")


def made(*names: str, envs: tuple[Env, ...] = (ROOM,), **settings: Any) -> Comparison:
    regimes = tuple(Regime(name=name) for name in names or ("a", "b"))
    told: dict[str, Any] = {"name": "made", "regimes": regimes, "envs": envs, "seeds": 4}
    return Comparison(**(told | settings))


def planned(*contrasts: str, **plan: Any) -> dict[str, Any]:
    return {"plan": Plan(contrasts=contrasts, **plan)}


def test_the_baseline_is_the_first_regime_unless_it_is_said() -> None:
    assert made().baseline == "a"
    assert made(baseline="b").baseline == "b"
    assert made(**planned(baseline="b")).baseline == "b"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"baseline": "aa"}, "baseline: expected the name of a regime, got 'aa'. Did you mean 'a'"),
        ({"baseline": "a", **planned(baseline="b")}, "plan.baseline: expected the same as"),
        (planned("b vs x"), "plan.contrasts: expected the name of a regime, got 'x'"),
        (planned("b", "b vs a"), r"plan.contrasts: expected each once, got \['b vs a', 'b vs a'\]"),
        (planned("a"), "plan.contrasts: expected two regimes, got 'a'"),
        (planned(n=3), r"plan.n: expected the number of seeds \(4\), got 3"),
        ({"seeds": 0}, "seeds: expected at least 1"),
        ({"seed": -1}, "seed: expected an integer"),
        ({"regimes": ()}, "regimes: expected at least 1"),
        ({"envs": ()}, "envs: expected at least 1"),
        ({"envs": (Env(name="A", score=(0, 1)), Env(name="B"))}, "envs: expected a score range"),
        ({"tune": Tune(seed=4)}, "tune.seed: expected seeds other than the test's, got 4"),
        ({"tune": Tune(seed=0, seeds=2)}, "tune.seed: expected seeds other than the test's"),
        ({"probe": Reference(seed=1)}, "probe.seed: expected a seed other than the test's, got 1"),
    ],
)
def test_what_does_not_fit_together_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        made(**settings)


def test_tuning_and_reference_seeds_next_to_the_tests_are_free() -> None:
    assert made(tune=Tune(seed=5), probe=Reference(seed=0)).lane_seeds == [1, 2, 3, 4]


def test_a_contrast_with_one_name_is_against_the_baseline() -> None:
    contrasts = made("a", "b", "c", **planned("b", " c  vs b")).contrasts()
    assert contrasts == [Contrast("b", "a"), Contrast("c", "b")]
    assert [pair.name for pair in contrasts] == ["b vs a", "c vs b"]


@pytest.mark.parametrize("kind", ["matched", "lr0"])
def test_a_control_is_not_made_of_a_control(kind: Any) -> None:
    regimes = Regime(name="a"), Regime(name="b", control=kind, of="a")
    with pytest.raises(ConfigError, match=r"regimes.c.of: expected a regime that is no control"):
        made(regimes=(*regimes, Regime(name="c", control="yoked", of="b")))


def test_a_control_is_made_of_a_regime_there_is() -> None:
    regimes = Regime(name="fixed"), Regime(name="b", control="yoked", of="fixd")
    with pytest.raises(ConfigError, match=r"regimes.b.of: .* Did you mean 'fixed'\?"):
        made(regimes=regimes)


def test_no_regime_has_the_name_that_tuning_gives_another() -> None:
    assert len(made("a", "a+tuned").regimes) == 2
    with pytest.raises(ConfigError, match=r"regimes: expected names that tuning does not make"):
        made("a", "a+tuned", tune=Tune())


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../a", ".a", "-a", "é", "a\n"])
def test_names_that_are_no_folders_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="It becomes the name of a folder"):
        Regime(name=name)
    with pytest.raises(ConfigError, match="It becomes the name of a folder"):
        Env(name=name)


@pytest.mark.parametrize(
    ("kind", "words", "told"),
    [
        (Regime, {"name": "a", "control": "yoked"}, "regimes.a: expected control and of together"),
        (Regime, {"name": "a", "of": "b"}, "regimes.a: expected control and of together"),
        (Regime, {"name": "a", "control": "yoke", "of": "b"}, "regimes.a.control: expected one of"),
        (Env, {"name": "A", "score": (1.0, 1.0)}, r"envs.A.score: expected \[lowest, highest\]"),
        (Env, {"name": "A", "score": (0.0, float("inf"))}, "envs.A.score"),
        (Env, {"name": "A", "score": (float("nan"), 1.0)}, "envs.A.score"),
        (Plan, {"primary": "ouc"}, r"plan.primary: .*Did you mean 'auc'"),
        (Plan, {"primary": "LRT"}, "plan.primary: expected one of auc, final_return"),
        (Plan, {"primary": "time_to_threshold"}, "plan.primary: expected one of auc"),
        (Plan, {"co_primary": "auc"}, "plan.co_primary: expected a measure of stability"),
        (Plan, {"alpha": 0.0}, "plan.alpha"),
        (Plan, {"alpha": 1.0}, "plan.alpha"),
        (Plan, {"margin": -0.1}, "plan.margin"),
        (Plan, {"margin": 1.0}, "plan.margin"),
        (Tune, {"seed": -1}, "tune.seed"),
        (Tune, {"seeds": 0}, "tune.seeds"),
        (Tune, {"factors": (1.0,)}, "tune.factors: expected at least 2 numbers > 0"),
        (Tune, {"factors": (1.0, 0.0)}, "tune.factors"),
        (Reference, {"seed": -1}, "probe.seed"),
        (Reference, {"states": 2}, "probe.states"),
        (Reference, {"episodes": 0}, "probe.episodes"),
    ],
)
def test_a_part_that_cannot_be_meant_is_refused(kind: Any, words: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        kind(**words)


def test_without_a_co_primary_measure_one_endpoint_is_tested() -> None:
    assert Plan().endpoints == ("auc", "LRT")
    assert Plan(co_primary=None).endpoints == ("auc",)
