"""Normalisation by groups of rows, whose size does not follow the batch's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from rlbatch.errors import DataError


def layer_normed(fan_in: int, fan_out: int) -> Sequence[nn.Module]:
    """A linear layer whose outputs are normalised row by row, so that B does not matter.

    Ba et al. 2016, https://arxiv.org/abs/1607.06450.
    """
    return [nn.Linear(fan_in, fan_out), nn.LayerNorm(fan_out)]


def batch_normed(fan_in: int, fan_out: int, group: int, momentum: float) -> Sequence[nn.Module]:
    """A linear layer whose outputs are normalised by groups of rows.

    Without a bias: μ would take it out again, and Adam would follow the rounding of its gradient.
    """
    linear = nn.Linear(fan_in, fan_out, bias=False)
    return [linear, GhostBatchNorm(fan_out, group, momentum)]


class GhostBatchNorm(nn.Module):
    """Batch normalisation in which each `group` rows in a row have their own mean and variance.

        y = γ · (x − μ) / √(σ² + ε) + β

    With gradient μ and σ² are the group's, else the running ones; so too after `eval()`. A group's
    σ² divides by its rows n where it normalises, and by n − 1 where it moves the running one, as in
    torch.nn.BatchNorm1d, to which a batch of one group is equal.

    Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167; ghost batches: Hoffer et al. 2017,
    https://arxiv.org/abs/1705.08741. Is a rlbatch.contract.GroupStatistics.

    Args:
        features: F.
        group: rows.
        momentum: share of a group in the running statistics.
        eps: ε.
    """

    running_mean: Tensor  # [F]
    running_var: Tensor  # [F]

    def __init__(self, features: int, group: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.group, self.momentum, self.eps = group, momentum, eps
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))
        self._means: list[Tensor] = []  # [G, F] of each call with gradient
        self._variances: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        """Rows `[B, F]`, as many groups of them as there are; any number without gradient.

        Raises:
            DataError: with gradient, rows that are no whole number of groups.
        """
        if not (self.training and torch.is_grad_enabled()):
            return self._scaled(x.float(), self.running_mean, self.running_var)
        if len(x) % self.group:
            raise DataError("agent.norm", f"multiples of norm_group ({self.group} rows)", len(x))
        groups = x.float().reshape(-1, self.group, x.shape[1])  # [G, group, F]
        mean = groups.mean(1, keepdim=True)
        variance = groups.var(1, correction=0, keepdim=True)
        self._means.append(mean.detach()[:, 0])
        self._variances.append(variance.detach()[:, 0] * (self.group / (self.group - 1)))
        return self._scaled(groups, mean, variance).flatten(0, 1)

    def take(self) -> Mapping[str, Tensor]:
        """Means and variances `[G, F]` of the groups that calls with gradient met since."""
        means, variances = self._means, self._variances
        self._means, self._variances = [], []
        if not means:
            return {}
        return {"running_mean": torch.cat(means), "running_var": torch.cat(variances)}

    def _scaled(self, x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return (x - mean) * (variance + self.eps).rsqrt() * self.weight + self.bias
