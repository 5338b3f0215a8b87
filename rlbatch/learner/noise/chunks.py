"""Gradients of the batch's micro-batches, from one backward pass: for any network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from rlbatch.errors import ConfigError
from rlbatch.learner.noise.estimate import Estimate, from_chunks, sums
from rlbatch.learner.parameters import Parameters
from rlbatch.types import Batch


class Chunks:
    """Calls q chunk by chunk, every chunk with parameters of its own that share one memory.

    The loss itself still meets the whole batch, so its randomness and its mean stay what they are.
    A last chunk that is short, or holds a lane's padding, counts in the gradient and not in the
    estimate. Holds L · K · P numbers where the update alone would hold L · P.
    """

    fault = ""

    def __init__(self, network: nn.Module, online: Parameters, chunk_rows: int) -> None:
        self._network, self._online, self._size = network, online, chunk_rows
        self.least = 2 * chunk_rows  # rows that a batch must have
        self._rows, self._count = 0, 0  # B and K of this update
        self._parts: list[Tensor] = []  # [L, K, ...] a leaf for every parameter
        self._tape: list[Tensor] = []  # outputs of q
        self._grads: list[Tensor] = []  # [L, K, p] of each part
        self._errors: list[Tensor] = []  # [L, B, out] gradients in the outputs

    def parameters(self, rows: int) -> dict[str, Tensor]:
        """Starts an update of B rows; the online parameters once a chunk, views `[L, K, ...]`."""
        self._rows, self._count, self._tape = rows, -(-rows // self._size), []
        own = {
            name: leaf.detach()[:, None].expand(-1, self._count, *leaf.shape[1:]).requires_grad_()
            for name, leaf in self._online.named.items()
        }
        self._parts = list(own.values())
        return own

    def q(self, own: Mapping[str, Tensor], obs: Tensor) -> Tensor:
        """One lane's network output."""
        call = partial(functional_call, self._network)
        if not torch.is_grad_enabled():  # sends no gradient back: any chunk's parameters will do
            output: Tensor = call({name: part[0] for name, part in own.items()}, (obs,))
            return output
        self._require_own(len(obs))
        short = self._count * self._size - len(obs)
        full = torch.cat((obs, obs[-1:].expand(short, *obs.shape[1:]))) if short else obs
        cut = full.view(self._count, self._size, *obs.shape[1:])
        output = vmap(call)(dict(own), (cut,)).flatten(0, 1)[: len(obs)]
        self._tape.append(output)
        return output

    def _require_own(self, rows: int) -> None:
        if rows != self._rows:
            expected = f"a loss that calls q on the batch's own {self._rows} rows"
            advice = "Leave the noise scale out, or call q once for each kind of observation."
            raise ConfigError("noise_scale", expected, f"{rows} rows", advice)

    def taped(self) -> list[Tensor]:
        """What the calls since `parameters` left behind, for `gradient`."""
        return self._tape

    def gradient(self, total: Tensor, tape: Sequence[Tensor]) -> Tensor:
        """`[L, P]`, the sum of the chunks' gradients."""
        parts, self._parts, self._tape = self._parts, [], []
        grads = torch.autograd.grad(total, [*parts, *tape], allow_unused=True)
        own = [torch.zeros_like(x) if g is None else g for x, g in zip(parts, grads, strict=False)]
        self._grads = [grad.flatten(2) for grad in own]
        errors = [error for error in grads[len(parts) :] if error is not None]
        self._errors = [
            error.reshape(*self._online.flat.shape[:1], self._rows, -1) for error in errors
        ]
        return torch.cat([grad.sum(1) for grad in self._grads], 1)

    def estimate(self, batch: Batch, square: Tensor) -> Estimate | None:
        """From the last gradient; of every lane the chunks that hold its own rows alone."""
        grads, self._grads = self._grads, []
        count = batch.size // self._size  # [L] whole chunks
        whole = torch.arange(self._count, device=count.device) < count[:, None]
        own = (whole / count.clamp(min=1)[:, None]).to(grads[0].dtype)  # [L, K] shares of a mean
        squares = torch.stack([torch.linalg.vector_norm(g, dim=2) for g in grads]).square_().sum(0)
        means = [(own[:, None] @ grad)[:, 0] for grad in grads]
        mean_square = torch.cat(means, 1).square().sum(1)
        scale = (batch.size / self._size).square()  # the total divides by B, a chunk's mean by b
        chunk_square = (own * squares).sum(1)
        share = self._share(batch)
        return from_chunks(scale * mean_square, scale * chunk_square, count, self._size, share)

    def _share(self, batch: Batch) -> Tensor:
        """Approximately Σ wᵢ |gᵢ|² / Σ wᵢ²|gᵢ|², `[L]`, as if |gᵢ| were |∂ℓᵢ/∂q| times a constant:
        what PER's priorities follow is in, how the network's Jacobian differs by row is not."""
        errors, self._errors = self._errors, []
        squares = [torch.linalg.vector_norm(error, dim=2) for error in errors]
        if not squares:
            return torch.ones_like(batch.size, dtype=torch.float64)
        drawn, apart = sums(torch.stack(squares).square_().sum(0), batch.weight)
        return torch.where(drawn > 0.0, apart / drawn, 1.0)
