"""The CartPole preset that every program of the training benchmark trains with, and the clock."""

import argparse
import json
import random
import time

import numpy as np
import torch

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


class Run:
    """One timed run: reads what is asked of it, seeds the libraries, reports its speed."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--steps", type=int, required=True)
        parser.add_argument("--seed", type=int, required=True)
        parser.add_argument("--file", default="")
        options = parser.parse_args()
        self.steps: int = options.steps
        self.seed: int = options.seed
        self.file: str = options.file
        torch.set_num_threads(1)
        random.seed(self.seed)
        np.random.seed(self.seed)  # noqa: NPY002 - the generator that the peers draw from
        torch.manual_seed(self.seed)
        self.begun = self.ended = 0.0

    def begin(self) -> None:
        """Starts the clock, before the first env step."""
        self.begun = time.perf_counter()

    def end(self) -> None:
        """Stops the clock, after the last env step and update."""
        self.ended = time.perf_counter()

    def report(self, env_steps: int) -> None:
        """Prints the speed as the last line, if the program took the steps asked of it."""
        if env_steps != self.steps or not self.begun < self.ended:
            raise SystemExit(f"run: expected {self.steps} timed env steps, got {env_steps}.")
        print(json.dumps({"env_steps_per_s": env_steps / (self.ended - self.begun)}))
