"""Records as a run of two seeds would make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rlbatch.types import Record


@pytest.fixture
def record() -> Callable[..., Record]:
    """A record of a lane; lane k has seed 3 + k."""

    def make(kind: Any, lane: int, env_step: int, **values: float | str) -> Record:
        return Record(kind, lane, 3 + lane, env_step, env_step // 2, 4 * env_step, 1.5, values)

    return make
