"""Files that are whole or not there: atomic writes, and tensors with a checksum, no pickle."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from rlbatch.errors import FileError

CHECKSUM, META, SCHEMA = "rlbatch.sha256", "rlbatch.meta", "rlbatch.schema"
SCHEMA_VERSION = "1"


def write_text(path: Path, text: str) -> None:
    """Writes a text file whole, or leaves the old one as it was.

    Raises:
        FileError: it cannot be written.
    """
    _replace(path, lambda part: part.write_text(text, encoding="utf-8"))


def save_tensors(path: Path, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Writes tensors and a JSON description as one safetensors file, whole or not at all.

    Args:
        path: the file; an old one stays intact until the new one is complete.
        tensors: any devices; stored contiguous.
        meta: anything JSON can hold.

    Raises:
        FileError: it cannot be written, as on a full disk; an old file is as it was.
    """
    flat = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    owners = {tensor.untyped_storage().data_ptr(): name for name, tensor in flat.items()}
    for name, tensor in flat.items():  # safetensors refuses memory that two names share
        if owners[tensor.untyped_storage().data_ptr()] != name:
            flat[name] = tensor.clone()
    described = json.dumps(meta, sort_keys=True)
    header = {CHECKSUM: _checksum(flat, described), META: described, SCHEMA: SCHEMA_VERSION}
    _replace(path, lambda part: safetensors.torch.save_file(flat, part, metadata=header))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Reads what `save_tensors` wrote.

    Returns:
        The tensors, on the CPU, and the description.

    Raises:
        FileError: missing, truncated, altered, foreign, or of another schema version.
    """
    if not path.is_file():
        raise FileError(str(path), "a tensor file", "nothing there")
    try:
        with safetensors.safe_open(path, framework="pt") as opened:
            header = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as broken:
        raise FileError(str(path), "a whole safetensors file", broken) from None
    if header.get(SCHEMA) != SCHEMA_VERSION:
        raise FileError(str(path), f"schema version {SCHEMA_VERSION}", header.get(SCHEMA, "none"))
    described = header.get(META, "{}")
    if header.get(CHECKSUM) != _checksum(tensors, described):
        raise FileError(str(path), "content that matches its checksum", "altered content")
    meta: dict[str, Any] = json.loads(described)
    return tensors, meta


def _checksum(tensors: Mapping[str, Tensor], described: str) -> str:
    digest = hashlib.sha256(described.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Writes beside the target, then renames: a reader sees the old file or the new one.

    Both are asked to reach the disk, content before name, so that a power cut keeps to that too.

    Raises:
        FileError: it cannot be written; the old file, if any, is as it was.
    """
    try:
        with tempfile.TemporaryDirectory(
            prefix=f".{path.name}.", dir=path.parent, ignore_cleanup_errors=True
        ) as beside:
            part = Path(beside) / path.name
            write(part)
            part.chmod(0o644)
            _sync(part, os.O_RDWR)
            os.replace(part, path)
    except (OSError, safetensors.SafetensorError) as failed:
        advice = "What was there before is untouched."
        raise FileError(str(path), "a file that can be written", reason(failed), advice) from None
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Asks that the names in a folder reach the disk, where the system knows such a thing."""
    with contextlib.suppress(OSError):
        _sync(folder, os.O_RDONLY)


def _sync(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def reason(failed: Exception) -> str:
    """What the system said, in one line and without the path."""
    told = failed.strerror if isinstance(failed, OSError) else None
    return told or str(failed)
