"""A linear layer's part in every row's gradient.

    ‖∇_W ℓᵢ‖² = ‖aᵢ‖² ‖δᵢ‖²,   ‖∇_b ℓᵢ‖² = ‖δᵢ‖²

with the layer's input a and δ = ∂ℓ/∂output (Goodfellow 2015, https://arxiv.org/abs/1510.01799).
What a layer met several times in one row adds up before it is squared:

    ‖Σ_c δ_c a_cᵀ‖² = Σ_{c,c'} (δ_c · δ_c')(a_c · a_c'),   ‖Σ_c δ_c‖²
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import torch
from torch import Tensor


class Layer(NamedTuple):
    """What one layer took in and was told in one update."""

    inputs: Tensor  # [L, B, T, in] T times that it met a row
    errors: Tensor  # [L, B, T, out] gradient of the lanes' total loss in its outputs
    biased: bool


def joined(calls: Sequence[tuple[Tensor, Tensor]], rows: int, biased: bool) -> Layer | None:
    """All calls of one layer.

    Args:
        calls: inputs and errors, `[L, B, ..., width]` each.
        rows: B.
        biased: has the layer a bias?

    Returns:
        None where a call did not meet the B rows, one after another.
    """
    if any(part.ndim < 3 or part.shape[1] != rows for call in calls for part in call):
        return None
    inputs, errors = (
        [part.reshape(*part.shape[:2], -1, part.shape[-1]) for part in parts]
        for parts in zip(*calls, strict=True)
    )
    if len(calls) == 1:
        return Layer(inputs[0], errors[0], biased)
    return Layer(torch.cat(inputs, 2), torch.cat(errors, 2), biased)


def row_squares(layers: Sequence[Layer], like: Tensor) -> Tensor:
    """Squared norm of every row's gradient in the weights and biases of all layers.

    Args:
        layers: at least one.
        like: `[L, B]` float32.
    """
    total = torch.zeros_like(like, memory_format=torch.contiguous_format)
    for inputs, errors, biased in layers:
        once, float32 = inputs.shape[2] == 1, inputs.dtype == errors.dtype == torch.float32
        if not once:
            total += _several(inputs, errors, biased)
        elif float32 and total.device.type == "cpu":
            kernel: Any = _add_once
            arrays = (part[:, :, 0].contiguous().numpy() for part in (inputs, errors))
            kernel(*arrays, float(biased), total.numpy())
        else:
            own, told = (
                torch.linalg.vector_norm(part[:, :, 0], dim=2) for part in (inputs, errors)
            )
            total += (own.square_() + float(biased)).mul_(told.square_())
    return total


def _several(inputs: Tensor, errors: Tensor, biased: bool) -> Tensor:
    """`[L, B]` where T > 1."""
    square: Tensor = ((inputs @ inputs.mT) * (errors @ errors.mT)).sum((2, 3))
    return square + errors.sum(2).square().sum(2) if biased else square


@numba.njit(cache=True, fastmath={"reassoc", "contract"})  # sums in any order; nan stays nan
def _add_once(inputs: Any, errors: Any, bias: float, total: Any) -> None:
    """Adds (‖a‖² + bias) ‖δ‖² to `[L, B]`: one pass where tensors make six of few numbers each."""
    for lane in range(inputs.shape[0]):
        for row in range(inputs.shape[1]):
            own, told = inputs[lane, row], errors[lane, row]
            square, error = own[0] * own[0], told[0] * told[0]
            for i in range(1, own.shape[0]):
                square += own[i] * own[i]
            for i in range(1, told.shape[0]):
                error += told[i] * told[i]
            total[lane, row] += (square + bias) * error


def whole(layer: Layer) -> tuple[Tensor, Tensor]:
    """The lanes' gradients in weight `[L, out, in]` and bias `[L, out]`, from the same parts."""
    inputs, errors = layer.inputs.flatten(1, 2), layer.errors.flatten(1, 2)
    return errors.mT @ inputs, errors.sum(1)
