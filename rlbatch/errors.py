"""The error tree, and the one wording that every message has.

    RlbatchError
    ├── ConfigError      ValueError           a setting or argument that cannot be meant
    ├── DataError        ValueError           a transition, observation or batch that does not fit
    ├── EmptyBufferError LookupError          a draw from a buffer that holds too little
    ├── FileError        OSError              a file or run folder that cannot be read or made
    ├── PlugError        ImportError          a "module:Name" that leads nowhere, or a missing extra
    └── TrainingError    RuntimeError         a run that started and could not go on

Each is also the builtin that it specialises, so `except ValueError` keeps working.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RlbatchError(Exception):
    """Root of the tree. Reads *where: expected what, got what. What to do.*"""

    def __init__(self, where: str, expected: str, got: object, advice: str = "") -> None:
        self.where, self.expected, self.got, self.advice = where, expected, got, advice
        super().__init__(
            f"{where}: expected {expected}, got {got}." + (f" {advice}" * bool(advice))
        )

    def at(self, where: str) -> RlbatchError:
        """The same error, told from another place (a file's line, a dotted key)."""
        return type(self)(where, self.expected, self.got, self.advice)


class ConfigError(RlbatchError, ValueError):
    """A setting or argument that cannot be meant."""


class DataError(RlbatchError, ValueError):
    """A transition, observation or batch that does not fit."""


class EmptyBufferError(RlbatchError, LookupError):
    """A draw from a buffer that holds too little."""


class FileError(RlbatchError, OSError):
    """A file or run folder that cannot be read or made."""


class PlugError(RlbatchError, ImportError):
    """A `"module:Name"` that leads nowhere, or a missing extra."""


class TrainingError(RlbatchError, RuntimeError):
    """A run that started and could not go on."""


def require(met: bool, where: str, expected: str, got: object, advice: str = "") -> None:
    """Raises ConfigError unless `met`. What every `__post_init__` is made of."""
    if not met:
        raise ConfigError(where, expected, got, advice)


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice that names the closest of the known names, or lists them; "" where none is known."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(known[:20])}." if known else ""
