"""All that a buffer was made with, but for where it lives; also as JSON, for its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from rlbatch.contract import Space
from rlbatch.errors import FileError, require
from rlbatch.replay.rows.layout import SIDES, WORD, Field, Layout
from rlbatch.replay.rows.spaces import space_from_json, space_to_json
from rlbatch.replay.rows.tree import leaves
from rlbatch.replay.sampling.kinds import sampler_from_json, sampler_to_json
from rlbatch.replay.sampling.sampler import SamplerSettings

SCHEMA = 2  # of what a file holds; 2: a row tells its episode


@dataclass(frozen=True, kw_only=True)
class Description:
    """Two buffers of one description and one history draw the same batches."""

    capacity: int  # rows a lane
    obs_space: Space  # of one environment
    action_space: Space  # of one environment
    lanes: int | None  # None: no lane axis
    seeds: tuple[int, ...]  # [L]
    gamma: float  # discount γ
    n_step: int  # transitions folded into a row
    sampler: SamplerSettings
    frame_stack: int | None  # frames an observation, where each is stored once
    validation: int | None  # every k-th episode is held out
    accounting: bool = False  # are draws counted

    def __post_init__(self) -> None:
        _require_whole("capacity", self.capacity, 1, "row")
        _require_whole("n_step", self.n_step, 1, "step")
        some = ("lanes", 1, ""), ("frame_stack", 1, "frame"), ("validation", 2, "")
        for name, least, unit in some:
            if (value := getattr(self, name)) is not None:
                _require_whole(name, value, least, unit, "None or ")
        real = isinstance(self.gamma, Real) and 0.0 <= self.gamma <= 1.0
        require(real, "replay.gamma", "a number in [0, 1]", self.gamma)
        made = isinstance(self.sampler, SamplerSettings) and not isinstance(self.sampler, type)
        wanted = "settings of a sampler, such as Prioritised()"
        require(made, "replay.sampler", wanted, repr(self.sampler))
        self._check_stack()

    def _check_stack(self) -> None:
        if (stack := self.frame_stack) is None:
            return
        shape = self.obs_space.shape
        fits = shape is not None and len(shape) >= 2 and shape[0] == stack
        wanted = f"a Box of {stack} frames, [{stack}, ...]"
        require(fits, "replay.obs_space", wanted, self.obs_space, "Frames lie on the first axis.")

    @property
    def stack(self) -> Field | None:
        """An observation of frames, where each frame is stored once."""
        if self.frame_stack is None:
            return None
        (leaf,) = leaves(self.obs_space)
        return Field("obs", leaf.dtype, leaf.shape, 0)

    @property
    def row_bytes(self) -> int:
        """About what a row of capacity takes in all lanes, with its frame and what is held out."""
        own = Layout.of(self.obs_space, self.action_space, self.frame_stack).words * WORD
        if (stack := self.stack) is not None:
            own += stack.nbytes // stack.shape[0]
        held_out = 0 if self.validation is None else own // self.validation
        return (own + held_out) * self.num_lanes

    def row(self) -> str:
        """What a row takes and holds, in words."""
        layout = Layout.of(self.obs_space, self.action_space, self.frame_stack)
        fields, frame = {field.name: str(field) for field in layout.fields}, ""
        if (stack := self.stack) is not None:
            fields |= {side: f"{stack.named(side)} as frames" for side in SIDES}
            frame = f" and {stack.nbytes // stack.shape[0]} a frame"
        return f"{layout.words * WORD} bytes a row{frame}: {', '.join(fields.values())}"

    @property
    def num_lanes(self) -> int:
        """L, 1 without a lane axis."""
        return self.lanes or 1

    def to_json(self) -> dict[str, Any]:
        """Plain data; the sampler is None where only the caller knows it."""
        return {
            "schema": SCHEMA,
            "capacity": int(self.capacity),
            "obs_space": space_to_json(self.obs_space),
            "action_space": space_to_json(self.action_space),
            "lanes": None if self.lanes is None else int(self.lanes),
            "seeds": list(self.seeds),
            "gamma": float(self.gamma),
            "n_step": int(self.n_step),
            "sampler": sampler_to_json(self.sampler),
            "frame_stack": None if self.frame_stack is None else int(self.frame_stack),
            "validation": None if self.validation is None else int(self.validation),
            "accounting": bool(self.accounting),
        }

    @classmethod
    def from_json(
        cls, told: Mapping[str, Any], path: str, sampler: SamplerSettings | None
    ) -> Description:
        """What `to_json` told.

        Args:
            told: the plain data.
            path: the file it was in, to name it in an error.
            sampler: the settings saved with; None: those told.

        Raises:
            FileError: of no buffer, of another schema, or with a sampler that only the caller
                knows, and did not give.
        """
        if "obs_space" not in told:
            raise FileError(path, "a replay buffer", "another tensor file")
        if told.get("schema") != SCHEMA:
            advice = "Load it with the version of rlbatch that wrote it."
            raise FileError(path, f"schema {SCHEMA} of a buffer", told.get("schema", 1), advice)
        return cls(
            **{name: own for name, own in told.items() if name != "schema"}
            | {
                "obs_space": space_from_json(told["obs_space"]),
                "action_space": space_from_json(told["action_space"]),
                "seeds": tuple(told["seeds"]),
                "sampler": sampler or sampler_from_json(told["sampler"], path),
            }
        )


def seeds_of(seed: int | Sequence[int], lanes: int | None) -> tuple[int, ...]:
    """One seed a lane: seed + k for lane k, or those given."""
    num = int(lanes) if isinstance(lanes, Integral) and lanes >= 1 else 1
    given, most = np.asarray(seed), 2**63 - num
    whole = given.dtype.kind in "iu" and given.shape in ((), (num,))
    fits = whole and bool((given >= -most).all() and (given <= most).all())
    require(fits, "replay.seed", f"one integer or {num} of them, of 64 bits", seed)
    return tuple((given.astype(np.int64) + np.arange(num) * (given.ndim == 0)).tolist())


def _require_whole(name: str, value: object, least: int, unit: str, none: str = "") -> None:
    """Refuses what is not an integer, or too small."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    fits = whole and int(value) >= least  # type: ignore[call-overload]
    require(fits, f"replay.{name}", f"{none}at least {least} {unit}".rstrip(), value)
