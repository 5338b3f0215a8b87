"""What is measured, and where it goes."""

from rlbatch.metrics.csv import CsvSink
from rlbatch.metrics.names import EVAL, TRAIN, WHERE
from rlbatch.metrics.statistics import Estimate, iqm, iqm_over_seeds
from rlbatch.metrics.tensorboard import TensorBoardSink
from rlbatch.metrics.wandb import WandbSink

__all__ = [
    "EVAL",
    "TRAIN",
    "WHERE",
    "CsvSink",
    "Estimate",
    "TensorBoardSink",
    "WandbSink",
    "iqm",
    "iqm_over_seeds",
]
