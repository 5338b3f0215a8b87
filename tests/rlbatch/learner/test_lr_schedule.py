"""The learning rate's share by rows drawn: by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rlbatch.errors import ConfigError
from rlbatch.learner import LrSchedule, lr_share

ROWS = np.array([25, 100, 150, 200, 300, 9999])


def test_it_rises_in_a_straight_line_and_then_stays() -> None:
    found = lr_share(LrSchedule(warmup=200), ROWS)
    assert found.tolist() == [0.125, 0.5, 0.75, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("decay", "end", "wanted"),
    [
        ("linear", 0.5, [0.25, 1.0, 0.875, 0.75, 0.5, 0.5]),
        ("linear", 0.0, [0.25, 1.0, 0.75, 0.5, 0.0, 0.0]),
        ("cosine", 0.5, [0.25, 1.0, 0.75 + 0.25 * 0.5**0.5, 0.75, 0.5, 0.5]),
        ("exponential", 0.25, [0.25, 1.0, 0.25**0.25, 0.5, 0.25, 0.25]),
    ],
)
def test_it_decays_from_the_end_of_the_warmup_to_its_end_and_stays(
    decay: Any, end: float, wanted: list[float]
) -> None:
    """A warm-up of 100 rows, then 200 of decay."""
    schedule = LrSchedule(warmup=100, decay=decay, over=200, end=end)
    assert lr_share(schedule, ROWS) == pytest.approx(np.array(wanted))
    assert lr_share(schedule, ROWS)[-2:].tolist() == wanted[-2:]  # to the bit


def test_without_a_warmup_it_decays_from_the_first_row() -> None:
    assert lr_share(LrSchedule(decay="linear", over=200), ROWS).tolist()[:3] == [0.875, 0.5, 0.25]


def test_one_number_of_rows_has_one_share() -> None:
    assert float(lr_share(LrSchedule(warmup=8), 2)) == 0.25
    assert float(lr_share(LrSchedule(), 2)) == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"warmup": -1}, r"lr_schedule\.warmup: expected rows ≥ 0, got -1\."),
        ({"decay": "step"}, r"lr_schedule\.decay: expected one of none, linear, cosine, exponent"),
        ({"decay": "linear"}, r"lr_schedule\.over: expected at least 1 row that the decay takes, "),
        ({"decay": "cosine", "over": 0}, r"lr_schedule\.over: expected at least 1 row that .* 0\."),
        ({"decay": "linear", "over": 9, "end": 1.1}, r"lr_schedule\.end: expected a share in \[0,"),
        ({"decay": "linear", "over": 9, "end": -0.1}, r"lr_schedule\.end: expected a share in \[0"),
        ({"decay": "exponential", "over": 9}, r"lr_schedule\.end: expected a share > 0 for expon"),
        ({"over": 9}, r"lr_schedule\.decay: expected one of linear, .* for over and end, got none"),
        ({"end": 0.5}, r"lr_schedule\.decay: expected one of linear, .* for over and end, got no"),
    ],
)
def test_a_schedule_that_cannot_be_meant_is_refused(options: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        LrSchedule(**options)
