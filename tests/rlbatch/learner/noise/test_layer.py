"""A linear layer's row gradients by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rlbatch.learner.noise.layer import joined, row_squares, whole

ONE = torch.ones(1, 1)


def cells(*rows: list[float]) -> Tensor:
    """`[1, B, width]`."""
    return torch.tensor([rows])


@pytest.mark.parametrize(("biased", "expected"), [(True, 26.0 * 4.0), (False, 25.0 * 4.0)])
def test_one_row_by_hand(biased: bool, expected: float) -> None:
    layer = joined([(cells([3.0, 4.0]), cells([2.0]))], 1, biased)
    assert layer is not None
    assert float(row_squares([layer], ONE)) == expected


def test_layers_add_up() -> None:
    one = joined([(cells([1.0]), cells([2.0]))], 1, False)
    other = joined([(cells([3.0]), cells([1.0, 1.0]))], 1, True)
    assert one is not None
    assert other is not None
    assert float(row_squares([one, other], ONE)) == 4.0 + 2.0 * 10.0


def test_two_calls_of_a_layer_add_up_before_they_are_squared() -> None:
    # δ aᵀ = 1 · (1, 0) and 2 · (1, 1): together (3, 2), with the bias 3
    calls = [(cells([1.0, 0.0]), cells([1.0])), (cells([1.0, 1.0]), cells([2.0]))]
    layer = joined(calls, 1, True)
    assert layer is not None
    assert float(row_squares([layer], ONE)) == 9.0 + 4.0 + 9.0
    assert [part.flatten().tolist() for part in whole(layer)] == [[3.0, 2.0], [3.0]]


def test_positions_of_one_call_add_up_too() -> None:
    inputs, errors = torch.randn(2, 5, 3, 4), torch.randn(2, 5, 3, 6)
    layer = joined([(inputs, errors)], 5, True)
    assert layer is not None
    told = torch.einsum("lbto,lbti->lboi", errors, inputs).square().sum((2, 3))
    expected = told + errors.sum(2).square().sum(2)
    torch.testing.assert_close(row_squares([layer], torch.empty(2, 5)), expected)


def test_one_pass_says_what_tensors_say() -> None:
    inputs, errors = torch.randn(2, 9, 7), torch.randn(2, 9, 5)
    fast, slow = (
        joined([(inputs.to(x), errors.to(x))], 9, True) for x in (torch.float, torch.double)
    )
    assert fast is not None
    assert slow is not None
    like = torch.empty(2, 9)
    torch.testing.assert_close(row_squares([fast], like), row_squares([slow], like))


def test_a_row_that_is_not_finite_stays_so() -> None:
    layer = joined([(cells([float("nan")], [1.0]), cells([1.0], [2.0]))], 2, False)
    assert layer is not None
    told = row_squares([layer], torch.empty(1, 2))[0].tolist()
    assert told[0] != told[0]
    assert told[1] == 4.0


@pytest.mark.parametrize("shape", [(1, 6, 2), (1, 2)])
def test_other_rows_than_the_batch_has_are_not_joined(shape: tuple[int, ...]) -> None:
    assert joined([(torch.zeros(shape), torch.zeros(1, 3, 1))], 3, True) is None
