"""Inner signs of stability: what parameters show on a fixed probe set and in changed worlds."""

from rlbatch.compare.inner.diagnose import CHECKPOINT, FILE, SIGNS, diagnose, write_diagnostics
from rlbatch.compare.inner.lane import Restored, lane_network, restore
from rlbatch.compare.inner.overestimation import overestimation
from rlbatch.compare.inner.probe import ProbeSet, as_batch, digest, load_probe, save_probe
from rlbatch.compare.inner.robustness import HELD_OUT, HELD_OUT_SEED, robustness
from rlbatch.compare.inner.sharpness import Eigenvalue, sharpness, top_eigenvalue
from rlbatch.compare.inner.signs import q_max, soft_divergence, td_error, value_bound
from rlbatch.compare.inner.states import REFERENCE_SEED, collect
from rlbatch.compare.inner.units import dormant_ratio, srank, watch

__all__ = [
    "CHECKPOINT",
    "FILE",
    "HELD_OUT",
    "HELD_OUT_SEED",
    "REFERENCE_SEED",
    "SIGNS",
    "Eigenvalue",
    "ProbeSet",
    "Restored",
    "as_batch",
    "collect",
    "diagnose",
    "digest",
    "dormant_ratio",
    "lane_network",
    "load_probe",
    "overestimation",
    "q_max",
    "restore",
    "robustness",
    "save_probe",
    "sharpness",
    "soft_divergence",
    "srank",
    "td_error",
    "top_eigenvalue",
    "value_bound",
    "watch",
    "write_diagnostics",
]
