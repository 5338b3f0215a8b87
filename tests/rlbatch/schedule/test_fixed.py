"""A fixed size stays where it is put."""

from __future__ import annotations

from typing import Any

import pytest

from rlbatch.errors import ConfigError
from rlbatch.schedule import Fixed
from rlbatch.types import Signal


def test_the_same_rows_at_every_moment(signal: Signal) -> None:
    fixed = Fixed(rows=96)
    moments = [signal._replace(env_step=t, exploration=1 / t) for t in (1, 10, 10**6)]
    assert [fixed(moment) for moment in moments] == [96.0, 96.0, 96.0]


def test_the_whole_buffer_is_all_that_is_stored(signal: Signal) -> None:
    assert Fixed(rows="buffer")(signal) == 250.0
    assert Fixed(rows="buffer")(signal._replace(stored=251)) == 251.0


def test_the_largest_is_the_size_itself_or_unknown() -> None:
    assert Fixed(rows=96).largest == 96
    assert Fixed(rows="buffer").largest == 0


@pytest.mark.parametrize("rows", [0, -1, 1.5, "apple", "128", None])
def test_what_is_no_number_of_rows_is_refused(rows: Any) -> None:
    wanted = r"^fixed\.rows: expected at least 1 row, or 'buffer', got "
    with pytest.raises(ConfigError, match=wanted):
        Fixed(rows=rows)
