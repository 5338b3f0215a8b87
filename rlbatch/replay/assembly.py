"""The parts of a buffer, put together: memory, drawing, and the folder that keeps them, if any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rlbatch.errors import ConfigError, require
from rlbatch.replay.description import Description
from rlbatch.replay.drawing import Drawing
from rlbatch.replay.kept import Kept, free_in
from rlbatch.replay.memory import Memory
from rlbatch.replay.placement import Storage, place_for
from rlbatch.replay.rows.express import Columns
from rlbatch.replay.saved import restore, state_of
from rlbatch.replay.storage.device import DeviceRing
from rlbatch.replay.storage.place import InMemory, Place
from rlbatch.replay.storage.room import memory, require_room


class Parts(NamedTuple):
    """What a buffer is made of."""

    memory: Memory
    drawing: Drawing
    kept: Kept | None  # None: no folder

    def add(self, columns: Columns, valid: object) -> None:
        """Takes transitions, see `Memory.add`; a folder that is full of new rows is flushed."""
        self.drawing.add(columns, valid, self.kept.room if self.kept else None)

    def state(self) -> dict[str, Tensor]:
        """All that changes, in its own memory."""
        return state_of(self.memory, self.drawing)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Takes a `state`; a folder is flushed then.

        Raises:
            DataError: what does not fit, see `restore`; nothing is changed.
            FileError: no room for rows and frames beside those there are; nothing is changed. Or
                what is taken cannot be flushed: then the buffer holds it already, the folder what
                it held before, and the next `add` or `flush` tries again.
        """
        with self.kept.anew() if self.kept else nullcontext():
            restore(state, self.memory, self.drawing)

    def copied(self, device: torch.device) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """What a copy is made with, by argument, and its state.

        Raises:
            ConfigError: rows in a folder, which has one owner.
        """
        advice = "`save` it and load that, or open the folder elsewhere once this one is gone."
        require(
            self.kept is None, "replay.path", "rows in memory, to be copied", "a folder", advice
        )
        told = dict(vars(self.memory.described))
        where: Storage = "device" if isinstance(self.memory.ring, DeviceRing) else "memory"
        told |= {"seed": told.pop("seeds"), "device": device, "storage": where}
        return told, {name: tensor.clone() for name, tensor in self.state().items()}

    def flush(self) -> None:
        """See `Kept.flush`.

        Raises:
            ConfigError: there is no folder.
        """
        if self.kept is None:
            raise ConfigError("replay.path", "a folder to flush to", None)
        self.kept.flush()


def assembled(
    described: Description, device: torch.device, storage: Storage, path: str | Path | None
) -> Parts:
    """New parts, or those that lie in a folder as they were flushed.

    Args:
        described: what they are made with.
        device: where batches arrive.
        storage: where rows lie, see `placement.place_for`.
        path: the folder that rows lie in; None: as `storage` says.

    Raises:
        ConfigError: more than there is room for, or another buffer's folder.
        FileError: a folder that is open elsewhere, or whose last flush is not whole.
    """
    if path is None:
        place = place_for(described, device, storage)
        if isinstance(place, InMemory):
            require_room(described.capacity, described.row_bytes, memory())
        return Parts(*_joined(described, place, device), None)
    told = f"path={str(path)!r} and storage={storage!r}"
    advice = "Leave `storage` as it is: rows on disk are read through memory."
    require(storage != "device", "replay.path", "rows on disk or on the device", told, advice)
    require_room(described.capacity, described.row_bytes, free_in(Path(path)))
    kept = Kept(Path(path), described)
    try:
        own, drawing = _joined(described, kept.place, device)
        kept.join(own, drawing)
    except BaseException:
        kept.close()
        raise
    return Parts(own, drawing, kept)


def _joined(described: Description, place: Place, device: torch.device) -> tuple[Memory, Drawing]:
    own = Memory(described, place)
    return own, Drawing(own, device)


def copied(made: Callable[..., Any], told: dict[str, Any], state: dict[str, Tensor]) -> Any:
    """A buffer of what `Parts.copied` told."""
    buffer = made(**told)
    buffer.load_state_dict(state)
    return buffer
