"""What a table of the replay benchmark is asked for, and what it gives back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks.tables import table

Table = tuple[Sequence[str], Sequence[Sequence[str]]]  # header, rows
PerSize = Mapping[int, float]  # a figure for each size measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line, read."""

    rows: int  # in a full buffer
    repeats: int  # rounds; figures are medians
    only: Sequence[str]  # subjects
    contiguous: bool

    def among(self, *names: str) -> list[str]:
        """Those of these subjects that take part."""
        return [name for name in names if name in self.only]


class Section(NamedTuple):
    """A title, tables under it, remarks that a reader of the tables needs, and the raw figures."""

    title: str
    tables: Sequence[Table]
    remarks: Sequence[str]
    raw: dict[str, Any]

    def text(self) -> str:
        """Returns Markdown."""
        tables = [table(header, rows) for header, rows in self.tables]
        return "\n\n".join([f"## {self.title}", *tables, *self.remarks])


def row(name: str, figures: PerSize, sizes: Iterable[int], digits: int = 1) -> list[str]:
    """Returns a table's row, with a dash where nothing was measured."""
    return [name, *(f"{figures[s]:.{digits}f}" if s in figures else "-" for s in sizes)]


def fastest(us: Mapping[str, PerSize], names: Iterable[str]) -> dict[int, float]:
    """Returns the least time of these subjects at each size; one that was not measured is none."""
    times = [us[name] for name in names if name in us]
    sizes = {size for own in times for size in own}
    return {size: min(own[size] for own in times if size in own) for size in sizes}


def ratio(above: PerSize, below: PerSize) -> dict[int, float]:
    """Returns above / below at the sizes that both have."""
    return {size: above[size] / below[size] for size in above if size in below}
