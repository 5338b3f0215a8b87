"""What a handful of seeds can say: intervals, tests, and how many seeds a claim needs.

    estimate, joint, joint_difference    a number and its bootstrap interval over seeds
    performance_profile                  share of runs above each score, with its band
    probability_of_improvement           how often a run of one regime beats one of another
    paired_difference, label_swap        two regimes on the same seeds, and a permutation p
    holm, least_seeds, seeds_needed      many tests at once, and seeds before training

Seeds are resampled, never episodes. Every draw comes from a `generator` that is named by the
caller, so the same numbers always give the same report.
"""

from rlbatch.compare.inference.holm import holm, least_seeds
from rlbatch.compare.inference.improvement import probability_of_improvement
from rlbatch.compare.inference.intervals import estimate, joint, joint_difference
from rlbatch.compare.inference.label_swap import label_swap, label_swap_of_indices
from rlbatch.compare.inference.paired import PairedResult, paired_difference
from rlbatch.compare.inference.power import seeds_needed
from rlbatch.compare.inference.profiles import performance_profile
from rlbatch.compare.inference.resampling import Interval, Scores, generator

__all__ = [
    "Interval",
    "PairedResult",
    "Scores",
    "estimate",
    "generator",
    "holm",
    "joint",
    "joint_difference",
    "label_swap",
    "label_swap_of_indices",
    "least_seeds",
    "paired_difference",
    "performance_profile",
    "probability_of_improvement",
    "seeds_needed",
]
