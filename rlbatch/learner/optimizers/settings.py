"""Settings of the optimisers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from rlbatch.errors import require


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamSettings:
    """Adam's constants, as in Kingma and Ba 2015 (https://arxiv.org/abs/1412.6980)."""

    kind: Literal["adam"] = "adam"
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        _check_betas("adam", self.beta1, self.beta2)
        _check_eps("adam", self.eps)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamWSettings:
    """Adam whose weights also shrink by lr · λ (Loshchilov and Hutter 2019)."""

    kind: Literal["adamw"] = "adamw"
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.01  # λ, of every parameter

    def __post_init__(self) -> None:
        _check_betas("adamw", self.beta1, self.beta2)
        _check_eps("adamw", self.eps)
        _check_decay("adamw", self.weight_decay)


@dataclass(frozen=True, slots=True, kw_only=True)
class SGDSettings:
    """Stochastic gradient descent with torch's momentum."""

    kind: Literal["sgd"] = "sgd"
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0  # λ, of every parameter

    def __post_init__(self) -> None:
        _check_share("sgd.momentum", self.momentum)
        met = self.momentum > 0.0 or not self.nesterov
        require(met, "sgd.nesterov", "false without momentum", self.nesterov, "Set sgd.momentum.")
        _check_decay("sgd", self.weight_decay)


@dataclass(frozen=True, slots=True, kw_only=True)
class RMSPropSettings:
    """torch's RMSprop, with the constants of Mnih et al. 2015.

    They put 0.01 under the root beside gradients summed over 32 rows; beside a mean gradient, and
    outside the root, that is √0.01 / 32.
    """

    kind: Literal["rmsprop"] = "rmsprop"
    alpha: float = 0.95
    eps: float = 0.003
    momentum: float = 0.0
    centered: bool = True

    def __post_init__(self) -> None:
        _check_share("rmsprop.alpha", self.alpha)
        _check_eps("rmsprop", self.eps)
        _check_share("rmsprop.momentum", self.momentum)


@dataclass(frozen=True, slots=True, kw_only=True)
class LARSSettings:
    """Layer-wise rates for SGD (You, Gitman and Ginsburg 2017)."""

    kind: Literal["lars"] = "lars"
    trust: float = 0.001  # η
    momentum: float = 0.9
    weight_decay: float = 0.0  # λ, of parameters with two dimensions or more

    def __post_init__(self) -> None:
        require(0.0 < self.trust < math.inf, "lars.trust", "a number > 0", self.trust)
        _check_share("lars.momentum", self.momentum)
        _check_decay("lars", self.weight_decay)


@dataclass(frozen=True, slots=True, kw_only=True)
class LAMBSettings:
    """Layer-wise rates for Adam (You et al. 2020)."""

    kind: Literal["lamb"] = "lamb"
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-6
    weight_decay: float = 0.0  # λ, of parameters with two dimensions or more

    def __post_init__(self) -> None:
        _check_betas("lamb", self.beta1, self.beta2)
        _check_eps("lamb", self.eps)
        _check_decay("lamb", self.weight_decay)


OptimizerSettings = (
    AdamSettings | AdamWSettings | SGDSettings | RMSPropSettings | LARSSettings | LAMBSettings
)


def declared_betas(settings: OptimizerSettings) -> tuple[float, float, float] | None:
    """β₁, β₂ and ε, of optimisers that have a second moment; None: it has none.

    RMSprop's α is both: the centred mean and the square forget alike.
    """
    if isinstance(settings, SGDSettings | LARSSettings):
        return None
    if isinstance(settings, RMSPropSettings):
        return settings.alpha, settings.alpha, settings.eps
    return settings.beta1, settings.beta2, settings.eps


def _check_share(where: str, number: float) -> None:
    require(0.0 <= number < 1.0, where, "a number in [0, 1)", number)


def _check_betas(kind: str, beta1: float, beta2: float) -> None:
    _check_share(f"{kind}.beta1", beta1)
    _check_share(f"{kind}.beta2", beta2)


def _check_eps(kind: str, eps: float) -> None:
    require(eps > 0.0, f"{kind}.eps", "a number > 0", eps)


def _check_decay(kind: str, decay: float) -> None:
    require(0.0 <= decay < math.inf, f"{kind}.weight_decay", "a number ≥ 0", decay)
