"""The samplers that come with the buffer, by the `kind` that names them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from rlbatch.errors import FileError
from rlbatch.replay.sampling.laber import Laber
from rlbatch.replay.sampling.prioritised import Prioritised
from rlbatch.replay.sampling.recent import Recent
from rlbatch.replay.sampling.sampler import SamplerSettings
from rlbatch.replay.sampling.sequential import Sequential
from rlbatch.replay.sampling.uniform import Uniform
from rlbatch.replay.sampling.without_replacement import WithoutReplacement

AnySampler = Uniform | Prioritised | Laber | Recent | WithoutReplacement | Sequential
KINDS: dict[str, type[AnySampler]] = {
    "uniform": Uniform,
    "prioritised": Prioritised,
    "laber": Laber,
    "recent": Recent,
    "without_replacement": WithoutReplacement,
    "sequential": Sequential,
}


def sampler_to_json(settings: SamplerSettings) -> dict[str, Any] | None:
    """Settings as plain data; None for a sampler that is not one of these."""
    if not isinstance(settings, AnySampler):
        return None
    return dataclasses.asdict(settings)


def sampler_from_json(told: Mapping[str, Any] | None, where: str) -> SamplerSettings:
    """The settings that `sampler_to_json` told.

    Raises:
        FileError: those of a sampler that only the caller knows.
    """
    if told is None or told.get("kind") not in KINDS:
        advice = "Hand the sampler to `load`."
        raise FileError(where, f"one of the samplers {', '.join(KINDS)}", "another", advice)
    return KINDS[str(told["kind"])](**told)
