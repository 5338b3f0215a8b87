"""Return where a policy was not trained: from held-out starts, and under perturbed physics."""

from __future__ import annotations

from collections.abc import Mapping

from rlbatch.compare.built import Built
from rlbatch.contract import MakeEnv
from rlbatch.errors import require
from rlbatch.learner import Learner
from rlbatch.train import Evaluator
from rlbatch.train.evaluate import EVALUATION_SEED

HELD_OUT_SEED = EVALUATION_SEED - 1  # starts that no evaluation during training saw
HELD_OUT = "held_out_starts"  # the variant that needs no other environment


def robustness(
    learner: Learner, built: Built, variants: Mapping[str, MakeEnv], episodes: int
) -> dict[str, list[float]]:
    """Mean greedy return of each lane in each variant of its environment.

    Start states are common to all lanes and regimes. One thing moves per variant: held-out starts
    are played in the environment trained in, perturbed environments from the usual starts.

    Args:
        learner: L lanes.
        built: what they were trained in.
        variants: perturbed environments by name.
        episodes: a lane and variant.

    Returns:
        `[L]` mean undiscounted returns by variant, held-out starts first.

    Raises:
        ConfigError: no episodes, or a variant with the name of the held-out starts.
    """
    require(episodes >= 1, "robustness.episodes", "at least 1", episodes)
    taken = HELD_OUT in variants
    require(not taken, "robustness.variants", "names not used by held-out starts", repr(HELD_OUT))
    size = learner.lanes, episodes, built.train.evaluate.max_length, built.device
    evaluators = {HELD_OUT: Evaluator(built.make_env, *size, seed=HELD_OUT_SEED)}
    evaluators |= {name: Evaluator(make_env, *size) for name, make_env in variants.items()}
    return {
        name: evaluator.play(learner.values).returns.mean(1).tolist()
        for name, evaluator in evaluators.items()
    }
