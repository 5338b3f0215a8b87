"""What all lanes learned, in checkpoints/<name>.safetensors, by its names in the network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from rlbatch import files
from rlbatch.errors import FileError
from rlbatch.learner import Learner
from rlbatch.learner.parameters import Parameters


def save(
    folder: Path,
    name: str,
    learner: Learner,
    state: Tensor,
    meta: Mapping[str, Any],
    lanes: slice = slice(None),
) -> None:
    """Writes parameters and statistics `[L, P + S]`, or some lanes', as named `[L, *shape]`."""
    named = learner.online.named_views(state[lanes])
    seeds = {"seeds": learner.seeds[lanes].tolist()}
    files.save_tensors(path_of(folder, name), named, dict(meta) | seeds)


def load(folder: Path, name: str, parameters: Parameters) -> dict[str, Any]:
    """Copies a checkpoint into `parameters`; returns what was written beside it.

    Raises:
        FileError: no such checkpoint, or one of another network or number of lanes.
    """
    path = path_of(folder, name)
    if not path.is_file():
        there = sorted(p.stem for p in path.parent.glob("*.safetensors"))
        raise FileError(str(path), "a checkpoint", "nothing there", f"There are: {there}")
    tensors, meta = files.load_tensors(path)
    own = parameters.named_views(parameters.state)
    if {k: v.shape for k, v in own.items()} != {k: v.shape for k, v in tensors.items()}:
        raise FileError(str(path), "parameters of this network and number of lanes", "others")
    for key, tensor in tensors.items():
        own[key].copy_(tensor)
    return meta


def path_of(folder: Path, name: str) -> Path:
    """Where the checkpoint of that name lies."""
    return folder / "checkpoints" / f"{name}.safetensors"
