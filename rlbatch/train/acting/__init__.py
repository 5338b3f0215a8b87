"""Env steps of all lanes, and where a program holds both, the update after them."""

from rlbatch.train.acting.actor import Actor
from rlbatch.train.acting.iterations import Iterations
from rlbatch.train.acting.player import Player
from rlbatch.train.acting.rollout import Rollout, stride

__all__ = ["Actor", "Iterations", "Player", "Rollout", "stride"]
