"""Constants made ready for many steps."""

from __future__ import annotations

import torch

from rlbatch.learner.optimizers import Betas
from rlbatch.learner.optimizers.moments import Prepared


def test_constants_are_made_ready_once_while_they_stay_the_same_object() -> None:
    betas = Betas(*(torch.tensor([number], dtype=torch.float64) for number in (0.5, 0.75, 1e-3)))
    prepared = Prepared((0.9, 0.999, 1e-8), torch.ones(1, 5))
    ready = [prepared.of(told) for told in (betas, betas, None, None, betas)]
    assert ready[0] is ready[1]
    assert ready[2] is ready[3]
    assert torch.allclose(ready[0].kernel, torch.tensor([[0.5, 0.75, 0.25, 1e-3]]))
    assert torch.allclose(ready[2].kernel, torch.tensor([[0.1, 0.999, 1e-3, 1e-8]]))
    assert torch.equal(ready[0].logs, ready[4].logs)
