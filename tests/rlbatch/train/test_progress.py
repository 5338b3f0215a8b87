"""What a person sees: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from rlbatch.train import Trainer
from rlbatch.train.progress import BarReporter, LineReporter, reporter_for
from rlbatch.train.records import Moment
from rlbatch.types import Record

MakeTrainer = Callable[..., Trainer]


@pytest.fixture(scope="module")
def moments(make_trainer: MakeTrainer) -> list[Moment]:
    """Those of a run that is logged at each of its 100 env steps."""
    return list(make_trainer(log_every=0.01).records())


def seen(moments: list[Moment], console: Console) -> list[str]:
    """The lines of a whole run."""
    assert isinstance(console.file, io.StringIO)
    with reporter_for(console, 100) as reporter:
        for moment in moments:
            reporter.write(moment)
    return console.file.getvalue().splitlines()


def test_a_log_gets_the_last_figures_in_a_line(moments: list[Moment]) -> None:
    last = seen(moments, Console(file=io.StringIO()))[-1]
    assert last.strip().startswith("100 of 100 · ")
    assert "B 128 · ε 0.05 · plateau · return " in last
    assert "(worst " in last


def test_a_log_gets_no_line_at_every_moment(moments: list[Moment]) -> None:
    assert len(moments) > 100
    assert len(seen(moments, Console(file=io.StringIO()))) < 30


def test_a_terminal_gets_a_bar(moments: list[Moment]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    assert "100/100" in "".join(seen(moments, console)[-2:])


@pytest.mark.parametrize(
    ("terminal", "plain", "kind"),
    [(True, False, BarReporter), (True, True, LineReporter), (False, False, LineReporter)],
)
def test_the_reporter_suits_where_it_is_read(terminal: bool, plain: bool, kind: type) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal)
    assert isinstance(reporter_for(console, 100, plain), kind)


def test_an_event_shows_nothing_and_breaks_nothing() -> None:
    console = Console(file=io.StringIO())
    with reporter_for(console, 100) as reporter:
        reporter.write([Record("event", 0, 3, 10, 0, 0, 1.0, {"event": "diverged"})])
        reporter.write([])
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == ""
