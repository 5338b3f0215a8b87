"""TensorBoard: a run per seed, and one over all seeds with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch.utils.tensorboard.writer import SummaryWriter

from rlbatch.metrics.aggregate import Scalar, over_lanes, per_lane
from rlbatch.types import Record

CHARTS = ("eval/return", "train/return", "train/loss", "train/td_error", "train/q_mean")


class TensorBoardSink:
    """Writes tb/seed_<k>/ (at most `per_seed_max` of them) and tb/all/; the x axis is env steps.

    Args:
        folder: tb/ of the run.
        seeds: of the lanes.
        config: text that is shown with the run.
        per_seed_max: seeds of an arm that get a run of their own, lowest first.
        arms: name of each lane's arm; lanes that differ lie in tb/<arm>/. None: all are alike.
    """

    def __init__(
        self,
        folder: Path,
        seeds: Sequence[int],
        config: str,
        per_seed_max: int,
        arms: Sequence[str] | None = None,
    ) -> None:
        self._arms = list(arms) if arms is not None else [""] * len(seeds)
        self._all = {arm: SummaryWriter(str(folder / arm / "all")) for arm in self._arms}
        layout = {name: ["Margin", _tags(name)] for name in CHARTS}
        for writer in self._all.values():
            writer.add_text("config", f"```yaml\n{config}\n```")
            writer.add_custom_scalars({"IQM over seeds, 95 % interval": layout})
        shown = sorted(set(seeds))[:per_seed_max]
        self._own = {
            lane: SummaryWriter(str(folder / arm / f"seed_{seed}"))
            for lane, (arm, seed) in enumerate(zip(self._arms, seeds, strict=True))
            if seed in shown
        }

    def write(self, records: Sequence[Record]) -> None:
        scalars = per_lane(records)
        for lane, step, name, value in scalars:
            if lane in self._own:
                self._own[lane].add_scalar(name, value, step)
        for arm, writer in self._all.items():
            own = [scalar for scalar in scalars if self._arms[scalar.lane] == arm]
            if own:
                _write_all(writer, own)

    def close(self) -> None:
        for writer in (*self._all.values(), *self._own.values()):
            writer.close()


def _write_all(writer: SummaryWriter, scalars: Sequence[Scalar]) -> None:
    step = max(scalar.env_step for scalar in scalars)
    for name, estimate in over_lanes(scalars):
        for tag, number in zip(_tags(name), estimate, strict=True):
            if number is not None and (tag == name or name in CHARTS):
                writer.add_scalar(tag, float(number), step)


def _tags(name: str) -> list[str]:
    """Of an estimate's value and bounds; the bounds have a section of their own."""
    return [name, f"interval/{name}/low", f"interval/{name}/high"]
