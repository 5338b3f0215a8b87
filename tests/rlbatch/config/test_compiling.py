"""What `compile:` says, and what `auto` becomes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from rlbatch.config import Experiment, build, compiling, read
from rlbatch.errors import ConfigError
from rlbatch.learner import compiler
from rlbatch.train.__main__ import main
from rlbatch.train.trainer import Trainer

Built = Callable[..., Experiment]
LACK = "no C++ compiler was found"
SHORT = """\
env: {plug: "envs.cartpole:CartPole"}
agent: {plug: "agents.dqn:DQN", hidden: [4]}
seeds: 2
env_steps: 60
learn: {start: 10}
batch: {schedule: {kind: fixed, rows: 8}}
evaluate: {every: 1.0, episodes: 1, final_episodes: 1, max_length: 5}
device: cpu
threads: 1
"""
LONG = ("env_steps=45_000", "learn.every=1", "learn.start=1000")  # 88,000 updates at one B


@pytest.fixture
def built(written: Callable[..., Path]) -> Built:
    """The experiment of a short run with overrides."""
    return lambda *overrides, text=SHORT: build(read(written(text), overrides), "x")


@pytest.fixture(autouse=True)
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which a compiler is found, in no time."""
    for room in (compiling, compiler):
        monkeypatch.setattr(room, "lack", lambda: "")


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch, there: None) -> None:
    """A machine on which none is."""
    for room in (compiling, compiler):
        monkeypatch.setattr(room, "lack", lambda: LACK)


@pytest.mark.parametrize(("word", "compiles"), [("on", True), ("off", False)])
@pytest.mark.parametrize("way", ["in the file", "as override"])
def test_on_and_off_are_words_and_are_obeyed(
    built: Built, word: str, compiles: bool, way: str
) -> None:
    if way == "in the file":
        found = built(text=f"{SHORT}compile: {word}\n")
    else:
        found = built(f"compile={word}")
    assert (found.compile, found.run.compile) == (compiles, word)
    assert found.notes == ()


@pytest.mark.parametrize("word", ["true", "1", "yes", "none", "ON"])
def test_another_word_is_refused_at_its_place(built: Built, word: str) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml:10:10: compile: expected 'auto', 'on' or 'of"):
        built(text=f"{SHORT}compile: {word}\n")


def test_auto_is_off_in_a_short_run_and_on_in_a_long_one_of_few_sizes(built: Built) -> None:
    assert not built().compile
    assert built(*LONG).compile
    sizes = "batch.schedule={kind: epsilon, explore: 8, exploit: 256}"
    assert not built(*LONG, sizes).compile
    assert built(*LONG, sizes, "seeds=6").compile


def test_auto_never_compiles_where_every_batch_is_another(built: Built) -> None:
    assert not built(*LONG, "batch.schedule.rows=buffer").compile


@pytest.mark.parametrize("overrides", [(), LONG])
def test_a_resolved_config_says_on_or_off_and_builds_the_same_again(
    built: Built, overrides: Any
) -> None:
    found = built(*overrides)
    assert found.resolved["compile"] == ("on" if overrides else "off")
    again = built(text=found.text())
    assert (again.compile, again.resolved) == (found.compile, found.resolved)


def test_on_with_the_whole_buffer_is_refused(built: Built) -> None:
    message = r"compile: expected few batch sizes, got rows: buffer\. Say compile: off\."
    with pytest.raises(ConfigError, match=message):
        built("compile=on", "batch.schedule.rows=buffer")


def test_without_a_compiler_on_is_refused(lacking: None, built: Built) -> None:
    with pytest.raises(ConfigError, match=r"compile: expected a C\+\+ compiler, got no C\+\+ com"):
        built("compile=on")


def test_without_a_compiler_auto_goes_on_and_a_long_run_is_told(
    lacking: None, built: Built
) -> None:
    assert (built().compile, built().notes) == (False, ())
    found = built(*LONG)
    assert (found.compile, found.notes) == (False, (f"compile: off, as {LACK}",))
    assert found.resolved["compile"] == "off"


def test_without_a_compiler_off_is_as_ever(lacking: None, built: Built) -> None:
    assert built("compile=off", *LONG).notes == ()


def test_on_a_gpu_on_needs_no_compiler(
    lacking: None, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    found = built("device=cuda", "compile=on")
    assert (found.compile, found.notes) == (True, ())


def test_on_a_gpu_auto_is_off(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert not built("device=cuda", *LONG).compile


@pytest.mark.parametrize("found", [0, 1])
def test_a_device_that_is_not_there_is_refused_with_what_was_found(
    built: Built, monkeypatch: pytest.MonkeyPatch, found: int
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found)
    message = rf"device: expected one of the {found} CUDA devices found, got cuda:1\. Use device=cp"
    with pytest.raises(ConfigError, match=message):
        built("device=cuda:1")


def test_the_command_refuses_on_without_a_compiler(
    lacking: None, written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(written(SHORT)), "compile=on"]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("rlbatch: error: compile: expected a C++ compiler, got no C++ comp")
    assert not Path("runs").exists()


def test_the_command_notes_in_one_line_that_auto_is_off_and_trains(
    lacking: None,
    written: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compiling, "compiling_pays", lambda train: True)
    assert main([str(written(SHORT)), "run_dir=r"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == f"compile: off, as {LACK}"
    assert "compile: off" in Path("r/config.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "compiles"),
    [(["compile=on"], True), (["compile=on", "--debug"], False), ([], False)],
)
def test_the_command_compiles_what_the_config_says_but_not_to_debug(
    written: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    compiles: bool,
) -> None:
    asked: list[bool] = []

    class Asked(Exception):
        pass

    def make(own: Trainer, *told: Any, compile: bool, **options: Any) -> None:
        asked.append(compile)
        raise Asked

    monkeypatch.setattr(Trainer, "__init__", make)
    with pytest.raises(Asked):
        main([str(written(SHORT)), *options])
    torch.autograd.set_detect_anomaly(False)
    assert asked == [compiles]
