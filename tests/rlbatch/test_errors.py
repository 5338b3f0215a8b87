"""One tree, one wording."""

from __future__ import annotations

import pytest

from rlbatch.errors import (
    ConfigError,
    DataError,
    EmptyBufferError,
    FileError,
    PlugError,
    RlbatchError,
    TrainingError,
    nearest,
    require,
)


def test_an_error_says_where_what_was_expected_what_came_and_what_to_do() -> None:
    error = RlbatchError("Doubling.stop", "at least start (32)", 16, "Raise it.")
    assert str(error) == "Doubling.stop: expected at least start (32), got 16. Raise it."


def test_an_error_without_advice_ends_after_what_came() -> None:
    assert str(RlbatchError("replay.gamma", "a number", "'x'")) == (
        "replay.gamma: expected a number, got 'x'."
    )


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (ConfigError, ValueError),
        (DataError, ValueError),
        (EmptyBufferError, LookupError),
        (FileError, OSError),
        (PlugError, ImportError),
        (TrainingError, RuntimeError),
    ],
)
def test_each_error_is_also_the_builtin_that_it_specialises(
    error: type[RlbatchError], builtin: type[Exception]
) -> None:
    raised = error("here", "this", "that", "Do it.")
    assert isinstance(raised, (RlbatchError, builtin))
    assert issubclass(error, RlbatchError)
    assert issubclass(error, builtin)
    assert str(raised) == "here: expected this, got that. Do it."


def test_an_error_told_from_another_place_keeps_its_kind_and_the_rest() -> None:
    moved = FileError("a", "b", 3, "Do c.").at("x.yaml:6:3")
    assert type(moved) is FileError
    assert str(moved) == "x.yaml:6:3: expected b, got 3. Do c."


def test_require_raises_only_where_the_condition_is_not_met() -> None:
    require(True, "lr", "a number ≥ 0", 1)
    with pytest.raises(ConfigError, match=r"^lr: expected a number ≥ 0, got -1\.$"):
        require(False, "lr", "a number ≥ 0", -1)


def test_advice_names_the_nearest_known_name() -> None:
    assert nearest("gama", ["lr", "gamma"]) == "Did you mean 'gamma'?"


def test_advice_lists_the_known_names_where_none_is_near() -> None:
    assert nearest("xyz", ["lr", "gamma"]) == "Known: gamma, lr."
    assert nearest("xyz", []) == ""
