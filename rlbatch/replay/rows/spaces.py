"""Spaces as JSON, so that a saved buffer tells what it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from rlbatch.contract import Space
from rlbatch.errors import ConfigError


def space_to_json(space: Space) -> dict[str, Any]:
    """A Box or Discrete space as plain JSON."""
    if isinstance(space, spaces.Discrete):
        return {"kind": "discrete", "n": int(space.n), "start": int(space.start)}
    if isinstance(space, spaces.Box):
        return {
            "kind": "box",
            "dtype": space.dtype.name,
            "low": space.low.tolist(),
            "high": space.high.tolist(),
        }
    raise ConfigError("space", "a Box or Discrete space", space)


def space_from_json(told: dict[str, Any]) -> Space:
    """The space that `space_to_json` told of."""
    if told["kind"] == "discrete":
        return spaces.Discrete(told["n"], start=told["start"])
    dtype = np.dtype(told["dtype"])
    low, high = (np.asarray(told[end], dtype) for end in ("low", "high"))
    return spaces.Box(low, high, dtype=dtype.type)
