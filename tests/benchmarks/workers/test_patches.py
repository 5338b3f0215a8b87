"""A peer's script is patched as a whole or not at all."""

from __future__ import annotations

import pytest

from benchmarks.workers.patches import patched


def test_each_patch_takes_effect() -> None:
    assert patched("a b c", {"a": "x", "c": "z"}, "dqn.py") == "x b z"


@pytest.mark.parametrize("text", ["b", "a a"])
def test_a_patch_that_does_not_fit_once_is_refused(text: str) -> None:
    with pytest.raises(SystemExit, match=r"dqn.py: expected one 'a', got"):
        patched(text, {"a": "x"}, "dqn.py")
