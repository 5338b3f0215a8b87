"""What rows add to a batch's means: by hand."""

from __future__ import annotations

import torch

from rlbatch.learner.gradients.told import means
from rlbatch.types import Batch, RowLoss

NONE = torch.zeros(2, 3)


def test_means_are_over_the_whole_batch_and_pass_over_padding() -> None:
    row = RowLoss(
        torch.tensor([[1.0, 2.0, 4.0], [8.0, 5.0, 5.0]]),
        torch.tensor([[-3.0, 1.0, 2.0], [-6.0, 9.0, 9.0]]),
    )
    piece = Batch(
        *(NONE,) * 5,
        weight=torch.tensor([[1.0, 0.5, 0.25], [2.0, 0.0, 0.0]]),
        row=torch.tensor([[7, 3, 7], [0, -1, -1]]),
        size=torch.tensor([3, 1]),
    )
    loss, td_error = means(row, piece, torch.tensor([6, 4]))
    assert loss.tolist() == [3.0 / 6, 16.0 / 4]  # 1 + 1 + 1; 16
    assert td_error.tolist() == [6.0 / 6, 6.0 / 4]
