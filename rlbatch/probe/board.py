"""Step 4, curves: TensorBoard, written while the probe works.

throughput/…      x axis: B in rows; rows_per_s, ms_per_update, peak_mib
progress/B_<B>    x axis: rows drawn a lane; share of the TD loss that is gone, mean of lanes
lr_range/B_<B>    x axis: percent of the rule's learning rate, 25 … 400; the same share
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from torch.utils.tensorboard.writer import SummaryWriter

from rlbatch.probe.branches import Branch
from rlbatch.probe.rates import MULTIPLES, RangeTest
from rlbatch.probe.throughput import Pace

MIB = 1 << 20


class Board:
    """Scalars of one probe."""

    def __init__(self, folder: Path) -> None:
        self._writer = SummaryWriter(str(folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def throughput(self, paces: Iterable[Pace]) -> None:
        """Three curves against B."""
        for pace in paces:
            self._writer.add_scalar("throughput/rows_per_s", pace.rows_per_s, pace.rows)
            self._writer.add_scalar("throughput/ms_per_update", pace.ms, pace.rows)
            self._writer.add_scalar("throughput/peak_mib", pace.peak / MIB, pace.rows)
        self._writer.flush()

    def rates(self, test: RangeTest) -> None:
        """One curve against the learning rate."""
        for multiple, progress in zip(MULTIPLES, test.progress, strict=True):
            self._writer.add_scalar(f"lr_range/B_{test.size}", progress, round(100 * multiple))
        self._writer.flush()

    def branch(self, one: Branch) -> None:
        """One curve against rows."""
        gone = 1.0 - (one.loss / np.maximum(one.loss[:1], 1e-30)).mean(1)
        for rows, progress in zip(one.drawn, gone.tolist(), strict=True):
            self._writer.add_scalar(f"progress/B_{one.size}", progress, rows)
        self._writer.flush()
