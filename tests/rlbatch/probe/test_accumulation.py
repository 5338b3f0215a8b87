"""How a batch that does not fit would be cut."""

from __future__ import annotations

import pytest

from rlbatch.probe.accumulation import cut, floor_power


@pytest.mark.parametrize(
    ("wanted", "fits", "expected"),
    [
        (1024, 300, (1024, 256, 4)),
        (1025, 300, (1025, 256, 5)),
        (1000, 256, (1000, 256, 4)),
        (3, 1, (3, 1, 3)),
        (256, 256, None),
        (0, 1, None),
    ],
)
def test_parts_are_the_largest_power_of_two_that_fits(
    wanted: int, fits: int, expected: tuple[int, int, int] | None
) -> None:
    assert cut(wanted, fits) == expected


@pytest.mark.parametrize(("rows", "expected"), [(1, 1), (2, 2), (3, 2), (1023, 512), (1024, 1024)])
def test_the_power_is_not_above_the_rows(rows: int, expected: int) -> None:
    assert floor_power(rows) == expected
