"""One training state, frozen: a learner and its buffer that every measurement begins from."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch

from rlbatch.learner import Constants, declared_betas
from rlbatch.schedule import adam_constants
from rlbatch.schedule.coupling import Coupling, lr_factor
from rlbatch.seeding import UPDATES_PER_STEP, draw_counter
from rlbatch.train import Trainer
from rlbatch.types import Batch

Floats = npt.NDArray[np.float64]
MOST_BYTES = 256 << 20  # of observations that the TD loss is read on


class Frozen:
    """A learner that can be brought back, to the bit, to where training stopped.

    The buffer takes no row more, priorities stay as they are, and the target network stands still.
    The k-th draw after a `restore` is the same in every branch but for its size, and draws are
    nested: 32 rows are the first of 512.

    Args:
        trainer: trained as far as is wanted; nobody else goes on with it.
        evaluation_rows: a lane, that the TD loss is read on; fewer where they are wide.
    """

    def __init__(self, trainer: Trainer, evaluation_rows: int) -> None:
        self.learner, self.buffer, self.train = trainer.learner, trainer.buffer, trainer.settings
        self.device, self.env_step = trainer.device, trainer.lanes.now
        self.active = trainer.lanes.active & ~self.learner.diverged.numpy(force=True)  # [L]
        self.learner.meters.read()
        self.point = self.learner.state_dict()  # where every branch begins
        self._sampler = {name: kept.copy() for name, kept in self._sampler_state().items()}
        size = min(evaluation_rows, self._rows_of(MOST_BYTES))
        beside = draw_counter(self.env_step, UPDATES_PER_STEP - 1)  # of no update
        self._rows = self.buffer.peek(size, int(beside))
        self.evaluation_rows = size
        self.draws = 0  # since the last `restore`
        self.loss = self.td_loss()  # [L] where every branch begins

    @property
    def capacity(self) -> int:
        """Rows that a batch can have at most: the buffer's, or fewer where none may come twice."""
        once = self.train.replay.sampler.kind == "without_replacement"
        held = min(int(self.buffer.stored().min()), self.train.learn.start)
        return max(1, held) if once else self.buffer.capacity

    @property
    def rule(self) -> Coupling:
        """How the learning rate follows B: as declared; if not, √κ for Adam and κ for SGD."""
        declared = self.train.batch.coupling
        if declared != "none":
            return declared
        adam = declared_betas(self.learner.own.optimizer) is not None
        return "sqrt" if adam else "linear"

    def rate(self, rows: int, multiple: float = 1.0) -> float | Floats:
        """The learning rate at B = rows by the rule, one for all lanes or `[L]`."""
        declared: float | Floats = self.learner.own.lr
        return declared * (multiple * lr_factor(self.rule, rows, self.reference))

    @property
    def reference(self) -> int:
        """Rows at which the learning rate is declared."""
        return self.train.batch.reference

    def restore(self) -> None:
        """Back to where training stopped."""
        self.learner.load_state_dict(self.point)
        self.learner.meters.read()
        for name, live in self._sampler_state().items():
            np.copyto(live, self._sampler[name])
        self.draws = 0

    def update(self, rows: int, lr: float | Floats) -> None:
        """Draws B rows in every lane and learns from them; the target stands still."""
        batch = self.draw(rows)
        constants = self._constants(rows)
        self.learner.update(batch, lr=lr, active=self.active, env_step=0, constants=constants)
        self.learner.target.state.copy_(self.point["target"])

    def draw(self, rows: int) -> Batch:
        """The next B rows of every lane."""
        counter = int(draw_counter(self.env_step + 1, 0)) + self.draws
        self.draws += 1
        return self.buffer.sample(rows, counter)

    def td_loss(self) -> Floats:
        """Mean δ² of the lanes that are active, on rows that are always the same, `[L]`."""
        updates = self.learner.updates
        self.learner.updates = self.point["updates"].numpy()  # a loss that draws, draws alike
        error = self.learner.row_td_error(self._rows)
        self.learner.updates = updates
        means: Floats = error.double().square().mean(1).numpy(force=True)
        told: Floats = means[self.active]
        return told

    def diverged(self) -> npt.NDArray[np.bool_]:
        """Which of the active lanes have since met a gradient that is not finite, `[L]`."""
        told: npt.NDArray[np.bool_] = self.learner.diverged.numpy(force=True)[self.active]
        return told

    def wait(self) -> None:
        """Until the device has done all that it was told."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _constants(self, rows: int) -> Constants | None:
        """Adam's at B = rows, where the rule moves them too; None: as declared."""
        own = declared_betas(self.learner.own.optimizer)
        if self.rule != "sde" or own is None:
            return None
        told = adam_constants("sde", rows / self.reference, *own)
        return Constants(beta1=told.beta1, beta2=told.beta2, eps=told.eps)

    def _sampler_state(self) -> dict[str, npt.NDArray[np.generic]]:
        """The arrays that draws may change; priorities on a device do not."""
        kept = self.buffer.sampler.state()
        return {name: array for name, array in kept.items() if isinstance(array, np.ndarray)}

    def _rows_of(self, nbytes: int) -> int:
        """Rows a lane whose observations fill so many bytes."""
        space = self.buffer.obs_space
        shape, dtype = space.shape, space.dtype
        wide = 2 * math.prod(shape) * np.dtype(dtype).itemsize if shape and dtype else 0
        return max(1, nbytes // (self.learner.lanes * max(wide, 8 * self.buffer.layout.words)))
