"""What a package says it exports is there, in order."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    ".".join(found.parent.relative_to(ROOT).parts)
    for top in ("rlbatch", "agents", "envs")
    for found in (ROOT / top).rglob("__init__.py")
)


def rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, each by alphabet: the linter's order."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


@pytest.mark.parametrize("package", PACKAGES)
def test_every_exported_name_exists_once_and_in_order(package: str) -> None:
    module = importlib.import_module(package)
    exported = getattr(module, "__all__", [])
    assert [name for name in exported if not hasattr(module, name)] == []
    assert list(exported) == sorted(set(exported), key=rank)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_what_it_is_for(package: str) -> None:
    assert (importlib.import_module(package).__doc__ or "").strip()


def test_the_three_uses_are_one_import_away() -> None:
    rlbatch = importlib.import_module("rlbatch")
    assert {"ReplayBuffer", "Learner", "schedule", "Batch", "Signal"} <= set(rlbatch.__all__)
