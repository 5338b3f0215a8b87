"""Every row's gradient norm, read off the backward pass that the update makes anyway."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rlbatch.learner.noise.estimate import Estimate, from_rows
from rlbatch.learner.noise.layer import Layer, joined, row_squares, whole
from rlbatch.learner.parameters import Parameters, bind
from rlbatch.types import Batch

SLACK = 1e-3  # relative; float32 sums in another order stay far below


def linear_layers(network: nn.Module) -> dict[str, nn.Linear]:
    """By name; a subclass may have a forward pass of its own, and is left out."""
    return {name: part for name, part in network.named_modules() if type(part) is nn.Linear}


def outside_linear(network: nn.Module) -> list[str]:
    """Names of parameters that lie in no nn.Linear, or in more than one place."""
    every = list(network.named_parameters(remove_duplicate=False))
    places = Counter(id(own) for _, own in every)
    inside = {id(own) for part in linear_layers(network).values() for own in part.parameters()}
    return [name for name, own in every if id(own) not in inside or places[id(own)] > 1]


class Rows:
    """Calls q as ever, and keeps what its linear layers took in and were told.

    The first measurement asks, once, whether that explains the whole gradient: a layer changed in
    place or called by its weight alone, or a q called on other rows than the batch's, does not.
    """

    least = 2  # rows that a batch must have

    def __init__(self, network: nn.Module, online: Parameters) -> None:
        self._network, self._online = copy.deepcopy(network), online  # hooks slow no other call
        self._biased = {name: own.bias is not None for name, own in linear_layers(network).items()}
        for name, layer in linear_layers(self._network).items():
            layer.register_forward_hook(partial(self._note, name))
        self._single = len(online.flat) == 1
        if self._single:  # called as it is, since functional_call costs more than the network
            bind(self._network, online)
        self._leaves = list(self._network.parameters()) if self._single else online.leaves
        self._rows = 0
        self._names: list[str] = []  # of the layers called, in turn
        self._tape: list[Tensor] = []  # input and output of each
        self._layers: dict[str, Layer] = {}  # of the last backward pass
        self._proved = False
        self.fault = ""  # a parameter whose gradient is not explained by its rows, "" for none

    def parameters(self, rows: int) -> dict[str, Tensor]:
        """Starts an update of B rows; the online parameters for its loss, `[L, ...]`."""
        self._rows, self._names, self._tape = rows, [], []
        return self._online.named

    def q(self, own: Mapping[str, Tensor], obs: Tensor) -> Tensor:
        """One lane's network output."""
        if self._single:
            output: Tensor = self._network(obs)
        else:
            output = functional_call(self._network, dict(own), (obs,))
        return output

    def _note(self, name: str, layer: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
        if torch.is_grad_enabled():  # other calls send no gradient back
            self._names.append(name)
            self._tape += [args[0].detach(), output]

    def taped(self) -> list[Tensor]:
        """What the calls since `parameters` left behind, for `gradient`."""
        return self._tape

    def gradient(self, total: Tensor, tape: Sequence[Tensor]) -> Tensor:
        """`[L, P]`; the same backward pass tells the errors of the layers' outputs."""
        leaves, self._tape = self._leaves, []
        grads = torch.autograd.grad(total, [*leaves, *tape[1::2]], allow_unused=True)
        own = [torch.zeros_like(x) if g is None else g for x, g in zip(leaves, grads, strict=False)]
        self._layers = self._joined(tape[::2], grads[len(leaves) :])
        flat = self._online.gather(own)
        if not self._proved and not self.fault:
            self._prove(own, flat)
        return flat

    def _joined(
        self, inputs: Sequence[Tensor], errors: Sequence[Tensor | None]
    ) -> dict[str, Layer]:
        """The layers that sent gradient back, by name."""
        calls: dict[str, list[tuple[Tensor, Tensor]]] = {}
        for name, own, error in zip(self._names, inputs, errors, strict=True):
            if error is not None:
                pair = (own[None], error[None]) if self._single else (own, error)
                calls.setdefault(name, []).append(pair)
        layers = {name: joined(met, self._rows, self._biased[name]) for name, met in calls.items()}
        unlike = [f"{name}.weight" for name, layer in layers.items() if layer is None]
        self.fault = self.fault or next(iter(unlike), "")
        return {name: layer for name, layer in layers.items() if layer is not None}

    def _prove(self, own: Sequence[Tensor], flat: Tensor) -> None:
        """Waits for the device, until once a gradient was finite and not 0."""
        explained: dict[str, Tensor] = {}
        for name, layer in self._layers.items():
            names = (f"{name}.{part}".removeprefix(".") for part in ("weight", "bias"))
            explained |= zip(names, whole(layer), strict=True)
        off = [
            (grad - explained.get(name, 0.0)).norm() > SLACK * grad.norm()
            for name, grad in zip(self._online.named, own, strict=True)
        ]
        wrong = torch.stack(off).numpy(force=True)
        self.fault = next((n for n, w in zip(self._online.named, wrong, strict=True) if w), "")
        self._proved = bool(torch.isfinite(flat).all() & flat.any())

    def estimate(self, batch: Batch, square: Tensor) -> Estimate | None:
        """From the last gradient, `square` `[L]` its squared norm; None where there is a fault."""
        layers, self._layers = list(self._layers.values()), {}
        if self.fault:
            return None
        row_square = row_squares(layers, batch.weight)
        return from_rows(square, row_square, batch.weight, batch.size)
