"""What TensorBoard will show is read back from its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2

from rlbatch.metrics import TensorBoardSink, iqm
from rlbatch.types import Record

MakeRecord = Callable[..., Record]
LANES = (0, 1, 2, 3)


def written(folder: Path, moments: Sequence[Sequence[Record]], **told: Any) -> None:
    """A sink that was given these moments, and closed."""
    settings: dict[str, Any] = {"seeds": [3, 4, 5, 6], "config": "seed: 3", "per_seed_max": 16}
    sink = TensorBoardSink(folder, **(settings | told))
    for moment in moments:
        sink.write(moment)
    sink.close()


def shown(folder: Path) -> Any:
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    return events


def curve(folder: Path, name: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in shown(folder).Scalars(name)]


def tag(folder: Path, end: str) -> str:
    """The one scalar whose name ends so."""
    (found,) = (name for name in shown(folder).Tags()["scalars"] if name.endswith(end))
    return str(found)


def test_every_seed_has_curves_over_env_steps(tmp_path: Path, record: MakeRecord) -> None:
    written(tmp_path, [[record("train", k, t, loss=k + t) for k in LANES] for t in (10, 20)])
    for lane in LANES:
        found = curve(tmp_path / f"seed_{3 + lane}", "train/loss")
        assert found == [(10, 10.0 + lane), (20, 20.0 + lane)]


def test_a_seeds_evaluation_is_the_mean_of_its_episodes(tmp_path: Path, record: MakeRecord) -> None:
    told = [record("eval", 1, 10, episode=e, **{"return": float(e)}) for e in (0, 1, 5)]
    written(tmp_path, [told])
    assert curve(tmp_path / "seed_4", "eval/return") == [(10, 2.0)]


def test_over_all_seeds_there_is_the_iqm_with_its_interval(
    tmp_path: Path, record: MakeRecord
) -> None:
    values = [0.0, 1.0, 3.0, 100.0]
    written(tmp_path, [[record("train", k, 10, loss=values[k]) for k in LANES]])
    ((step, value),) = curve(tmp_path / "all", "train/loss")
    ((_, low),) = curve(tmp_path / "all", tag(tmp_path / "all", "interval/train/loss/low"))
    ((_, high),) = curve(tmp_path / "all", tag(tmp_path / "all", "interval/train/loss/high"))
    assert (step, value) == (10, float(iqm(values)))
    assert 0.0 <= low < value < high <= 100.0


def test_a_chart_of_the_interval_names_curves_that_are_there(
    tmp_path: Path, record: MakeRecord
) -> None:
    written(tmp_path, [[record("train", k, 10, loss=float(k)) for k in LANES]])
    (told,) = shown(tmp_path / "all").Tensors("custom_scalars__config__")
    layout = layout_pb2.Layout.FromString(told.tensor_proto.string_val[0])
    (series,) = (c.margin.series for c in layout.category[0].chart if c.title == "train/loss")
    value, low, high = (
        curve(tmp_path / "all", name)[0][1]
        for name in (series[0].value, series[0].lower, series[0].upper)
    )
    assert (low < value < high, value) == (True, 1.5)


def test_one_seed_has_no_interval(tmp_path: Path, record: MakeRecord) -> None:
    written(tmp_path, [[record("train", 0, 10, loss=2.0)]], seeds=[3])
    assert curve(tmp_path / "all", "train/loss") == [(10, 2.0)]
    assert shown(tmp_path / "all").Tags()["scalars"] == ["train/loss"]


def test_a_stopped_lane_does_not_hold_the_others_back(tmp_path: Path, record: MakeRecord) -> None:
    written(tmp_path, [[record("eval", 0, 5, episode=0, x=1.0), record("eval", 1, 20, x=3.0)]])
    assert curve(tmp_path / "all", "eval/x") == [(20, 2.0)]


def test_the_config_is_shown_as_text(tmp_path: Path) -> None:
    written(tmp_path, [], config="seed: 3\nagent: dqn")
    (text,) = shown(tmp_path / "all").Tensors("config/text_summary")
    assert b"seed: 3\nagent: dqn" in text.tensor_proto.string_val[0]


@pytest.mark.parametrize(("most", "seeds"), [(0, []), (2, [3, 4]), (16, [3, 4, 5, 6])])
def test_only_so_many_seeds_get_a_run_of_their_own(
    tmp_path: Path, record: MakeRecord, most: int, seeds: list[int]
) -> None:
    written(tmp_path, [[record("train", k, 10, loss=k) for k in LANES]], per_seed_max=most)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "all",
        *(f"seed_{s}" for s in seeds),
    ]
    assert curve(tmp_path / "all", "train/loss") == [(10, 1.5)]


def test_words_and_events_make_no_curves(tmp_path: Path, record: MakeRecord) -> None:
    told = [[record("event", 0, 10, event="diverged")], [record("train", 0, 10, phase="anneal")]]
    written(tmp_path, told)
    assert shown(tmp_path / "all").Tags()["scalars"] == []
    assert shown(tmp_path / "seed_3").Tags()["scalars"] == []
