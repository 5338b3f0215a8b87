"""Text -> objects: the one place where YAML is read."""

from rlbatch.config.experiment import Experiment, Requirements, build
from rlbatch.config.source import read

__all__ = ["Experiment", "Requirements", "build", "read"]
