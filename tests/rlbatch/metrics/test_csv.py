"""metrics.csv, eval.csv and events.csv: a header, then a line per lane and moment."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from rlbatch.metrics import EVAL, TRAIN, WHERE, CsvSink
from rlbatch.metrics.names import CONTROL
from rlbatch.schedule import controllers
from rlbatch.types import Record

MakeRecord = Callable[..., Record]


def lines(path: Path) -> list[list[str]]:
    return [line.split(",") for line in path.read_text().splitlines()]


def test_an_empty_run_has_headers(tmp_path: Path) -> None:
    CsvSink(tmp_path).close()
    assert lines(tmp_path / "metrics.csv") == [[*WHERE, *TRAIN]]
    assert lines(tmp_path / "eval.csv") == [[*WHERE, *EVAL]]
    assert lines(tmp_path / "events.csv") == [[*WHERE, "event", "reason"]]


def test_the_columns_are_those_of_the_contract() -> None:
    assert WHERE == ("lane", "seed", "env_step", "update", "samples", "wall_s")
    first = ["batch_size", "lr", "epsilon", "phase", "loss", "td_error", "grad_norm", "q_mean"]
    assert list(TRAIN)[:8] == first
    assert list(EVAL) == ["episode", "return", "length"]


def test_every_record_is_a_line_in_the_file_of_its_kind(tmp_path: Path, record: MakeRecord) -> None:
    sink = CsvSink(tmp_path)
    sink.write([record("train", lane, 10, batch_size=4, phase="anneal") for lane in (0, 1)])
    sink.write([record("eval", 1, 10, episode=2, **{"return": 7.5, "length": 9})])
    sink.write([record("event", 0, 10, event="diverged", reason="why")])
    sink.close()
    empty = [""] * (len(TRAIN) - 4)
    assert lines(tmp_path / "metrics.csv")[1:] == [
        [lane, seed, "10", "5", "40", "1.500", "4", "", "", "anneal", *empty]
        for lane, seed in (("0", "3"), ("1", "4"))
    ]
    assert lines(tmp_path / "eval.csv")[1:] == [
        ["1", "4", "10", "5", "40", "1.500", "2", "7.5", "9"]
    ]
    assert lines(tmp_path / "events.csv")[1][-2:] == ["diverged", "why"]


def test_values_stand_under_their_names(tmp_path: Path, record: MakeRecord) -> None:
    sink = CsvSink(tmp_path)
    sink.write([record("train", 0, 10, **{name: float(i) for i, name in enumerate(TRAIN)})])
    sink.close()
    assert lines(tmp_path / "metrics.csv")[1][len(WHERE) :] == [f"{i}.0" for i in range(len(TRAIN))]


def test_what_was_written_can_be_read_before_the_end(tmp_path: Path, record: MakeRecord) -> None:
    sink = CsvSink(tmp_path)
    sink.write([record("train", 0, 10, loss=1.0)])
    assert len(lines(tmp_path / "metrics.csv")) == 2
    sink.close()


def test_a_number_is_written_whole(tmp_path: Path, record: MakeRecord) -> None:
    sink = CsvSink(tmp_path)
    sink.write([record("train", 0, 10, loss=0.1 + 0.2)])
    sink.close()
    written = lines(tmp_path / "metrics.csv")[1][len(WHERE) + list(TRAIN).index("loss")]
    assert float(written) == 0.1 + 0.2


def test_a_file_that_goes_on_has_one_header(tmp_path: Path, record: MakeRecord) -> None:
    for step in (10, 20):
        sink = CsvSink(tmp_path)
        sink.write([record("train", 0, step, loss=1.0)])
        sink.close()
    assert [line[2] for line in lines(tmp_path / "metrics.csv")] == ["env_step", "10", "20"]


def test_what_a_controller_was_told_and_asked_for_is_a_line_of_control_csv(
    tmp_path: Path, record: MakeRecord
) -> None:
    sink = CsvSink(tmp_path)
    told: dict[str, float] = {name: float(i) for i, name in enumerate(CONTROL)}
    sink.write([record("control", 1, 10, **told, nobody_knows=9.0)])
    sink.close()
    header, line = lines(tmp_path / "control.csv")
    assert header == [*WHERE, *CONTROL]
    assert line[: len(WHERE)] == ["1", "4", "10", "5", "40", "1.500"]
    assert line[len(WHERE) :] == [f"{i}.0" for i in range(len(CONTROL))]


def test_a_wish_that_was_not_asked_for_is_nan_and_a_signal_not_there_is_empty(
    tmp_path: Path, record: MakeRecord
) -> None:
    sink = CsvSink(tmp_path)
    sink.write([record("control", 0, 10, wish=math.nan, wanted=8.0, batch_size=8)])
    sink.close()
    header, line = lines(tmp_path / "control.csv")
    told = dict(zip(header, line, strict=True))
    assert (told["wish"], told["wanted"], told["batch_size"]) == ("nan", "8.0", "8")
    assert (told["loss"], told["return"]) == ("", "")


def test_passes_and_reuse_are_columns_of_metrics_csv() -> None:
    assert {"epochs", "reuse"} <= set(TRAIN)
    assert "td_square" not in TRAIN


def test_every_signal_of_a_controller_has_a_column(tmp_path: Path) -> None:
    every = [getattr(controllers, name) for name in controllers.__all__]
    assert {name for maker in every for name in maker.signals} <= set(CONTROL)
