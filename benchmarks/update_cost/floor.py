"""The matrix products of one update and nothing else: what no update can do without.

Per layer of `i` inputs and `o` outputs, L lanes and B rows:

    online and target    y  = x Wᵀ     [L, B, i] × [L, i, o]    twice
    of the weights       ∂W = ∂yᵀ x    [L, o, B] × [L, B, i]
    of the inputs        ∂x = ∂y W     [L, B, o] × [L, o, i]    not for the first layer

Biases, activations, the loss and Adam are left out, and outputs lie ready. The products are
`torch.bmm`: `baddbmm` adds the biases too, but writes them out first, and is slower.
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.update_cost.case import Call, Case

Product = tuple[Tensor, Tensor, Tensor]  # left, right, out


def multiplying(case: Case) -> Call:
    """All products of one update, one after another."""
    told = products(case)

    def multiply() -> None:
        for left, right, out in told:
            torch.bmm(left, right, out=out)

    return multiply


def products(case: Case) -> list[Product]:
    """In the order of an update: forward twice, then backward from the last layer."""
    draw = torch.Generator().manual_seed(0)

    def some(*shape: int) -> Tensor:
        return torch.randn(case.lanes, *shape, generator=draw)

    forward: list[Product] = []
    backward: list[Product] = []
    for _ in ("online", "target"):
        for fan_in, fan_out in case.layers:
            x, weight = some(case.rows, fan_in), some(fan_out, fan_in)
            forward.append((x, weight.mT, some(case.rows, fan_out)))
    online = forward[: len(case.layers)]
    for layer, (x, transposed, y) in reversed(list(enumerate(online))):
        weight, grad = transposed.mT, torch.randn_like(y)
        backward.append((grad.mT, x, torch.empty_like(weight)))
        if layer > 0:
            backward.append((grad, weight, torch.empty_like(x)))
    return forward + backward


def flops(case: Case) -> int:
    """Multiplications and additions of all products."""
    return sum(2 * left.numel() * right.shape[-1] for left, right, _ in products(case))
