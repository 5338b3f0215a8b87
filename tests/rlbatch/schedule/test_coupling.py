"""How the learning rate follows the batch size."""

from __future__ import annotations

import pytest

from rlbatch.schedule import Coupling, lr_factor


@pytest.mark.parametrize(
    ("coupling", "smaller", "same", "larger"),
    [
        ("none", 1.0, 1.0, 1.0),
        ("linear", 0.25, 1.0, 4.0),
        ("sqrt", 0.5, 1.0, 2.0),
        ("inverse", 4.0, 1.0, 0.25),
    ],
)
def test_the_factor_is_one_kappa_its_root_or_its_inverse(
    coupling: Coupling, smaller: float, same: float, larger: float
) -> None:
    factors = [lr_factor(coupling, rows, 128) for rows in (32, 128, 512)]
    assert factors == [smaller, same, larger]
