"""What is measured: names, units, and their order in the files."""

from __future__ import annotations

WHERE = ("lane", "seed", "env_step", "update", "samples", "wall_s")  # of every line

TRAIN = {
    "batch_size": "rows of the last update, 0 before the first",
    "lr": "learning rate of the last update",
    "epsilon": "exploration rate",
    "phase": "warmup, explore, anneal, exploit or plateau",
    "loss": "weighted mean over the batch, mean over the updates since the last line",
    "td_error": "mean |δ| over the batch, mean over the updates since the last line",
    "grad_norm": "before clipping, mean over the updates since the last line",
    "q_mean": "mean over the last batch of max_a Q",
    "return": "mean over the training episodes that ended since the last line",
    "length": "env steps, the same episodes",
    "stored": "rows in the buffer",
    "epochs": "passes over the buffer: Σ over updates of rows drawn / rows stored then",
    "reuse": "rows drawn in all / transitions stored in all",
    "turnover": "rows ever written / capacity",
    "draws_per_row": "mean times that the rows held have been drawn",
    "never_drawn": "share of the rows held that never were drawn",
    "sample_age": "rows written since, mean over the rows drawn since the last line",
    "unique_share": "distinct rows / rows of the last batch",
    "episodes": "distinct episodes in the last batch",
    "same_episode_share": "share of the pairs in the last batch that are of one episode",
    "churn": "share of probe states whose greedy action one update changed",
    "td_recent_gap": "mean |δ| of the newest 256 rows less that of 256 uniform ones",
    "noise_scale": "B̂ = tr Σ / |G|², rows: where noise and signal of a gradient are equal",
    "noise_low": "rows, lower end of its 95 % interval",
    "noise_high": "rows, upper end of its 95 % interval",
    "grad_trace": "tr Σ, variance of one row's gradient, averaged",
    "grad_square": "|G|², unbiased and averaged; it may be negative",
    "noise_effective": "one drawn row is worth as many uniform ones",
    "val_td": "mean |δ| of 256 rows of episodes held out from every sampler",
}

EVAL = {
    "episode": "number of the start state",
    "return": "undiscounted, greedy policy",
    "length": "env steps",
}

BATCH = {
    "batch_size": "rows from this update on, 0 at the end of the run",
    "lr": "learning rate of the first such update",
}

LOGGED = (  # signals that are read at log points
    *("turnover", "draws_per_row", "never_drawn", "sample_age", "unique_share", "episodes"),
    *("same_episode_share", "churn", "td_recent_gap", "val_td"),
)

CONTROL = {
    "wish": "rows that the controller asked for; nan: it was not asked, B holds",
    "wanted": "rows after smoothing, deadband and rate limit",
    "batch_size": "rows from here on",
    "last": "rows of the last update",
    "divergence": "share of probe states whose greedy action changed since then, per update",
    "loss": "mean over the updates since the last line",
    "td_error": "mean |δ|, likewise",
    "td_square": "mean δ², likewise",
    "grad_norm": "before clipping, likewise",
    "lr": "learning rate at the last update",
    "return": "mean over the training episodes that ended since the last line",
    "length": "env steps, the same episodes",
    **{name: TRAIN[name] for name in TRAIN if name.startswith(("noise_", "grad_t", "grad_s"))},
    **{name: f"{TRAIN[name]}; as of the last log point" for name in LOGGED},
}
