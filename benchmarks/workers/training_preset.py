"""The CartPole preset that every program of the training benchmark trains with."""

from __future__ import annotations

ENV = "CartPole-v1"
HIDDEN = [120, 84]  # units of the two ReLU layers
LEARNING_RATE = 2.5e-4  # of Adam
BATCH_SIZE = 128  # rows
CAPACITY = 10_000  # rows
GAMMA = 0.99
TARGET_EVERY = 500  # env steps between hard copies
LEARN_EVERY = 10  # env steps between updates
LEARN_START = 10_000  # env steps before the first update
EPSILON_START = 1.0
EPSILON_END = 0.05
EPSILON_FRACTION = 0.5  # of the run, over which epsilon falls in a straight line
