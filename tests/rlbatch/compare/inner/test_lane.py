"""A lane taken out of a checkpoint is what the learner holds."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rlbatch.compare.built import Built
from rlbatch.compare.inner import lane_network, restore
from rlbatch.errors import FileError

Run = tuple[Path, Built]


@pytest.mark.parametrize("lane", [0, 1])
def test_a_lane_values_as_it_does_among_the_others(finished: Run, lane: int) -> None:
    restored = restore(finished[1], finished[0], "final")
    obs = torch.linspace(-1, 1, 12).reshape(3, 4)
    together = restored.learner.values(obs.expand(2, 3, 4))
    assert torch.allclose(lane_network(restored, lane)(obs), together[lane], atol=1e-6)
    assert not torch.equal(together[0], together[1])


def test_what_is_done_to_a_lane_does_not_reach_the_learner(finished: Run) -> None:
    restored = restore(finished[1], finished[0], "final")
    before = restored.learner.online.flat.clone()
    for parameter in lane_network(restored, 0).parameters():
        parameter.data.zero_()
    assert torch.equal(restored.learner.online.flat, before)


def test_taking_a_lane_out_draws_no_random_number(finished: Run) -> None:
    restored = restore(finished[1], finished[0], "final")
    before = torch.get_rng_state()
    lane_network(restored, 0)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_lane_with_one_number_that_is_none_is_not_finite(finished: Run) -> None:
    restored = restore(finished[1], finished[0], "final")
    assert restored.finite == [True, True]
    restored.learner.online.flat[1, 5] = torch.inf
    assert restored.finite == [True, False]


def test_a_checkpoint_that_is_not_there_is_refused(finished: Run) -> None:
    with pytest.raises(FileError, match=r"step_7\.safetensors: expected a checkpoint"):
        restore(finished[1], finished[0], "step_7")


def test_the_experiment_of_a_config_is_what_a_comparison_asks_for(finished: Run) -> None:
    built: Built = finished[1]
    told = built.name, built.per_lane, built.threads, built.device
    assert told == ("probe", 1, 1, torch.device("cpu"))
