"""Where the rows of a buffer lie, from what its maker asked for."""

from __future__ import annotations

from typing import Literal

import torch

from rlbatch.errors import require
from rlbatch.replay.description import Description
from rlbatch.replay.storage.device import OnDevice
from rlbatch.replay.storage.place import InMemory, Place

Storage = Literal["auto", "memory", "device"]


def place_for(described: Description, device: torch.device, storage: Storage) -> Place:
    """The place for rows.

    Args:
        described: what is to be remembered.
        device: where batches arrive.
        storage: "device" for rows there, "memory" for rows in memory, sent batch by batch;
            "auto" is the device where that is not the CPU and can hold what is remembered.

    Raises:
        ConfigError: another word, or frames or counts of draws on the device.
    """
    usable = device.type != "cuda" or torch.cuda.is_available()
    found = "no CUDA device that torch can use"
    require(usable, "replay.device", "a device of this machine", f"{device}: {found}")
    known = storage in ("auto", "memory", "device")
    require(known, "replay.storage", "auto, memory or device", storage)
    able = described.frame_stack is None and not described.accounting
    if storage == "device":
        advice = 'Frames stored once, and counts of draws, need storage="memory".'
        told = f"frame_stack={described.frame_stack}, accounting={described.accounting}"
        require(able, "replay.storage", "whole observations and no accounts", told, advice)
    there = storage == "device" or (storage == "auto" and device.type != "cpu" and able)
    return OnDevice(device) if there else InMemory()
