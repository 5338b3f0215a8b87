"""Exit status 0, 1, 2 or 130, one clear line on an error, and nothing made on bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from rlbatch.__main__ import main as rlbatch
from rlbatch.metrics import CsvSink
from rlbatch.train import Trainer
from rlbatch.train.__main__ import main
from rlbatch.types import Record

ROOT = Path(__file__).parents[2]
PROBE = """\
env: {plug: "envs.probes:TwoStep"}
agent: {plug: "agents.dqn:DQN", hidden: [4]}
seed: 3
seeds: 2
env_steps: 100
learn: {start: 20}
batch: {schedule: {kind: fixed, rows: 4}}
evaluate: {every: 0.5, episodes: 1, final_episodes: 1}
log_every: 0.1
device: cpu
threads: 1
"""
FAULTY_ENV = """\
import torch
from envs.probes import TwoStep
class Faulty(TwoStep):
    steps = 0
    def step(self, action):
        self.steps += 1
        step = super().step(action)
        if self.steps > 30:
            step.reward.fill_(torch.nan)
        return step
"""
FAULTY_AGENT = """\
from agents.dqn import DQN
from rlbatch.types import RowLoss
class Faulty:
    def __init__(self):
        self.inner = DQN(hidden=(4,))
        self.network, self.values = self.inner.network, self.inner.values
    def loss(self, q, q_target, batch, key):
        row = self.inner.loss(q, q_target, batch, key)
        return RowLoss(row.loss * float("nan"), row.td_error)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with probe.yaml; modules loaded from it do not outlive the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "probe.yaml").write_text(PROBE, encoding="utf-8")
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def summary(folder: str = "mine") -> dict[str, Any]:
    told: dict[str, Any] = json.loads(Path(folder, "summary.json").read_text())
    return told


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What standard error says: one line, no traceback."""
    told = capsys.readouterr().err
    assert told.startswith("rlbatch: error: ")
    assert told.count("\n") == 1
    return told


def made(here: Path) -> list[str]:
    return sorted(entry.name for entry in here.iterdir() if entry.name != "__pycache__")


def test_a_finished_run_exits_0_and_says_where_it_is(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe.yaml"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "run folder: runs/probe-1" in told.out
    assert summary("runs/latest")["status"] == "finished"


def test_overrides_and_flags_may_be_mixed(here: Path) -> None:
    assert main(["seeds=1", "--overwrite", "run_dir=mine", "probe.yaml"][::-1]) == 0
    assert summary()["seeds"] == [3]


def test_every_seed_is_told_the_worst_first(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["probe.yaml", "run_dir=mine", "env.plug='envs.cartpole:CartPole'", "seeds=3"])
    shown = capsys.readouterr().out
    rows = [line.split("│")[1:3] for line in shown.splitlines() if line.startswith("│")]
    assert sorted(int(seed) for seed, _ in rows) == [3, 4, 5]
    means = [float(mean) for _, mean in rows]
    assert means == sorted(means)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere.yaml"],
        ["."],
        ["probe.yaml", "seeds"],
        ["probe.yaml", "seeds=0"],
        ["probe.yaml", "sedes=1"],
        ["probe.yaml", "seeds=[1"],
        ["probe.yaml", "agent.plug='agents.dqn:Nobody'"],
        ["probe.yaml", "agent.plug='nobody.here:DQN'"],
        ["probe.yaml", "env={plug: 'envs.gymnasium:make', id: Nowhere-v0}"],
        ["probe.yaml", "env={plug: 'envs.gymnasium:make', id: Pendulum-v1}"],
        ["probe.yaml", "env={plug: 'envs.gymnasium:make', id: CartPole-v1, kwargs: {a: 1}}"],
        ["probe.yaml", "device=cuda:99"],
        ["probe.yaml", "batch.schedule={kind: [fixed]}"],
        ["probe.yaml", "run_dir=probe.yaml"],
        ["probe.yaml", "run_dir=probe.yaml/under"],
        ["probe.yaml", "replay.capacity=1"],
    ],
)
def test_bad_input_exits_2_with_one_line_and_makes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(arguments) == 2
    one_line(capsys)
    assert made(here) == ["probe.yaml"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: [1", b"- 1", b"a: &a {b: *a}", b""])
def test_a_config_that_is_none_exits_2_with_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    Path("bad.yaml").write_bytes(content)
    assert main(["bad.yaml"]) == 2
    assert "bad.yaml" in one_line(capsys)
    assert made(here) == ["bad.yaml", "probe.yaml"]


def test_an_extra_that_is_missing_exits_2_names_itself_and_makes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert main(["probe.yaml", "run_dir=mine", "wandb={mode: offline}"]) == 2
    assert "rlbatch[wandb]" in one_line(capsys)
    assert made(here) == ["probe.yaml"]


@pytest.mark.parametrize("arguments", [[], ["--nonsense", "probe.yaml"]])
def test_a_command_line_that_cannot_be_read_exits_2(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage: rlbatch train" in capsys.readouterr().err


def test_a_folder_that_holds_a_run_exits_2_unless_told_to_overwrite(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe.yaml", "run_dir=mine"]) == 0
    Path("mine/notes.txt").write_text("keep")
    before = Path("mine/summary.json").read_bytes()
    capsys.readouterr()
    assert main(["probe.yaml", "run_dir=mine", "seeds=1"]) == 2
    assert "--overwrite" in one_line(capsys)
    assert Path("mine/summary.json").read_bytes() == before
    assert main(["probe.yaml", "run_dir=mine", "seeds=1", "--overwrite"]) == 0
    assert summary()["lanes"] == 1
    assert Path("mine/notes.txt").read_text() == "keep"
    assert not Path("mine/tb/seed_4").exists()


def test_a_refused_overwrite_leaves_the_old_run(here: Path) -> None:
    assert main(["probe.yaml", "run_dir=mine"]) == 0
    assert main(["probe.yaml", "run_dir=mine", "--overwrite", "seeds=0"]) == 2
    assert summary()["status"] == "finished"


def test_a_reward_that_is_no_number_exits_1_with_one_line(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("faulty_env.py").write_text(FAULTY_ENV)
    assert main(["probe.yaml", "run_dir=mine", "env.plug='faulty_env:Faulty'"]) == 1
    told = one_line(capsys)
    assert "replay.reward (lane 0, env 0, step 30)" in told
    assert (summary()["status"], summary()["env_steps"]) == ("failed", 30)


def test_a_run_in_which_all_lanes_diverge_exits_1(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("faulty_agent.py").write_text(FAULTY_AGENT)
    assert main(["probe.yaml", "run_dir=mine", "agent={plug: 'faulty_agent:Faulty'}"]) == 1
    assert "finite gradients" in one_line(capsys)
    assert (summary()["status"], summary()["diverged"]) == ("failed", [3, 4])
    assert "3,diverged" not in Path("mine/metrics.csv").read_text()
    assert Path("mine/events.csv").read_text().count("diverged") == 2


@pytest.mark.parametrize("key", ["worst_seed", "return_iqm"])
def test_an_unmet_requirement_exits_1_and_a_met_one_0(
    here: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    lazy = "learner.lr=0"
    assert main(["probe.yaml", lazy, "run_dir=a", f"require={{{key}: 2}}"]) == 1
    told = capsys.readouterr().out
    assert f"require.{key}: expected at least 2, got " in told
    assert main(["probe.yaml", lazy, "run_dir=b", f"require={{{key}: 0}}"]) == 0
    assert summary("a")["status"] == "finished"


def test_the_worst_seed_alone_can_miss_a_requirement(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two seeds of CartPole differ at their first weights; a threshold lies between."""
    lazy = ["probe.yaml", "learner.lr=0", "seed=5", "env.plug='envs.cartpole:CartPole'"]
    main([*lazy, "run_dir=a"])
    scores = summary("a")["eval"]
    worst, iqm = min(row["return"] for row in scores["per_seed"]), scores["return_iqm"]
    assert worst < iqm
    between = (worst + iqm) / 2
    need = f"require={{worst_seed: {between}, return_iqm: {between}}}"
    capsys.readouterr()
    assert main([*lazy, "run_dir=b", need]) == 1
    told = capsys.readouterr().out
    assert "require.worst_seed" in told
    assert "require.return_iqm" not in told


def test_print_config_shows_the_resolved_plan_and_trains_nothing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe.yaml", "--print-config", "learner.lr=1e-3"]) == 0
    told = yaml.safe_load(capsys.readouterr().out)
    assert (told["learner"]["lr"], told["agent"]["hidden"]) == (0.001, [4])
    assert told["batch"]["ladder"]["kind"] == "exact"
    assert made(here) == ["probe.yaml"]


@pytest.mark.parametrize("run_dir", ["plain", "a:cat:b", "a[bold]b", "a b" * 60, "é"])
def test_print_config_prints_every_word_as_it_is(
    here: Path, capsys: pytest.CaptureFixture[str], run_dir: str
) -> None:
    assert main(["probe.yaml", "--print-config", f"run_dir='{run_dir}'"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["run_dir"] == run_dir


@pytest.mark.parametrize("run_dir", ["a[bold]b", "a:cat:b", "a[/b]c"])
def test_a_folder_is_told_by_its_own_name(
    here: Path, capsys: pytest.CaptureFixture[str], run_dir: str
) -> None:
    assert main(["probe.yaml", "seeds=1", f"run_dir='{run_dir}'"]) == 0
    told = capsys.readouterr().out
    assert f"run folder: {run_dir}\n" in told
    assert f"{run_dir}/summary.json" in told


def test_debug_runs_one_lane_and_notices_where_a_gradient_breaks(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    records = Trainer.records

    def noted(trainer: Trainer) -> Iterator[Sequence[Record]]:
        seen.append((trainer.learner.lanes, torch.is_anomaly_enabled()))
        return records(trainer)

    monkeypatch.setattr(Trainer, "records", noted)
    try:
        assert main(["probe.yaml", "run_dir=mine", "--debug"]) == 0
    finally:
        torch.autograd.set_detect_anomaly(False)
    assert seen == [(1, True)]
    assert summary()["seeds"] == [3]


def press_ctrl_c(monkeypatch: pytest.MonkeyPatch, at: int, times: int = 1) -> None:
    """Presses Ctrl-C once a run has come this far."""
    write, pressed = CsvSink.write, threading.Event()

    def noted(sink: CsvSink, records: Sequence[Record]) -> None:
        write(sink, records)
        if records[0].env_step >= at and not pressed.is_set():
            pressed.set()
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(CsvSink, "write", noted)


def complete(folder: str) -> dict[str, Any]:
    """The summary of a folder that holds all that the contract lists."""
    there = {entry.name for entry in Path(folder).iterdir()}
    listed = {"config.yaml", "manifest.json", "metrics.csv", "eval.csv", "tb", "summary.json"}
    assert listed <= there
    assert {"final", "best"} <= {path.stem for path in Path(folder, "checkpoints").iterdir()}
    return summary(folder)


@pytest.mark.parametrize("at", [10, 60])
def test_ctrl_c_exits_130_with_a_complete_folder(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    at: int,
) -> None:
    before = signal.getsignal(signal.SIGINT)
    press_ctrl_c(monkeypatch, at)
    assert main(["probe.yaml", "run_dir=mine", "require={worst_seed: 99}"]) == 130
    told = complete("mine")
    assert (told["status"], told["env_steps"]) == ("interrupted", at)
    assert "interrupted" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_exits_130_at_once_with_a_complete_folder(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    press_ctrl_c(monkeypatch, 60, times=2)
    try:
        status = main(["probe.yaml", "run_dir=mine"])
    except KeyboardInterrupt:
        status = -1
    assert complete("mine")["status"] == "interrupted"
    assert status == 130


def test_ctrl_c_at_the_very_end_changes_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    press_ctrl_c(monkeypatch, 100)
    assert main(["probe.yaml", "run_dir=mine"]) == 0
    assert complete("mine")["status"] == "finished"


def test_a_real_ctrl_c_from_outside_exits_130(here: Path) -> None:
    command = [sys.executable, "-m", "rlbatch.train", "probe.yaml", "env_steps=100_000_000"]
    told = [*command, "run_dir=mine", "learn.every=1000", "log_every=1e-6", "evaluate.every=1"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as process:
        kill = threading.Timer(40, process.kill)
        kill.start()
        while process.poll() is None and not _has_lines(here / "mine/metrics.csv"):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        kill.cancel()
    assert (process.returncode, err) == (130, "")
    assert complete("mine")["status"] == "interrupted"
    assert "interrupted: " in out


def _has_lines(path: Path) -> bool:
    return path.is_file() and path.read_text().count("\n") > 2


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["trian"], 2), (["--help"], 0)])
def test_the_command_without_a_known_name_shows_its_usage(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int
) -> None:
    assert rlbatch(arguments) == status
    told = capsys.readouterr()
    shown = told.err if status else told.out
    assert shown.startswith("usage: rlbatch {train,compare,evaluate")
    assert shown.count("\n") == 1


def test_the_command_hands_the_rest_of_the_line_on(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rlbatch(["train", "probe.yaml", "run_dir=mine"]) == 0
    assert rlbatch(["evaluate", "mine", "--episodes", "1"]) == 0
    assert rlbatch(["evaluate", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as left:
        rlbatch([command, "--help"])
    assert left.value.code == 0
    assert f"usage: rlbatch {command}" in capsys.readouterr().out
