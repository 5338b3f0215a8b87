"""The products of an update are the products that its gradient is made of."""

from __future__ import annotations

from torch.utils.flop_counter import FlopCounterMode

from agents.dqn import DQN
from benchmarks.update_cost.case import SPACES, Case, batch_of
from benchmarks.update_cost.floor import flops, products
from rlbatch.learner import Learner


def test_the_products_of_a_small_network_by_hand() -> None:
    case = Case(lanes=3, rows=5, hidden=(7,))  # layers 4 to 7 and 7 to 2
    shapes = [tuple(out.shape) for _, _, out in products(case)]
    forward = [(3, 5, 7), (3, 5, 2)]
    assert shapes == [*forward, *forward, (3, 2, 7), (3, 5, 7), (3, 7, 4)]
    assert flops(case) == 2 * 3 * 5 * (3 * (4 * 7 + 7 * 2) + 7 * 2)


def test_every_product_fits_the_output_that_lies_ready() -> None:
    for left, right, out in products(Case(lanes=2, rows=5, hidden=(3, 7))):
        assert (left @ right).shape == out.shape


def test_an_update_of_a_case_makes_as_many_flops_as_its_floor() -> None:
    case = Case(lanes=1, rows=16, hidden=(8, 8))
    agent, batch = DQN(criterion="mse", hidden=case.hidden), batch_of(case)
    learner = Learner(agent, *SPACES, seeds=[0], eager=True)
    with FlopCounterMode(display=False) as counter:
        learner.update(batch)
    assert counter.get_total_flops() == flops(case)
