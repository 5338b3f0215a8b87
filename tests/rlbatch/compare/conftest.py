"""Run folders and comparison folders that no training made, so that their numbers are known."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pytest

from rlbatch.compare.__main__ import main
from rlbatch.compare.analysis.analyse import analyse
from rlbatch.compare.comparison import Comparison
from rlbatch.compare.manifest import plan_hash, plan_of
from rlbatch.compare.runs.gather import gather_study
from rlbatch.compare.settings import Control, Env, Plan, Regime
from rlbatch.compare.study import jobs as jobs_room
from rlbatch.compare.study import launch

TINY = """\
base:
  env: {plug: "envs.cartpole:CartPole"}
  agent: {plug: "agents.dqn:DQN", hidden: [8]}
  env_steps: 200
  learn: {start: 20, every: 4, count: 1}
  learner: {lr: 0.004}
  evaluate: {every: 0.25, episodes: 2, final_episodes: 2, max_length: 30}
  log_every: 0.25
  device: cpu
  require: {worst_seed: 400}
seeds: 2
regimes:
  a: {batch.schedule: {kind: epsilon, explore: 4, exploit: 16}}
  same: {batch: {schedule: {kind: epsilon, explore: 4, exploit: 16}}}
  matched: {control: matched, of: a}
  yoked: {control: yoked, of: a}
  shuffled: {control: shuffled, of: a}
  lr0: {control: lr0, of: a}
plan: {contrasts: [same, matched, lr0]}
envs: {CartPole: {score: [0, 30], threshold: 25}}
tune: {seeds: 1, factors: [0.5, 4.0]}
probe: {states: 6, episodes: 2}
robustness: {heavy: {gravity: 14.7}}
"""
WriteRun = Callable[..., Path]
WriteStudy = Callable[..., Path]
ROOM = {"plug": "rooms:Room", "per_lane": 1}
ORIGIN = {"commit": None, "versions": {"rlbatch": "0.1.0"}, "hardware": {"cpu": "one"}}
EPISODES = (-1.0, 1.0)  # of every evaluation, about the curve
SIGN = {"q_max": {"per_seed": [1.0, 2.0], "experimental": False}}
HEAVY = {"heavy": {"per_seed": [3.0, None]}}
DIAGNOSTICS = {"probe": "00", "checkpoint": "final", "signs": SIGN, "robustness": HEAVY}


def write_run(
    folder: Path,
    curves: npt.ArrayLike,
    *,
    seed: int = 1,
    every: int = 100,
    rows: Sequence[int] = (8,),
    start: int = 0,
    stops: Mapping[int, int] | None = None,
    regime: str | None = None,
    **summary: Any,
) -> Path:
    """A run folder of L lanes with T evaluations each.

    Args:
        folder: where.
        curves: `[L, T]` mean return of each evaluation.
        seed: of the first lane.
        every: env steps between evaluations; there is one update in ten env steps.
        rows: batch sizes, each for an equal part of the run; the last one of a lane is 0.
        start: env step before which there is no update.
        stops: lane -> update after which it diverged.
        regime: name; None: the folder's.
        summary: more of summary.json.
    """
    returns = np.atleast_2d(np.asarray(curves, np.float64))
    lanes, count = returns.shape
    arms = summary.get("arms") or [{}]
    seeds = [seed + k % (lanes // len(arms)) for k in range(lanes)]
    folder.mkdir(parents=True)
    dates = every * np.arange(1, count + 1)
    lines = []
    for lane, own in enumerate(returns):
        last = (stops or {}).get(lane, dates[-1])
        for date, value in zip(dates.tolist(), own.tolist(), strict=True):
            update = min(max(0, date - start) // 10, last)
            counters = [lane, seeds[lane], date, update, update * rows[0], date / 1000]
            lines += [[*counters, e, value + off, 1] for e, off in enumerate(EPISODES)]
    names = ["lane", "seed", "env_step", "update", "samples", "wall_s"]
    _write_csv(folder / "eval.csv", [*names, "episode", "return", "length"], lines)
    ends = int(dates[-1])
    parts = [start + (ends - start) * k // len(rows) for k in range(len(rows) + 1)]
    decided = [
        [lane, seeds[lane], date, (date - start) // 10, 0, 0.0, size, 0.1]
        for date, size in zip(parts, [*rows, 0], strict=True)
        for lane in range(lanes)
    ]
    _write_csv(folder / "decisions.csv", [*names, "batch_size", "lr"], decided)
    told: dict[str, Any] = {"regime": regime or folder.name, "status": "finished", "arms": [{}]}
    told |= {"seeds": seeds, "diverged_lanes": list(stops or {})}
    (folder / "summary.json").write_text(json.dumps(told | summary))
    (folder / "manifest.json").write_text(json.dumps(ORIGIN | {"env": ROOM}))
    (folder / "diagnostics.json").write_text(json.dumps(DIAGNOSTICS))
    (folder / "config.yaml").write_text(f"name: {folder.name}\n")
    return folder


def write_study(
    folder: Path,
    regimes: Mapping[str, npt.ArrayLike | None],
    *,
    contrasts: Sequence[str] = (),
    controls: Mapping[str, tuple[Control, str]] | None = None,
    envs: Sequence[Env] = (Env(name="Room", score=(0.0, 100.0), threshold=80.0),),
    seeds: int | None = None,
    runs: Mapping[str, Any] | None = None,
    plan: Mapping[str, Any] | None = None,
    jobs: int = 1,
    **settings: Any,
) -> Path:
    """A comparison's folder; a regime without curves has no run.

    Args:
        folder: where.
        regimes: curves `[L, T]` by regime, the same in every environment.
        contrasts: planned ones.
        controls: what a control regime is made of.
        envs: settings of the environments.
        seeds: planned; None: as many as the first regime has.
        runs: more about each run, see `write_run`.
        plan: more of the plan.
        jobs: runs that shared the machine.
        settings: more of the comparison.
    """
    kinds = dict(controls or {})
    first = next(curves for curves in regimes.values() if curves is not None)
    comparison = Comparison(
        name="made",
        regimes=tuple(
            Regime(name=name, control=kinds[name][0], of=kinds[name][1])
            if name in kinds
            else Regime(name=name)
            for name in regimes
        ),
        envs=tuple(envs),
        seeds=seeds or len(np.atleast_2d(np.asarray(first))),
        plan=Plan(contrasts=tuple(contrasts), **(plan or {})),
        **settings,
    )
    told = plan_of(comparison, {})
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {"plan_hash": plan_hash(told), "plan": told, "probe": {}, "jobs": jobs, **ORIGIN}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for env in envs:
        for name, curves in regimes.items():
            if curves is not None:
                own = dict(runs or {}).get(name, {})
                write_run(folder / "runs" / env.name / name, curves, **own)
    return folder


def _write_csv(path: Path, names: Sequence[str], lines: Sequence[Sequence[Any]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *lines])


@pytest.fixture
def run_folder(tmp_path: Path) -> WriteRun:
    """`write_run` below the test's own folder."""
    return lambda name, curves, **told: write_run(tmp_path / name, curves, **told)


@pytest.fixture
def study(tmp_path: Path) -> WriteStudy:
    """`write_study` in the test's own folder."""
    return lambda regimes, **told: write_study(tmp_path / "study", regimes, **told)


@pytest.fixture
def report_of(study: WriteStudy) -> Callable[..., dict[str, Any]]:
    """The report of a comparison that `write_study` writes."""
    return lambda regimes, **told: analyse(gather_study(study(regimes, **told)))


@pytest.fixture(scope="session")
def climbs() -> Callable[..., npt.NDArray[np.float64]]:
    """Curves `[seeds, evaluations]` from about 0 to a top, with dips, the same every time."""

    def climb(
        seeds: int = 8, top: float = 90.0, noise: float = 2.0, count: int = 40, draw: int = 0
    ) -> npt.NDArray[np.float64]:
        rng = np.random.default_rng(draw)
        rise = top * np.minimum(1.0, np.arange(1, count + 1) / (0.6 * count))
        return (rise + rng.normal(0.0, noise, (seeds, count))).clip(0.0, 100.0).round(3)

    return climb


class Here:
    """What a process of the grid would do, done in this one: it has ended when it has started."""

    def __init__(self, command: Sequence[str], stdout: IO[bytes], stderr: IO[bytes]) -> None:
        assert command[1:3] == ["-m", "rlbatch.compare"]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            self.returncode = main(command[3:])
        stdout.write(printed.getvalue().encode())

    def poll(self) -> int:
        return self.returncode


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny comparison, trained for real; for tests that only read.

    Its runs share this process, which has imported everything; test_quick starts processes.
    """
    place = tmp_path_factory.mktemp("trained")
    (place / "tiny.yaml").write_text(TINY)
    folder = place / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs_room, "subprocess", SimpleNamespace(Popen=Here))
        patch.setattr(launch, "POLL_S", 0.0)
        assert main([str(place / "tiny.yaml"), f"run_dir={folder}", "--jobs", "2"]) == 0
    return folder
