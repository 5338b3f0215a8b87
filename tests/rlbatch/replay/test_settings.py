"""What the config says of the replay buffer is refused before a buffer is made."""

from __future__ import annotations

from typing import Any

import pytest

from rlbatch.errors import ConfigError
from rlbatch.replay import Replay


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"capacity": 0}, r"replay\.capacity: expected at least 1 row, got 0"),
        ({"n_step": 0}, r"replay\.n_step: expected at least 1 step, got 0"),
        ({"gamma": 1.1}, r"replay\.gamma: expected a number in \[0, 1\], got 1\.1"),
        ({"frame_stack": 0}, r"replay\.frame_stack: expected None or at least 1 frame, got 0"),
        ({"validation": 1}, r"replay\.validation: expected None or at least 2, got 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Replay(**settings)


def test_the_least_of_each_is_taken() -> None:
    least = Replay(capacity=1, n_step=1, gamma=0.0, frame_stack=1, validation=2)
    assert (least.frame_stack, least.validation) == (1, 2)
