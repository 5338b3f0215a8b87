"""The command: what it prints, what it exits with, what it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rlbatch.__main__ import main as rlbatch
from rlbatch.config import build, read
from rlbatch.probe import __main__ as command
from rlbatch.probe.__main__ import main
from rlbatch.probe.board import Board
from rlbatch.train.__main__ import main as train

QUICK = ["--seconds", "4", "--largest", "256", "--updates", "5", "--rows", "1024"]
FOLDER = Path("runs/probe-tiny-1")
BROKEN_ENV = """\
from envs.cartpole import CartPole
class Broken(CartPole):
    def step(self, action):
        raise RuntimeError("a wheel\\ncame off")
"""


def error(capsys: Any) -> str:
    """The one line on stderr."""
    (line,) = capsys.readouterr().err.splitlines()
    return str(line)


def test_a_whole_probe(here: Path, capsys: Any) -> None:
    assert main(["tiny.yaml", *QUICK]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    for said in ("memory: ", "throughput: ", "noise scale: ", "lr: ", "critical batch: "):
        assert said in shown.out
    there = {path.name for path in FOLDER.iterdir()}
    assert there == {"batch.yaml", "config.yaml", "probe.json", "probe.png", "tb"}
    assert (FOLDER / "batch.yaml").read_text() in shown.out
    _check_json(json.loads((FOLDER / "probe.json").read_text()))
    _check_board(FOLDER / "tb")
    _check_block_trains(here)


def _check_json(told: dict[str, Any]) -> None:
    assert [pace["rows"] for pace in told["paces"]] == [8, 16, 32, 64, 96, 127, 128]
    assert told["memory"]["capacity"] == 128
    assert told["warm"]["rule"] == "sqrt"
    assert {one["size"] for one in told["branches"]} <= {8, 16, 32, 64, 128}
    assert told["recommendation"]["rows"] <= 128
    assert told["critical"]["size"] in (None, 8, 16, 32, 64, 128)


def _check_board(folder: Path) -> None:
    events = EventAccumulator(str(folder))
    events.Reload()
    tags = set(events.Tags()["scalars"])
    assert {"throughput/rows_per_s", "throughput/peak_mib", "progress/B_128"} <= tags
    assert [event.step for event in events.Scalars("lr_range/B_128")] == [25, 50, 100, 200, 400]
    assert [event.step for event in events.Scalars("progress/B_128")][-1] == 1024


def _check_block_trains(here: Path) -> None:
    """The recommended block over the config that was probed is a config that trains."""
    block = yaml.safe_load((FOLDER / "batch.yaml").read_text())
    Path("next.yaml").write_text(yaml.safe_dump({"extends": "tiny.yaml", **block}))
    assert train(["next.yaml", "run_dir=next"]) == 0
    resolved = yaml.safe_load(Path("next/config.yaml").read_text())
    assert resolved["batch"]["schedule"] == block["batch"]["schedule"]
    assert json.loads(Path("next/summary.json").read_text())["updates"] > 0


@pytest.mark.parametrize(
    "batch",
    [
        "{schedule: {kind: epsilon, explore: 8, exploit: 32}, ladder: {kind: powers}}",
        "{coupling: linear, lr_follows: {kind: fixed, rows: 32}}",
    ],
)
def test_the_block_stands_whatever_the_config_had(here: Path, batch: str) -> None:
    text = Path("tiny.yaml").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("batch:"))
    Path("tiny.yaml").write_text(text.replace(line, f"batch: {batch}"))
    assert main(["tiny.yaml", *QUICK, "--seconds", "1"]) == 0
    block = yaml.safe_load((FOLDER / "batch.yaml").read_text())["batch"]
    Path("next.yaml").write_text(yaml.safe_dump({"extends": "tiny.yaml", "batch": block}))
    plan = build(read(Path("next.yaml")), "next").train.batch
    assert plan.largest() == block["schedule"]["rows"]
    assert (plan.coupling, plan.lr_follows) == (block["coupling"], None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no.yaml"], "no.yaml: expected a config file, got nothing there."),
        (["tiny.yaml", "seedz=2"], "seedz"),
        (["tiny.yaml", "seeds=0"], "seeds"),
        (["tiny.yaml", "--seconds", "0"], "--seconds: expected a finite number above 0, got 0.0."),
        (["tiny.yaml", "--env-steps", "0"], "--env-steps: expected at least 1, got 0."),
        (["tiny.yaml", "--env-steps", "201"], "--env-steps: expected at most env_steps (200)"),
        (["tiny.yaml", "--largest", "0"], "--largest: expected at least 1, got 0."),
        (["tiny.yaml", "env={plug: 'envs.gymnasium:make', id: Pendulum-v1}"], "Discrete"),
        (["tiny.yaml", "env.plug='broken_env:Broken'"], "RuntimeError: a wheel came off"),
    ],
)
def test_what_cannot_run_exits_2_with_one_line_and_leaves_no_folder(
    here: Path, capsys: Any, arguments: list[str], said: str
) -> None:
    Path("broken_env.py").write_text(BROKEN_ENV)
    assert main(arguments) == 2
    line = error(capsys)
    assert line.startswith("rlbatch: error: ")
    assert said in line
    assert not Path("runs").exists()


@pytest.mark.parametrize("arguments", [[], ["tiny.yaml", "--seconds", "x"]])
def test_a_command_that_cannot_be_read_exits_2(here: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2


@pytest.mark.parametrize("where", ["throughput", "branch"])
def test_ctrl_c_exits_130_and_leaves_no_folder(
    here: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def press(*told: object) -> None:
        assert FOLDER.is_dir()
        raise KeyboardInterrupt

    monkeypatch.setattr(Board, where, press)
    assert main(["tiny.yaml", *QUICK, "--seconds", "1"]) == 130
    assert not Path("runs").exists()


def test_folders_of_others_stay(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FOLDER.mkdir(parents=True)
    (FOLDER / "notes.txt").write_text("keep")

    def fail(*told: object) -> None:
        assert Path("runs/probe-tiny-2").is_dir()
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "save", fail)
    assert main(["tiny.yaml", *QUICK, "--seconds", "1"]) == 130
    assert [path.name for path in Path("runs").iterdir()] == ["probe-tiny-1"]
    assert (FOLDER / "notes.txt").read_text() == "keep"


def test_the_toolkits_command_knows_it(here: Path, capsys: Any) -> None:
    assert rlbatch(["probe", "no.yaml"]) == 2
    assert "no.yaml" in error(capsys)
