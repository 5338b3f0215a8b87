"""The arrows between rooms point down."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GROUND = {"types", "errors", "contract", "seeding", "plug", "files"}
LAYERS = [
    GROUND,
    {"replay", "schedule", "metrics"},
    {"learner"},
    {"train"},
    {"compare", "probe"},
    {"config"},
    {"evaluate"},
    {"__main__", "__init__"},
]
LAYER = {room: layer for layer, rooms in enumerate(LAYERS) for room in rooms}
LEARNER = ROOT / "rlbatch" / "learner"
UPDATE = [LEARNER / "learner.py", LEARNER / "forward.py"]
UPDATE += sorted((LEARNER / "optimizers").glob("*.py"))
FILES = sorted(path for top in ("rlbatch", "agents", "envs") for path in (ROOT / top).rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room_of(path: Path) -> str:
    """The room that a file of rlbatch belongs to; every `__main__` stands above all."""
    inside = path.relative_to(ROOT / "rlbatch")
    return path.stem if path.stem == "__main__" else inside.parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Dotted names of all that a file imports, wherever the statement stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_asked(path: Path) -> set[str]:
    """Rooms of rlbatch that a file imports from."""
    names = (name.split(".") for name in imported(path))
    return {parts[1] for parts in names if parts[0] == "rlbatch" and len(parts) > 1}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_room_imports_its_own_files_and_lower_rooms_only(path: Path) -> None:
    if path.is_relative_to(ROOT / "rlbatch"):
        own = room_of(path)
        allowed = {room for room in LAYER if LAYER[room] < LAYER[own]} | {own}
        ground = allowed | (GROUND if own in GROUND else set())
        assert rooms_asked(path) <= ground
    else:
        assert rooms_asked(path) <= GROUND


@pytest.mark.parametrize("path", FILES, ids=named)
def test_rlbatch_knows_no_agent_and_no_environment_and_they_not_each_other(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    strangers = {"agents", "envs", "tests", "benchmarks"} - {own}
    assert {name.split(".")[0] for name in imported(path)} & strangers == set()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_text_becomes_objects_in_one_room(path: Path) -> None:
    used = {name.split(".")[0] for name in imported(path)}
    if "rlbatch/config" not in named(path):
        assert "pydantic" not in used
        assert "yaml" not in used or "plug" in path.stem


@pytest.mark.parametrize("path", UPDATE, ids=named)
def test_an_update_never_waits_for_the_device(path: Path) -> None:
    tree = ast.parse(path.read_text())
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    functions = {call.id for call in calls if isinstance(call, ast.Name)}
    assert methods & {"item", "cpu", "tolist"} == set()
    assert functions & {"print"} == set()


def test_every_room_is_known() -> None:
    rooms = {room_of(path) for path in (ROOT / "rlbatch").rglob("*.py")}
    assert rooms <= set(LAYER)
