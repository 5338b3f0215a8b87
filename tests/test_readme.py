"""What the README shows is true: its Python runs, its files and commands are there."""

from __future__ import annotations

import re
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlbatch.config import build, read, read_comparison
from rlbatch.schedule import Epsilon, Fixed, Geometric, Linear, Phased
from rlbatch.train.__main__ import main
from rlbatch.types import Signal

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_every_python_block_runs(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("block")
    monkeypatch.setitem(__import__("sys").modules, "block", module)  # dataclasses look it up
    exec(compile(block, "README.md", "exec"), module.__dict__)


def test_the_schedule_of_ones_own_trains_from_a_folder_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mylab").mkdir()
    (block,) = (block for block in PYTHON if "class Sawtooth" in block)
    (tmp_path / "mylab" / "schedules.py").write_text(block, encoding="utf-8")
    (shown,) = (b for b in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "Sawtooth" in b)
    own = tmp_path / "own.yaml"
    small: dict[str, Any] = {"env_steps": 300, "seeds": 2, "learn": {"start": 64}, "log_every": 0.5}
    small["evaluate"] = {"every": 1.0, "final_episodes": 1, "max_length": 20}
    own.write_text(f"extends: {ROOT}/configs/quick.yaml\n{yaml.safe_dump(small)}{shown}")
    monkeypatch.chdir(tmp_path)
    assert main([str(own), "run_dir=run"]) == 0


def test_the_ways_to_compute_that_are_shown_can_be_asked_for(tmp_path: Path) -> None:
    (shown,) = (b for b in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "bf16" in b)
    own = tmp_path / "own.yaml"
    own.write_text(f"extends: {ROOT}/configs/quick.yaml\n{shown}")
    found = build(read(own), "own")
    told = found.train.learner
    assert (told.micro_batch, told.precision, told.optimizer.kind) == (512, "bf16", "adamw")


@pytest.mark.parametrize("kind", [Fixed, Linear, Geometric, Epsilon, Phased])
def test_every_row_of_the_schedule_table_is_a_schedule(kind: Any) -> None:
    rows = [yaml.safe_load(row) for row in re.findall(r"`(\{kind: .*?\})`", README)]
    (row,) = (row for row in rows if row["kind"] == kind.__name__.lower())
    signal = Signal(env_step=0, exploration=1.0, exploration_start=1.0)
    assert kind(**row)(signal) >= 1.0


def test_every_file_that_it_names_is_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    paths = re.findall(r"`((?:agents|envs|configs)/[\w/.]+)`", README)
    assert len(links) > 3
    assert [name for name in (*links, *paths) if not (ROOT / name).exists()] == []


def test_the_comparison_that_is_shown_can_be_trained(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (shown,) = (block for block in blocks if "regimes:" in block)
    config = tmp_path / "mine.yaml"
    config.write_text(shown.replace("../cartpole.yaml", f"{ROOT}/configs/cartpole.yaml"))
    comparison = read_comparison(config).comparison
    assert [pair.name for pair in comparison.contrasts()] == ["up vs fixed", "up vs matched"]
    assert (comparison.seeds, comparison.variants) == (10, ("heavy",))


def test_every_python_block_about_replay_runs_after_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/replay.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 15
    module: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "docs/replay.md", "exec"), module)
