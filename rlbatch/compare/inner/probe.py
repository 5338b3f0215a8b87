"""The probe set: transitions that depend on no regime, on which every regime is judged."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from rlbatch import files
from rlbatch.errors import FileError
from rlbatch.types import Batch


class ProbeSet(NamedTuple):
    """N transitions on the CPU: rows [0, N/3) random, [N/3, 2N/3) middle, the rest expert."""

    obs: Tensor  # [N, *obs]
    action: Tensor  # [N] int64
    reward: Tensor  # [N] float32
    next_obs: Tensor  # [N, *obs] true successor
    discount: Tensor  # [N] float32, γ of the reference run, 0 where the episode terminated


def as_batch(probe: ProbeSet, gamma: float, device: torch.device) -> Batch:
    """The probe set as a batch for an agent's loss, bootstrapped with a run's own γ."""
    obs, action, reward, next_obs, discount = (column.to(device) for column in probe)
    own = torch.where(discount > 0.0, gamma, 0.0).to(discount.dtype)
    row = torch.arange(len(action), device=device)
    weight, size = torch.ones_like(reward), torch.tensor(len(action), device=device)
    return Batch(obs, action, reward, next_obs, own, weight, row, size)


def save_probe(path: Path, probe: ProbeSet) -> None:
    """Writes a probe set as safetensors, whole or not at all."""
    files.save_tensors(path, probe._asdict(), {"digest": digest(probe)})


def load_probe(path: Path) -> ProbeSet:
    """Reads what `save_probe` wrote.

    Raises:
        FileError: missing, altered, or no probe set.
    """
    tensors, _ = files.load_tensors(path)
    if set(tensors) != set(ProbeSet._fields):
        raise FileError(str(path), f"the columns {', '.join(ProbeSet._fields)}", sorted(tensors))
    return ProbeSet(**tensors)


def digest(probe: ProbeSet) -> str:
    """SHA-256 in hex of names, types, shapes and bytes: what a manifest keeps of a probe set."""
    told = hashlib.sha256()
    for name, column in probe._asdict().items():
        told.update(f"{name} {column.dtype} {tuple(column.shape)}".encode())
        told.update(column.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return told.hexdigest()
