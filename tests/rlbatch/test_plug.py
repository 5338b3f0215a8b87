"""A plug leads to its object, or the error says where it went wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agents.dqn import DQN
from rlbatch.errors import PlugError
from rlbatch.plug import load


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory; what is loaded from it does not outlive the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def test_a_plug_leads_to_the_object_it_names() -> None:
    assert load("agents.dqn:DQN") is DQN


def test_the_working_directory_is_searched(here: Path) -> None:
    (here / "mylab_agent.py").write_text("class Mine: ...\n")
    assert getattr(load("mylab_agent:Mine"), "__name__", "") == "Mine"


def test_the_working_directory_comes_first(here: Path) -> None:
    (here / "this.py").write_text("mine = 'mine'\n")  # also the Zen of Python's module
    assert load("this:mine") == "mine"


@pytest.mark.parametrize("plug", ["agents.dqn", "agents.dqn:", ":DQN", "", ".dqn:DQN"])
def test_a_malformed_plug_is_refused(plug: str) -> None:
    with pytest.raises(PlugError, match='expected "module:Name", got '):
        load(plug)


def test_an_unknown_name_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(PlugError, match=r"a name in agents\.dqn, got 'DQM'\. Did you mean 'DQN'"):
        load("agents.dqn:DQM")


def test_an_unknown_module_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(PlugError, match=r"'agents\.dqm'\. Did you mean 'agents\.dqn'"):
        load("agents.dqm:DQN")


@pytest.mark.parametrize("plug", ["no_such_package:X", "no_such.deep.er:X", "json.decoder.x:X"])
def test_a_module_that_is_nowhere_is_refused(plug: str) -> None:
    with pytest.raises(PlugError, match="an importable module"):
        load(plug)


def test_a_package_that_the_module_misses_is_named(here: Path) -> None:
    (here / "mylab_needs.py").write_text("import no_such_package\n")
    with pytest.raises(PlugError, match="package no_such_package to be installed"):
        load("mylab_needs:X")


def test_an_import_that_fails_inside_the_module_is_a_plug_error(here: Path) -> None:
    (here / "mylab_wrong.py").write_text("from json import no_such_name\n")
    with pytest.raises(PlugError, match="mylab_wrong"):
        load("mylab_wrong:X")
