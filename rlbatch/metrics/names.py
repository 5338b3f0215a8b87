"""What is measured: names, units, and their order in the files."""

from __future__ import annotations

WHERE = ("lane", "seed", "env_step", "update", "samples", "wall_s")  # of every line

TRAIN = {
    "batch_size": "rows of the last update, 0 before the first",
    "lr": "learning rate of the last update",
    "epsilon": "exploration rate",
    "phase": "warmup, explore, anneal or exploit",
    "loss": "weighted mean over the batch, mean over the updates since the last line",
    "td_error": "mean |δ| over the batch, mean over the updates since the last line",
    "grad_norm": "before clipping, mean over the updates since the last line",
    "q_mean": "mean over the last batch of max_a Q",
    "return": "mean over the training episodes that ended since the last line",
    "length": "env steps, the same episodes",
    "stored": "rows in the buffer",
}

EVAL = {
    "episode": "number of the start state",
    "return": "undiscounted, greedy policy",
    "length": "env steps",
}
