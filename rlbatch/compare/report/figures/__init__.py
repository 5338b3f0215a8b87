"""One figure a file; each a pure function of the report."""

from rlbatch.compare.report.figures.batches import batch_sizes
from rlbatch.compare.report.figures.curves import learning_curves
from rlbatch.compare.report.figures.forest import forest
from rlbatch.compare.report.figures.improvement import improvement
from rlbatch.compare.report.figures.profiles import profiles
from rlbatch.compare.report.figures.seeds import every_seed
from rlbatch.compare.report.figures.threshold import time_to_threshold

FIGURES = {  # in the order of the page; the name is also the file's
    "learning_curves": learning_curves,
    "batch_size": batch_sizes,
    "forest": forest,
    "improvement": improvement,
    "profiles": profiles,
    "every_seed": every_seed,
    "time_to_threshold": time_to_threshold,
}

__all__ = [
    "FIGURES",
    "batch_sizes",
    "every_seed",
    "forest",
    "improvement",
    "learning_curves",
    "profiles",
    "time_to_threshold",
]
