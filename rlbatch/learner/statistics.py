"""Running statistics of networks that normalise by groups of rows: state of each lane.

A batch is groups of a fixed size, each normalised by its own mean and variance, so that a gradient
does not depend on how a batch is cut between groups: Hoffer et al. 2017, "Train longer, generalize
better", https://arxiv.org/abs/1705.08741.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rlbatch.contract import GroupStatistics
from rlbatch.errors import ConfigError, DataError, require
from rlbatch.types import Batch

Left = tuple[Tensor, ...]  # () without statistics, else one: [G, S], or [L, G, S] with lanes


class Statistics:
    """The modules of a network that have statistics; false where there are none.

    Args:
        network: the template, or one lane's own.

    Raises:
        ConfigError: modules that differ in group or momentum.
    """

    def __init__(self, network: nn.Module) -> None:
        modules: list[tuple[str, Any]] = list(network.named_modules())
        self._parts = {name: own for name, own in modules if isinstance(own, GroupStatistics)}
        self._kept = {name: _persistent(own) for name, own in modules if name in self._parts}
        kinds = {(own.group, own.momentum) for own in self._parts.values()} or {(1, 0.0)}
        wanted = "the same group and momentum in every module with statistics"
        require(len(kinds) == 1, "agent.network", wanted, sorted(kinds))
        self.group, self.momentum = kinds.pop()

    def __bool__(self) -> bool:
        return bool(self._parts)

    @property
    def buffers(self) -> dict[str, Tensor]:
        """What is kept, by its name in the network, in the order of S."""
        return {
            f"{name}.{own}".removeprefix("."): getattr(part, own)
            for name, part in self._parts.items()
            for own in self._kept[name]
        }

    def clear(self) -> None:
        """Drops what calls have left behind, such as one that did not come to its end."""
        for part in self._parts.values():
            part.take()

    def left(self, rows: int) -> Left:
        """What one lane's loss over so many rows left behind.

        Raises:
            ConfigError: it did not call q with gradient once, on the batch's own rows.
        """
        if not self._parts:
            return ()
        told = [(part.take(), self._kept[name]) for name, part in self._parts.items()]
        columns = [own[name].flatten(1) for own, names in told if own for name in names]
        met = {len(own) * self.group for own in columns} | {0 for own, _ in told if not own}
        wanted = f"a loss that calls q with gradient once, on the batch's own {rows} rows"
        require(met == {rows}, "agent.loss", wanted, f"calls on {sorted(met)} rows in all")
        return (torch.cat(columns, 1),)

    def require_rows(self, rows: int | npt.NDArray[np.int64]) -> None:
        """Refuses a batch size, for all lanes or `[L]`, that is no whole number of groups.

        Raises:
            DataError: as said.
        """
        if self._parts and bool((np.asarray(rows) % self.group).any()):
            raise DataError("learner.batch", f"multiples of {self.group} rows, the group", rows)

    def require_groups(self, batch: Batch) -> None:
        """Refuses a batch that no whole number of groups makes up; on a GPU only by its width."""
        if self._parts:
            self.require_rows(batch.reward.shape[1])
            if batch.size.device.type == "cpu":
                self.require_rows(batch.size.numpy())

    def move(self, own: Tensor, groups: Tensor, size: Tensor, ok: Tensor) -> None:
        """r ← (1 − m) · r + m · s for each group of a batch in turn, padding left out.

        Args:
            own: r, `[L, S]`, changed in place in lanes that are `ok`.
            groups: s, `[L, G, S]`.
            size: `[L]` own rows.
            ok: `[L]` bool; the others stay as they are, to the bit.
        """
        count, kept = size[:, None] // self.group, 1.0 - self.momentum
        later = count - 1 - torch.arange(groups.shape[1], device=size.device)  # [L, G] groups
        share = torch.where(later >= 0, self.momentum * kept ** later.clamp(min=0).float(), 0.0)
        moved = own * kept ** count.float() + (share[:, None] @ groups)[:, 0]
        torch.where(ok[:, None], moved, own, out=own)


def _persistent(part: nn.Module) -> list[str]:
    """Names of a module's own buffers that belong to its state."""
    held = part.state_dict()
    return [name for name, _ in part.named_buffers(recurse=False) if name in held]


def refuse_beside(statistics: Statistics, *, noise: bool, checkpointing: bool) -> None:
    """Refuses what takes a batch apart, or calls a network twice.

    Raises:
        ConfigError: it names the setting.
    """
    if not statistics:
        return
    advice = "Say norm: layer or none, or leave it out."
    got = "a network with batch statistics"
    if noise:
        wanted = "a network whose rows do not see each other"
        raise ConfigError("learner.noise_scale", wanted, got, advice)
    if checkpointing:
        wanted = "a network whose layers are functions of their input"
        raise ConfigError("learner.checkpointing", wanted, got, advice)


def require_micro_batch(statistics: Statistics, micro_batch: int | None) -> None:
    """Refuses to cut through a group.

    Raises:
        ConfigError: as said.
    """
    met = micro_batch is None or micro_batch % statistics.group == 0
    wanted = f"a multiple of the network's groups of {statistics.group} rows"
    require(met, "learner.micro_batch", wanted, micro_batch)
