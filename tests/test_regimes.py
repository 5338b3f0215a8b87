"""Every regime's config trains CartPole, moves B, and leaves a log that replays to the same B."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbatch.config import build, read
from rlbatch.metrics import CsvSink
from rlbatch.schedule.trajectories import Rows, trajectories
from rlbatch.train import Trainer

ROOT = Path(__file__).parents[1]
REGIMES = sorted(
    set((ROOT / "configs/regimes").glob("*.yaml")) - {ROOT / "configs/regimes/base.yaml"}
)
SHORT = (
    "device=cpu",
    "seeds=2",
    "env_steps=800",
    "learn.start=200",
    "batch.control.every=5",
    "log_every=0.05",
    "evaluate={every: 1.0, episodes: 1, final_episodes: 1, max_length: 50}",
)
SOONER = {  # what takes longer than such a run to happen
    "cyclic": ("batch.schedule={kind: cyclic, period: 200}",),
    "random": ("batch.schedule={kind: random, low: 32, high: 512, period: 50}",),
    "dispersion": ("env_steps=1600",),
    "plateau": ("batch.schedule={kind: plateau, patience: 2000, min_change: 20}",),
    "noise_scale": ("batch.schedule={kind: noise_scale, factor: 16, widest: 20}",),
    "noise_root": ("batch.schedule={kind: noise_scale, factor: 2048, widest: 20}",),
    "return": ("batch.control.horizon=0", "env_steps=1200"),
    "norm_test": ("env_steps=1200",),
    "cabs": ("learner.lr=0.05",),
}


def trained(config: Path, folder: Path, *overrides: str) -> tuple[Rows, ...]:
    """B of every update of every lane in a short run of a config."""
    folder.mkdir()
    found = build(read(config, [*SHORT, *SOONER.get(config.stem, ()), *overrides]), config.stem)
    sink = CsvSink(folder)
    trainer = Trainer(found.train, found.agent, found.make_env, per_lane=found.per_lane)
    for moment in trainer.records():
        sink.write(moment)
    sink.close()
    return trajectories(folder / "decisions.csv")


@pytest.mark.parametrize("config", REGIMES, ids=lambda path: path.stem)
def test_a_regime_trains_moves_b_and_its_log_replays(config: Path, tmp_path: Path) -> None:
    first = trained(config, tmp_path / "first")
    assert all(len(set(own.tolist())) > 1 for own in first)
    log = tmp_path / "first" / "decisions.csv"
    replay = f"batch={{schedule: {{kind: replayed, log: '{log}', shift: 0}}}}"
    again = trained(config, tmp_path / "again", replay)
    assert [own.tolist() for own in again] == [own.tolist() for own in first]


def test_there_is_a_config_for_every_kind() -> None:
    told = {path.stem for path in REGIMES}
    assert told == {
        *("abs", "noise_scale", "noise_root", "dispersion", "plateau", "return", "reuse"),
        *("norm_test", "cabs", "goodput", "cyclic", "random"),
    }
