"""LaBER: a naive twin, weights by hand, no bias, frequencies, what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlbatch.errors import ConfigError, DataError, EmptyBufferError
from rlbatch.replay.sampling.kinds import sampler_from_json, sampler_to_json
from rlbatch.replay.sampling.laber import Ask, Floats, Laber
from rlbatch.replay.sampling.sampler import Drawn, Weights
from rlbatch.replay.sampling.uniform import Uniform
from rlbatch.replay.storage.ring import Ring, Rows
from rlbatch.seeding import Purpose, uniform

SEED = 4  # of lane 0
HAND = Laber(ratio=2, eps=0.5)


def ring_with(*written: int, capacity: int = 9) -> Ring:
    """A ring to whose lanes so many rows were written."""
    ring = Ring(len(written), capacity, 1)
    valid = np.arange(max(written)) < np.array(written)[:, None]
    ring.append(np.zeros((*valid.shape, 1), np.int64), valid)
    return ring


def at_places(*td_error: float) -> Ask:
    """These δ at the places of the large batch, in every lane."""
    return lambda large, sizes: np.tile(np.array(td_error), (len(sizes), 1))


def of_rows(*td_error: float) -> Ask:
    """These δ of the rows, by insertion number; NaN in padding."""
    by_row = np.array([*td_error, math.nan])
    return lambda large, sizes: by_row[large.numbers]


def drawn(
    settings: Laber, ring: Ring, ask: Ask | None, *sizes: int, counters: Any = 0, seed: int = SEED
) -> tuple[Rows, Weights]:
    """Rows and weights of one draw; lane k has seed + k, if all have one counter."""
    sampler = settings.start(len(sizes), ring.capacity)
    sampler.ask = ask
    seeds = seed + np.arange(len(sizes)) * (np.ndim(counters) == 0)
    each = np.broadcast_to(counters, len(sizes)).astype(np.int64)
    numbers, weight = sampler.draw(ring, seeds, each, np.array(sizes))
    assert weight is not None
    return numbers, weight


def large_of(ring: Ring, *sizes: int, counter: int = 0) -> Rows:
    """The uniform draw of these sizes."""
    lanes = np.arange(len(sizes))
    return Uniform().draw(ring, SEED + lanes, 0 * lanes + counter, np.array(sizes)).numbers


def chosen(p: Floats, u: Floats) -> tuple[Rows, Floats]:
    """Places and weights of one lane, by the formulas."""
    places = np.array([int((p.cumsum() <= x * p.sum()).sum()) for x in u], np.int64)
    return places, p.sum() / max(len(p), 1) / p[places]


def test_weights_of_four_places_by_hand() -> None:
    """p = 1, 2, 4, 1 of mean 2 weigh 2, 1, 1/2, 2."""
    ring = ring_with(1000, capacity=1000)
    seen: dict[int, float] = {}
    for counter in range(40):
        large = large_of(ring, 4, counter=counter)[0].tolist()
        numbers, weight = drawn(HAND, ring, at_places(0.5, -1.5, 3.5, -0.5), 2, counters=counter)
        places = [large.index(number) for number in numbers[0]]
        seen |= dict(zip(places, weight[0].tolist(), strict=True))
    assert seen == {0: 2.0, 1: 1.0, 2: 0.5, 3: 2.0}


@given(st.data())
def test_rows_and_weights_are_those_of_the_naive_twin(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=3))
    ratio, counter = data.draw(st.integers(1, 5)), data.draw(st.integers(0, 2**40))
    ring = ring_with(*(data.draw(st.integers(1, 30)) for _ in sizes))
    many = [ratio * size for size in sizes]
    td_error = np.random.default_rng(counter).normal(size=(len(sizes), max(many)))
    settings = Laber(ratio=ratio, eps=0.1)
    numbers, weight = drawn(settings, ring, lambda *_: td_error, *sizes, counters=counter)
    large = large_of(ring, *many, counter=counter)
    for lane, size in enumerate(sizes):
        u = uniform(SEED + lane, Purpose.CHOICE, counter, 9)[:size]
        places, expected = chosen(np.abs(td_error[lane, : many[lane]]) + 0.1, u)
        assert numbers[lane, :size].tolist() == large[lane, places].tolist()
        np.testing.assert_allclose(weight[lane, :size], expected, rtol=1e-6)
        assert (numbers[lane, size:] == -1).all()
        assert not weight[lane, size:].any()


def test_who_is_asked_sees_ratio_times_as_many_uniform_rows() -> None:
    ring, asked = ring_with(30, 5, 7), []

    def ask(large: Drawn, sizes: Rows) -> Floats:
        asked.append((large.numbers.tolist(), sizes.tolist()))
        return np.ones(large.numbers.shape)

    drawn(Laber(ratio=3), ring, ask, 2, 0, 5)
    assert asked == [(large_of(ring, 6, 0, 15).tolist(), [6, 0, 15])]


@pytest.mark.parametrize("seed", range(5))
def test_over_all_choices_out_of_a_large_batch_the_weighted_value_is_its_mean(seed: int) -> None:
    td_error, value = [0.5, -1.5, 3.5, 0.0], np.array([10.0, -3.0, 5.0, 40.0])
    ring, settings = ring_with(4), Laber(ratio=3, eps=0.5)
    numbers, weight = drawn(settings, ring, of_rows(*td_error), 200, counters=7, seed=seed)
    lanes = np.ones(1, np.int64)
    large = Uniform().draw(ring, seed * lanes, 7 * lanes, 600 * lanes).numbers[0]
    weight_of = dict(zip(numbers[0].tolist(), weight[0].tolist(), strict=True))
    p = np.abs(td_error)[large] + 0.5
    expected = sum(p / p.sum() * [weight_of[row] for row in large] * value[large])
    assert expected == pytest.approx(value[large].mean(), rel=1e-6)


def test_over_many_draws_the_weighted_value_is_the_mean_over_all_that_is_held() -> None:
    """Within 4.5 standard errors; without weights it is far outside."""
    value, num = np.array([10.0, -3.0, 5.0, 40.0, 0.0]), 20_000
    ring, ask = ring_with(*[5] * num, capacity=5), of_rows(0.1, 2.0, -1.0, 0.4, 5.0)
    numbers, weight = drawn(Laber(ratio=2), ring, ask, *[3] * num, counters=np.arange(num))

    def z(means: Floats) -> float:
        return float((means.mean() - value.mean()) / (means.std() / num**0.5))

    assert abs(z((weight * value[numbers]).mean(1))) < 4.5
    assert abs(z(value[numbers].mean(1))) > 50


def test_places_are_chosen_independently_and_as_often_as_their_priorities_say() -> None:
    """p = 1, 2, 4, 3: each weighs something else, and so tells its place."""
    num, p = 20_000, np.array([1.0, 2.0, 4.0, 3.0])
    ring, ask = ring_with(*[9] * num), at_places(0.5, 1.5, -3.5, 2.5)
    _, weight = drawn(HAND, ring, ask, *[2] * num, counters=np.arange(num))
    places = np.abs(weight[..., None] - p.mean() / p).argmin(-1)
    pairs = np.bincount(4 * places[:, 0] + places[:, 1], minlength=16)
    assert stats.chisquare(pairs, num * np.outer(p, p).ravel() / 100).pvalue > 0.01


@pytest.mark.parametrize("td_error", [0.0, 1e308])
def test_equal_td_errors_weigh_1_however_small_or_large(td_error: float) -> None:
    numbers, weight = drawn(Laber(eps=1e-300), ring_with(9), of_rows(*[td_error] * 9), 500)
    assert set(numbers[0]) == set(range(9))
    np.testing.assert_allclose(weight, 1.0, rtol=1e-6)


def test_out_of_one_row_that_row_is_chosen_however_small_its_priority() -> None:
    ring, sizes = ring_with(*[9] * 500), [1] * 500
    numbers, _ = drawn(Laber(ratio=1, eps=5e-324), ring, at_places(0.0), *sizes)
    assert np.array_equal(numbers, large_of(ring, *sizes))


def test_td_errors_as_far_apart_as_float64_allows_give_finite_weights() -> None:
    numbers, weight = drawn(Laber(eps=1e-300), ring_with(3), of_rows(5e-324, 1e308, 1.0), 500)
    assert set(numbers[0]) == {1}
    assert np.isfinite(weight).all()


def test_a_lane_draws_what_it_would_draw_alone() -> None:
    ask = of_rows(*range(30))
    both, alone = ring_with(7, 30, 3), ring_with(30)
    numbers, weight = drawn(Laber(), both, ask, 6, 4, 0)
    own = drawn(Laber(), alone, ask, 4, seed=SEED + 1)
    assert numbers[1].tolist() == [*own[0][0].tolist(), -1, -1]
    assert weight[1].tolist() == [*own[1][0].tolist(), 0.0, 0.0]


def test_an_idle_lane_is_padding_and_may_be_empty() -> None:
    numbers, weight = drawn(HAND, ring_with(3, 0), of_rows(1.0, 2.0, 3.0), 2, 0)
    assert weight.dtype == np.float32
    assert numbers[1].tolist() == [-1, -1]
    assert weight[1].tolist() == [0.0, 0.0]
    assert (numbers[0] >= 0).all()


def test_where_all_lanes_are_idle_nobody_is_asked() -> None:
    numbers, weight = drawn(HAND, ring_with(3, 0), lambda *_: pytest.fail("asked"), 0, 0)
    assert numbers.shape == weight.shape == (2, 0)


def test_two_seeds_and_two_counters_differ_and_one_pair_repeats() -> None:
    def batch(counter: int, seed: int) -> list[int]:
        ring = ring_with(1000, capacity=1000)
        numbers = drawn(Laber(), ring, of_rows(*range(1000)), 9, counters=counter, seed=seed)[0]
        return [*map(int, numbers[0])]

    assert batch(3, 1) == batch(3, 1)
    assert batch(3, 1) != batch(4, 1)
    assert batch(3, 1) != batch(3, 2)


def test_a_small_draw_is_not_the_prefix_of_a_large_one() -> None:
    ring, ask = ring_with(1000, capacity=1000), of_rows(*range(1000))
    small, large = (drawn(Laber(), ring, ask, size)[0][0].tolist() for size in (32, 512))
    assert small != large[:32]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_td_error_that_is_not_finite_is_refused_and_nothing_moves(bad: float) -> None:
    one, sizes, td_error = np.ones(2, np.int64), np.array([2, 1]), np.ones((2, 4))
    sampler, told = HAND.start(2, 9), (ring_with(3, 3), one, one)
    sampler.ask = lambda *_: td_error
    before = sampler.draw(*told, sizes).numbers.tolist()
    td_error[1, 1] = bad
    row = Uniform().draw(*told, 2 * sizes).numbers[1, 1]
    with pytest.raises(DataError, match=rf"td_error \(lane 1, row {row}\): expected a finite numb"):
        sampler.draw(*told, sizes)
    td_error[1, 1] = 1.0
    assert sampler.draw(*told, sizes).numbers.tolist() == before
    assert sampler.state() == {}


def test_td_errors_of_another_shape_are_refused() -> None:
    with pytest.raises(DataError, match=r"td_error: expected shape \(1, 4\), got \(1, 2\)"):
        drawn(HAND, ring_with(3), at_places(1.0, 1.0), 2)


def test_with_nobody_to_ask_nothing_is_drawn() -> None:
    with pytest.raises(ConfigError, match=r"gradient norm, got none\. .* buffer.surrogate first"):
        drawn(HAND, ring_with(3), None, 2)


def test_an_empty_lane_that_must_give_rows_is_named() -> None:
    with pytest.raises(EmptyBufferError, match="0 in lane 1"):
        drawn(HAND, ring_with(3, 0), at_places(1.0, 1.0), 1, 1)


@pytest.mark.parametrize("wrong", [{"ratio": 0}, {"eps": 0.0}, {"eps": -1.0}, {"eps": math.nan}])
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"replay\.sampler\.{next(iter(wrong))}: expected"):
        Laber(**wrong)


def test_settings_are_told_and_taken_back() -> None:
    settings = Laber(ratio=7, eps=0.25)
    assert sampler_to_json(settings) == {"kind": "laber", "ratio": 7, "eps": 0.25}
    assert sampler_from_json(sampler_to_json(settings), "here") == settings
