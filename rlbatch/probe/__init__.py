"""The five-step batch-size finder: memory, speed, learning rate, curves, accumulation."""

from rlbatch.probe.findings import Findings
from rlbatch.probe.probe import probe
from rlbatch.probe.settings import ProbeSettings

__all__ = ["Findings", "ProbeSettings", "probe"]
