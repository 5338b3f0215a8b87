"""A run that replays the batch sizes of another one, as its config says."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from rlbatch.config import build, read
from rlbatch.evaluate import main as evaluate_main
from rlbatch.schedule import BatchPlan, Replayed
from rlbatch.schedule.trajectories import trajectories
from rlbatch.train import Trainer
from rlbatch.train.__main__ import main
from rlbatch.types import Batch

MakeTrainer = Callable[..., Trainer]
Drawn = Callable[[Trainer], list[Batch]]
Train = Callable[..., int]
Trained = Callable[..., Path]
LANES = [[3, 3, 9], [1], [5, 2]]  # rows of each update of a hand-written log
SWEPT = "lanes={epsilon_end: [0.0, 0.5]}"


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return [line | {"wall_s": ""} for line in csv.DictReader(file)]


def replays(log: str, **told: object) -> str:
    """The override that replays a log."""
    options = "".join(f", {name}: {value}" for name, value in told.items())
    return f"batch={{schedule: {{kind: replayed, log: {log}{options}}}}}"


@pytest.fixture
def log(tmp_path: Path) -> str:
    text = "lane,update,batch_size\n"
    for lane, sizes in enumerate(LANES):
        text += "".join(f"{lane},{update},{rows}\n" for update, rows in enumerate([*sizes, 0]))
    (tmp_path / "hand.csv").write_text(text, encoding="utf-8")
    return str(tmp_path / "hand.csv")


@pytest.mark.parametrize("iso", ["updates", "samples"])
def test_a_run_that_replays_itself_is_itself_to_the_bit(
    train: Train, here: Path, trained: Trained, iso: str
) -> None:
    shared = f"iso={iso}", SWEPT, "batch.reference=16"
    one, two = trained(*shared), Path("two")
    own = replays(str(one / "decisions.csv"), shift=0)
    assert train("run_dir=two", own, *shared) == 0
    for name in ("metrics.csv", "eval.csv", "decisions.csv"):
        assert lines(one / name) == lines(two / name)
    assert len({line["batch_size"] for line in lines(one / "metrics.csv")}) > 2


@pytest.mark.parametrize("order", ["recorded", "shuffled", "reversed", "random"])
def test_a_run_uses_the_sizes_of_its_neighbour_in_the_order_told(
    train: Train, here: Path, trained: Trained, order: str
) -> None:
    log = trained("iso=updates", SWEPT, "batch.reference=16") / "decisions.csv"
    assert train("run_dir=two", SWEPT, replays(str(log), shift=2, order=order)) == 0
    one, two = trajectories(log), trajectories(Path("two/decisions.csv"))
    for lane in range(4):
        source, found = one[(lane + 2) % 4].tolist(), two[lane].tolist()
        assert len(found) == len(source)
        assert (found == source) == (order == "recorded")
        assert (found == source[::-1]) == (order == "reversed")
        assert (sorted(found) == sorted(source)) == (order != "random")
        assert set(found) <= set(source)


def test_lanes_draw_what_the_log_of_their_neighbour_says(
    make_trainer: MakeTrainer, drawn: Drawn, log: str
) -> None:
    trainer = make_trainer(seeds=4, batch=BatchPlan(schedule=Replayed(log=log)))
    batches = drawn(trainer)
    told = [r for moment in trainer.records() for r in moment if r.kind == "train"]
    rows = [(batch.row >= 0).sum(1).tolist() for batch in batches]
    assert rows[:3] == [[1, 5, 3, 1], [1, 2, 3, 1], [1, 2, 9, 1]]
    assert rows[3:] == [[1, 2, 9, 1]] * 38  # after its end a log goes on with its last size
    assert [int(r.samples) for r in told[-4:]] == [sum(own) for own in zip(*rows, strict=True)]
    assert [r.values["batch_size"] for r in told[-4:]] == [1, 2, 9, 1]


def test_under_iso_samples_each_lane_pays_for_its_own_rows(
    make_trainer: MakeTrainer, drawn: Drawn, log: str
) -> None:
    plan = BatchPlan(schedule=Replayed(log=log), reference=2)
    trainer = make_trainer(seeds=3, batch=plan, iso="samples")
    batches = drawn(trainer)
    assert list(trainer.records())
    for lane, source in enumerate((1, 2, 0)):
        sizes = [size for size in (int(batch.size[lane]) for batch in batches) if size]
        wanted = LANES[source] + [LANES[source][-1]] * len(sizes)
        assert sizes == wanted[: len(sizes)]
        assert 41 * 2 - LANES[source][-1] < sum(sizes) <= 41 * 2
        assert trainer.learner.updates[lane] == len(sizes)


def test_the_config_of_a_run_that_replays_gives_it_again(
    train: Train, here: Path, log: str
) -> None:
    assert train("run_dir=one", replays(log, order="shuffled", shift=2)) == 0
    experiment = build(read(Path("one/config.yaml")), "again")
    plan = experiment.train.batch
    assert plan.schedule == Replayed(log=log, order="shuffled", shift=2)
    assert main(["one/config.yaml", "run_dir=two"]) == 0
    assert lines(Path("one/metrics.csv")) == lines(Path("two/metrics.csv"))
    assert evaluate_main(["one", "--episodes", "1"]) == 0


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (None, {}, "batch.schedule.log: expected a decision log, got bad.csv: No such file"),
        ("so it goes", {}, "batch.schedule.log: expected the log of a run that ended, got bad.csv"),
        ("a\n1\n", {}, "batch.schedule.log: expected lines of lane, update and batch_size"),
        ("lane,update,batch_size\n0,0,4\n", {}, "got bad.csv: one without its end"),
        ("", {"shift": -1}, "batch.schedule.shift: expected at least 0 lanes, got -1."),
        ("", {"order": "sorted"}, "batch.schedule.order: expected 'recorded', 'shuffled'"),
    ],
)
def test_a_log_that_cannot_be_replayed_is_refused_in_one_line_before_the_run(
    train: Train,
    here: Path,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    options: dict[str, object],
    message: str,
) -> None:
    if text is not None:
        Path("bad.csv").write_text(text)
    assert train("run_dir=one", replays("bad.csv", **options)) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1
    assert not Path("one").exists()


def test_a_log_with_more_rows_than_the_buffer_holds_is_refused(
    train: Train, here: Path, log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(replays(log), "replay.capacity=8") == 2
    assert "expected at most replay.capacity (8 rows), got 9 rows" in capsys.readouterr().err
