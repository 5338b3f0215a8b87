"""rlbatch COMMAND ...: the same as python -m rlbatch.COMMAND ..."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Hands the rest of the line to a command."""
    told = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"train": _train, "compare": _compare, "evaluate": _evaluate, "probe": _probe}
    if told and told[0] in commands:
        return commands[told[0]]()(told[1:])
    wanted = bool(told) and told[0] in ("-h", "--help")
    usage = f"usage: rlbatch {{{','.join(commands)}}} ...  (rlbatch COMMAND --help tells more)"
    print(usage, file=sys.stdout if wanted else sys.stderr)
    return 0 if wanted else 2


def _train() -> Callable[[Sequence[str]], int]:
    from rlbatch.train.__main__ import main as train

    return train


def _compare() -> Callable[[Sequence[str]], int]:
    from rlbatch.compare.__main__ import main as compare

    return compare


def _evaluate() -> Callable[[Sequence[str]], int]:
    from rlbatch.evaluate import main as evaluate

    return evaluate


def _probe() -> Callable[[Sequence[str]], int]:
    from rlbatch.probe.__main__ import main as probe

    return probe


if __name__ == "__main__":
    sys.exit(main())
