"""Text -> objects: the one place where YAML is read."""

from rlbatch.config.comparison import ComparisonFile, read_comparison
from rlbatch.config.experiment import Experiment, Requirements, build
from rlbatch.config.source import read

__all__ = ["ComparisonFile", "Experiment", "Requirements", "build", "read", "read_comparison"]
