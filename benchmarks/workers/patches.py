"""Patches to a peer's script, each of which must fit exactly once."""

from __future__ import annotations

from collections.abc import Mapping


def patched(text: str, patches: Mapping[str, str], name: str) -> str:
    """The script with every patch applied.

    Args:
        text: of the script.
        patches: what to put in place of what.
        name: of the script, for the error.

    Raises:
        SystemExit: the script is another than the patches were made for.
    """
    for old, new in patches.items():
        if text.count(old) != 1:
            raise SystemExit(f"{name}: expected one {old!r}, got {text.count(old)}.")
        text = text.replace(old, new)
    return text
