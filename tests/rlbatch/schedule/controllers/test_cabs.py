"""B grows as the loss nears its floor."""

from __future__ import annotations

import pytest

from rlbatch.contract import Memory
from rlbatch.schedule.controllers import ExcessLoss
from rlbatch.types import Signal


def told(loss: float, trace: float = 500.0, lr: float = 0.1) -> Signal:
    return Signal(0, meters={"loss": loss, "grad_trace": trace, "lr": lr})


def test_rows_are_lr_times_noise_over_the_excess_of_the_loss() -> None:
    controller = ExcessLoss(low=8, high=512)
    assert controller(told(5.0), {})[0] == pytest.approx(50.0 / 0.5)  # the floor is 0.9 · 5
    assert ExcessLoss(low=8, high=512, floor=0.0)(told(5.0), {})[0] == pytest.approx(10.0)


def test_the_floor_is_a_share_of_the_least_smoothed_loss_so_far() -> None:
    controller = ExcessLoss(low=8, high=512, floor=0.5, smoothing=0.5)
    memory: Memory = {}
    wanted = []
    for loss in (8.0, 4.0, 10.0):  # smoothed 8, 6, 8; floors 4, 3, 3
        rows, memory = controller(told(loss), memory)
        wanted.append(rows)
    assert wanted == pytest.approx([12.5, 50.0, 8.0])  # 50 / 7 is below low
    assert memory == {"loss": 8.0, "least": 6.0}


def test_no_excess_asks_for_high() -> None:
    controller = ExcessLoss(low=8, high=512)
    assert controller(told(0.5), {"loss": 1.0, "least": 1.0})[0] == 512.0  # floor 0.855
    assert controller(told(0.0), {})[0] == 512.0


def test_twice_the_learning_rate_asks_for_twice_the_rows() -> None:
    controller = ExcessLoss(low=8, high=512)
    rows = [controller(told(5.0, lr=lr), {})[0] for lr in (0.1, 0.2)]
    assert rows[1] == pytest.approx(2.0 * rows[0])
