"""Regimes x seeds -> a report: `python -m rlbatch.compare CONFIG`; `load_runs` for notebooks."""

from rlbatch.compare.comparison import Comparison
from rlbatch.compare.measures import MEASURES, Measure
from rlbatch.compare.runs.reading import read_run
from rlbatch.compare.runs.run import Run
from rlbatch.compare.runs.table import load_runs

__all__ = ["MEASURES", "Comparison", "Measure", "Run", "load_runs", "read_run"]
