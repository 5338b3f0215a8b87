"""Spaces as JSON, so that a saved buffer tells what it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from rlbatch.contract import Space
from rlbatch.errors import ConfigError

KNOWN = "a Box, Discrete, MultiBinary or MultiDiscrete space, or a Dict or Tuple of them"


def space_to_json(space: Space) -> dict[str, Any]:
    """A space that a buffer takes, as plain JSON.

    Raises:
        ConfigError: another one.
    """
    match space:
        case spaces.Dict():  # a list, since the order of its parts is part of it
            parts = [[key, space_to_json(inner)] for key, inner in space.spaces.items()]
            return {"kind": "dict", "spaces": parts}
        case spaces.Tuple():
            return {"kind": "tuple", "spaces": [space_to_json(inner) for inner in space.spaces]}
        case spaces.Discrete():
            return {"kind": "discrete", "n": int(space.n), "start": int(space.start)}
        case spaces.MultiBinary():
            return {"kind": "multi_binary", "n": np.array(space.n).tolist()}
        case spaces.MultiDiscrete():
            lists = {"nvec": space.nvec.tolist(), "start": space.start.tolist()}
            return {"kind": "multi_discrete", "dtype": np.dtype(space.dtype).name, **lists}
        case spaces.Box():
            ends = {"low": space.low.tolist(), "high": space.high.tolist()}
            return {"kind": "box", "dtype": space.dtype.name, **ends}
    raise ConfigError("space", KNOWN, space)


def space_from_json(told: dict[str, Any]) -> Space:
    """The space that `space_to_json` told of."""
    match told["kind"]:
        case "dict":
            return spaces.Dict([(key, space_from_json(inner)) for key, inner in told["spaces"]])
        case "tuple":
            return spaces.Tuple([space_from_json(inner) for inner in told["spaces"]])
        case "discrete":
            return spaces.Discrete(told["n"], start=told["start"])
        case "multi_binary":
            return spaces.MultiBinary(told["n"])
    dtype = np.dtype(told["dtype"])
    if told["kind"] == "multi_discrete":
        nvec, start = (np.asarray(told[name], dtype) for name in ("nvec", "start"))
        return spaces.MultiDiscrete(nvec, dtype=dtype.type, start=start)
    low, high = (np.asarray(told[end], dtype) for end in ("low", "high"))
    return spaces.Box(low, high, dtype=dtype.type)
