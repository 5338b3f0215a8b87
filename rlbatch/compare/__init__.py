"""Regimes x seeds -> a report: `python -m rlbatch.compare CONFIG`; `load_runs` for notebooks."""

from rlbatch.compare.measures import MEASURES, Measure
from rlbatch.compare.runs import Run, load_runs, read_run
from rlbatch.compare.settings import Comparison

__all__ = ["MEASURES", "Comparison", "Measure", "Run", "load_runs", "read_run"]
