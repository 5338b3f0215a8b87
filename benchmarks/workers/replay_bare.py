"""Serves the bare gather: random rows of plain bytes copied to a block that is used again.

It draws no indices, makes no tensors and knows no fields: what a buffer costs beyond it is its own.
"""

import numpy as np

from benchmarks.workers.replay_serving import Filled, serve

PLACES = 2**20  # indices drawn ahead; a loop walks through them, so that rows stay cold
MOST = 2**14  # rows a call


def gather(rows: int, row_bytes: int) -> Filled:
    """Really written rows of so many bytes, and `numpy.take` of some of them."""
    rng = np.random.default_rng(0)
    table = np.empty((rows, row_bytes), np.uint8)
    for first in range(0, rows, MOST):
        part = table[first : first + MOST]
        part[:] = rng.integers(0, 256, part.shape, np.uint8)
    table = table.view(f"V{row_bytes}")[:, 0]
    places = rng.integers(0, rows, PLACES)
    out = np.empty(MOST, table.dtype)
    first = 0

    def take(size: int) -> None:
        nonlocal first
        first = first + size if first + 2 * size <= PLACES else 0
        # with "raise", NumPy would gather into a block of its own first
        np.take(table, places[first : first + size], out=out[:size], mode="clip")

    def check() -> None:
        take(32)
        if not np.array_equal(out[:32], table[places[first : first + 32]]):
            raise SystemExit("take: expected the rows asked for, got others.")

    return Filled({"sample": take}, check, table.nbytes)


if __name__ == "__main__":
    serve(f"NumPy {np.__version__}", {"gather": gather})
