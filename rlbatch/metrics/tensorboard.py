"""TensorBoard: a run per seed, and one over all seeds with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch.utils.tensorboard.writer import SummaryWriter

from rlbatch.metrics.aggregate import over_seeds, per_seed
from rlbatch.types import Record

CHARTS = ("eval/return", "train/return", "train/loss", "train/td_error", "train/q_mean")


class TensorBoardSink:
    """Writes tb/seed_<k>/ (at most `per_seed_max` of them) and tb/all/; the x axis is env steps.

    Args:
        folder: tb/ of the run.
        seeds: of the lanes.
        config: text that is shown with the run.
        per_seed_max: seeds that get a run of their own, lowest first.
    """

    def __init__(self, folder: Path, seeds: Sequence[int], config: str, per_seed_max: int) -> None:
        self._all = SummaryWriter(str(folder / "all"))
        self._all.add_text("config", f"```yaml\n{config}\n```")
        layout = {name: ["Margin", _tags(name)] for name in CHARTS}
        self._all.add_custom_scalars({"IQM over seeds, 95 % interval": layout})
        shown = sorted(seeds)[:per_seed_max]
        self._own = {seed: SummaryWriter(str(folder / f"seed_{seed}")) for seed in shown}

    def write(self, records: Sequence[Record]) -> None:
        scalars = per_seed(records)
        for seed, step, name, value in scalars:
            if seed in self._own:
                self._own[seed].add_scalar(name, value, step)
        if not scalars or records[0].kind == "event":
            return
        step = max(scalar.env_step for scalar in scalars)
        for name, estimate in over_seeds(scalars):
            for tag, number in zip(_tags(name), estimate, strict=True):
                if number is not None and (tag == name or name in CHARTS):
                    self._all.add_scalar(tag, float(number), step)

    def close(self) -> None:
        for writer in (self._all, *self._own.values()):
            writer.close()


def _tags(name: str) -> list[str]:
    """Of an estimate's value and bounds; the bounds have a section of their own."""
    return [name, f"interval/{name}/low", f"interval/{name}/high"]
