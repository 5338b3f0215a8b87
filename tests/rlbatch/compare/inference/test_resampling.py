"""Named generators, and what is refused as scores."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from rlbatch.compare.inference import estimate, generator, paired_difference
from rlbatch.errors import ConfigError, DataError

Floats = npt.NDArray[np.float64]


def test_a_name_always_gives_the_same_numbers_in_any_process() -> None:
    assert generator("auc", "cartpole", 3).bit_generator.random_raw() == 2673371971929651274


def test_names_do_not_run_into_each_other() -> None:
    names = [("a", "b"), ("ab",), ("b", "a"), ("a", 1), ("a", "1"), ("a", "b", "")]
    first = {generator(*name).bit_generator.random_raw() for name in names}
    assert len(first) == len(names)


def test_nothing_draws_from_the_global_generator() -> None:
    before = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    scores = [np.arange(20.0)]
    paired_difference(scores, [row[::-1] for row in scores], generator("test"))
    assert (np.random.get_state()[1] == before).all()  # type: ignore[index]  # noqa: NPY002


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([], r"scores: expected at least 1 environment, got 0\."),
        ([np.ones(2), np.ones((2, 2))], r"scores\[1\]: expected .* \[seeds\].*, got \(2, 2\)\."),
        ([np.ones(0)], r"scores\[0\]: expected .* seeds ≥ 1, got \(0,\)\."),
        ([np.array([1.0, np.nan])], r"scores\[0\]: expected finite scores"),
    ],
)
def test_scores_that_cannot_be_meant_are_refused(scores: list[Floats], message: str) -> None:
    with pytest.raises(DataError, match=message):
        estimate(scores, generator("test"))


def test_the_seeds_of_both_arms_must_pair_up_in_every_environment() -> None:
    with pytest.raises(DataError, match=r"the same seeds .*\[3\]\), got \[2\]"):
        paired_difference([np.ones(3)], [np.ones(2)], generator("test"))
    uneven = [np.ones(3), np.ones(2)]
    with pytest.raises(DataError, match="Keep only the seeds that all have"):
        paired_difference(uneven, uneven, generator("test"))


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_confidence_is_a_share(confidence: float) -> None:
    with pytest.raises(ConfigError, match="confidence: expected a share between 0 and 1"):
        estimate([np.ones(3)], generator("test"), confidence=confidence)
