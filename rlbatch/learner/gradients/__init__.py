"""A batch's gradient: whole or cut, eager or compiled, in one precision or another."""

from rlbatch.learner.gradients.joined import Block
from rlbatch.learner.gradients.source import Source
from rlbatch.learner.gradients.told import Gradients

__all__ = ["Block", "Gradients", "Source"]
