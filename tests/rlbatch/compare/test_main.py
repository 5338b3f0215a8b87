"""The command: what it prints, what it exits with, what it leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rlbatch.compare import __main__ as command
from rlbatch.compare.__main__ import main
from rlbatch.compare.settings import Regime
from rlbatch.compare.study.grid import Cell
from rlbatch.compare.study.launch import Outcome
from rlbatch.compare.study.study import Study

CONFIG = """\
base:
  env: {plug: "envs.cartpole:CartPole"}
  agent: {plug: "agents.dqn:DQN", hidden: [8]}
  env_steps: 40
  learn: {start: 10}
  evaluate: {every: 0.5, episodes: 1, final_episodes: 2, max_length: 9}
  device: cpu
  threads: 1
seeds: 1
regimes: {a: {}, b: {batch.schedule: {kind: fixed, rows: 8}}}
plan: {contrasts: [b]}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with x.yaml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text(CONFIG)
    return tmp_path


def error(capsys: Any) -> str:
    """The one line on stderr."""
    (line,) = capsys.readouterr().err.splitlines()
    return str(line)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "rlbatch compare: expected a config file, got none."),
        (["no.yaml"], "no.yaml: expected a config file, got nothing there."),
        (["x.yaml", "seedz=2"], "seedz"),
        (["x.yaml", "plan.contrasts=[c]"], "plan.contrasts: expected the name of a regime"),
        (["x.yaml", "regimes.a.batch.schedule.kind=fixd"], "fixd"),
        (["x.yaml", "base.agent.plug=nowhere:DQN"], "nowhere"),
        (["x.yaml", "--jobs", "0"], "--jobs: expected at least 1 process, got 0."),
        (["--analyse"], "--analyse: expected at least one folder, got none."),
        (["--analyse", "nowhere"], "nowhere: expected a run folder, or a folder of them"),
        (["--analyse", "."], ".: expected a run folder, or a folder of them, got none there."),
        (["plot", "."], ".: expected a run folder, or a folder of them, got none there."),
        (["plot", ".", "--out", "x.gif"], "--out: expected a name that ends in .pdf, .png, .svg"),
    ],
)
def test_what_is_refused_exits_2_with_one_line_and_writes_nothing(
    here: Path, capsys: Any, arguments: list[str], told: str
) -> None:
    assert main(arguments) == 2
    line = error(capsys)
    assert line.startswith("rlbatch: error: ")
    assert told in line
    assert [path.name for path in here.iterdir()] == ["x.yaml"]


@pytest.mark.parametrize(
    "arguments", [["x.yaml", "--jobs", "x"], ["--nothing"], ["plot"], ["plot", ".", "--x", "s"]]
)
def test_a_command_that_cannot_be_read_exits_2(here: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2
    assert [path.name for path in here.iterdir()] == ["x.yaml"]


def outcomes(*statuses: str) -> list[Outcome]:
    cells = [Cell("regime", "CartPole", Regime(name=name), f"runs/{name}") for name in "ab"]
    return [Outcome(cell, s, "why") for cell, s in zip(cells, statuses, strict=True)]  # type: ignore[arg-type]


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, here: Path) -> Any:
    """Lets the two runs end as told, without training them."""

    def end(*statuses: str, stopped: bool = False) -> None:
        told = outcomes(*statuses), stopped
        monkeypatch.setattr(Study, "train", lambda *_: told)

    return end


def test_ctrl_c_exits_130_and_says_how_to_go_on(ended: Any, capsys: Any) -> None:
    ended("finished", "interrupted", stopped=True)
    assert main(["x.yaml"]) == 130
    assert "the same command goes on with what is missing" in capsys.readouterr().out
    assert not Path("runs/compare-x/report.json").exists()


def test_where_all_failed_each_is_told_and_the_exit_is_1(ended: Any, capsys: Any) -> None:
    ended("failed", "failed")
    assert main(["x.yaml"]) == 1
    out = capsys.readouterr().out
    assert "failed: runs/a: why" in out
    assert "failed: runs/b: why" in out


def test_where_one_failed_the_rest_is_reported(
    here: Path, capsys: Any, run_folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: Any) -> tuple[list[Outcome], bool]:
        run_folder("runs/compare-x/runs/CartPole/a", [[1.0, 2.0]])
        return outcomes("finished", "failed"), False

    monkeypatch.setattr(Study, "train", train)
    assert main(["x.yaml"]) == 1
    report = json.loads(Path("runs/compare-x/report.json").read_text())
    assert list(report["regimes"]) == ["a"]
    assert "failed: runs/b: why" in capsys.readouterr().out


def test_another_plan_in_the_folder_is_refused_and_named(ended: Any, capsys: Any) -> None:
    ended("failed", "failed")
    assert main(["x.yaml"]) == 1
    assert main(["x.yaml", "seeds=2"]) == 2
    told = capsys.readouterr().err
    assert "expected the comparison planned now, got another one." in told
    assert "Choose another run_dir, or add --overwrite." in told
    assert main(["x.yaml", "seeds=2", "--overwrite"]) == 1


def test_folders_are_analysed_into_a_folder_of_choice(run_folder: Any, here: Path) -> None:
    places = [str(run_folder(f"runs/{name}", [[1.0, 2.0], [2.0, 3.0]])) for name in "ab"]
    assert main(["--analyse", *places, "--baseline", "b", "--out", "told"]) == 0
    report = json.loads(Path("told/report.json").read_text())
    assert report["plan"]["baseline"] == "b"
    assert list(report["pairs"]) == ["a"]
    assert Path("told/report.html").is_file()


def test_a_comparison_is_analysed_in_its_own_folder(study: Any, here: Path, capsys: Any) -> None:
    folder = study({"a": [[1.0, 2.0]], "b": [[2.0, 3.0]]}, contrasts=["b"])
    assert main(["--analyse", str(folder)]) == 0
    assert json.loads((folder / "report.json").read_text())["plan"]["kept"]
    capsys.readouterr()
    assert main(["--analyse", str(folder), "--baseline", "b"]) == 2
    assert "--baseline: expected none for a planned comparison, got b." in error(capsys)


def test_plots_are_drawn_where_they_are_asked_for(run_folder: Any, here: Path, capsys: Any) -> None:
    folder = run_folder("runs/a", [[1.0, 2.0]])
    assert main(["plot", str(folder), "--x", "samples", "--out", "new/x.svg"]) == 0
    assert capsys.readouterr().out.strip() == "new/x.svg"
    assert Path("new/x.svg").is_file()


def test_an_environment_that_the_agent_cannot_play_in_fails_with_one_line(
    here: Path, capsys: Any
) -> None:
    env = '{plug: "envs.gymnasium:make", id: Pendulum-v1}'
    lines = ["agent: {plug: 'agents.dqn:DQN'}", f"env: {env}", "device: cpu", "env_steps: 2000"]
    (here / "cell.yaml").write_text("\n".join(lines))
    assert main(["cell", "cell.yaml", "run_dir=out", "threads=1"]) == 2
    assert "Discrete" in error(capsys)
    assert not Path("out").exists()


def test_the_module_is_a_command(here: Path) -> None:
    told = [sys.executable, "-m", "rlbatch.compare", "no.yaml"]
    root = Path(command.__file__).parents[2]
    found = subprocess.run(told, capture_output=True, text=True, env={"PYTHONPATH": str(root)})
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == "rlbatch: error: no.yaml: expected a config file, got nothing there.\n"
