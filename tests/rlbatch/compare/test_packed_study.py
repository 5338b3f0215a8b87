"""compare --pack: what trains together, what apart, and what is left when it is interrupted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlbatch.compare import __main__ as command
from rlbatch.compare.__main__ import main
from rlbatch.compare.analysis.analyse import analyse
from rlbatch.compare.cell.__main__ import cell
from rlbatch.compare.runs.gather import gather_study
from rlbatch.compare.study import jobs
from rlbatch.train.acting.player import Player
from rlbatch.train.trainer import Trainer

CONFIG = """\
base:
  env: {plug: "envs.cartpole:CartPole"}
  agent: {plug: "agents.dqn:DQN", hidden: [8]}
  env_steps: 60
  learn: {start: 20, every: 4}
  evaluate: {every: 0.5, episodes: 1, final_episodes: 2, max_length: 9}
  log_every: 0.5
  checkpoint_every: 0.5
  device: cpu
  threads: 1
  compile: off
seeds: 2
regimes:
  a: {batch.schedule: {kind: fixed, rows: 8}}
  b: {batch.schedule: {kind: epsilon, explore: 4, exploit: 16}}
  often: {learn.every: 2}
  matched: {control: matched, of: b}
  yoked: {control: yoked, of: b}
plan: {contrasts: [b]}
"""
Told = list[list[str]]  # regimes of each process


class Here:
    """A process of the grid, run in this one."""

    def __init__(self, words: Sequence[str], **_: Any) -> None:
        self.returncode = cell(words[words.index("cell") + 1 :])

    def poll(self) -> int:
        return self.returncode


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """What was started, in a directory with x.yaml."""
    started: Told = []

    def start(words: Sequence[str], **where: Any) -> Here:
        started.append([Path(word).stem for word in words if word.endswith(".yaml")])
        return Here(words, **where)

    monkeypatch.setattr(jobs, "subprocess", SimpleNamespace(Popen=start))
    monkeypatch.setattr(command, "publish", lambda *_: None)  # figures take their time
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text(CONFIG)
    return started


def statuses(folder: Path) -> dict[str, str]:
    runs = sorted(path.parent for path in folder.rglob("summary.json"))
    return {run.name: json.loads((run / "summary.json").read_text())["status"] for run in runs}


def study() -> int:
    return main(["x.yaml", "run_dir=out", "--pack"])


def test_regimes_share_a_process_and_controls_come_when_their_source_is_there(
    told: Told, capsys: Any
) -> None:
    assert study() == 0
    assert told == [["a", "b"], ["often"], ["matched", "yoked"]]
    printed = capsys.readouterr().out
    line = "runs/CartPole/often trains apart from runs/CartPole/a because of learn.every"
    assert printed.count(line) == 1
    assert set(statuses(Path("out")).values()) == {"finished"}
    report = analyse(gather_study(Path("out")))
    assert list(report["regimes"]) == ["a", "b", "often", "matched", "yoked"]


def test_what_is_there_is_left_out_of_a_pack(
    told: Told, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_report", lambda *_: None)
    study()
    Path("out/runs/CartPole/b/summary.json").unlink()
    told.clear()
    capsys.readouterr()
    assert study() == 0
    assert told == [["b"]]
    assert capsys.readouterr().out.count(": kept\n") == 4


def test_a_pack_that_is_stopped_leaves_every_folder_complete(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Trainer] = []
    init, step = Trainer.__init__, Player._step

    def noting(trainer: Trainer, *arguments: Any, **named: Any) -> None:
        init(trainer, *arguments, **named)
        made.append(trainer)

    def stopping(player: Player, now: int) -> None:
        if now == 40:
            made[-1].stop()
        step(player, now)

    monkeypatch.setattr(Trainer, "__init__", noting)
    monkeypatch.setattr(Player, "_step", stopping)
    monkeypatch.setattr(command, "_report", lambda *_: None)
    assert study() == 1
    assert told[0] == ["a", "b"]
    ends = statuses(Path("out/runs"))
    assert (ends["a"], ends["b"]) == ("interrupted", "interrupted")
    for name in "ab":
        run = Path("out/runs/CartPole") / name
        assert json.loads((run / "summary.json").read_text())["env_steps"] == 41
        assert (run / "checkpoints" / "final.safetensors").is_file()
        assert (run / "decisions.csv").read_text().count("\n") > 1
