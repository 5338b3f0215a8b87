from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from rlbatch.compare.report import write_tensorboard
from rlbatch.compare.report.board import run_names


def read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    return found.Reload()


def test_a_run_has_the_return_and_its_bounds_along_the_budget(
    two: dict[str, Any], tmp_path: Path
) -> None:
    write_tensorboard(two, tmp_path)
    curve, run = two["regimes"]["doubling"]["curves"]["CartPole-v1"], read(tmp_path / "doubling")
    for tag, key in (("return", "iqm"), ("return_low", "low"), ("return_high", "high")):
        points = run.Scalars(f"eval/{tag}")
        assert [point.step for point in points] == [round(x) for x in curve["x"]]
        np.testing.assert_allclose([point.value for point in points], curve[key], rtol=1e-6)


def test_batch_size_is_the_median_over_seeds_from_the_first_update_on(
    two: dict[str, Any], tmp_path: Path
) -> None:
    rows = {"0": [0.0, 32.0, 64.0], "1": [0.0, 32.0, 128.0], "2": [0.0, 64.0, 256.0]}
    two["regimes"]["doubling"]["batch_size"]["CartPole-v1"] = {"x": [0, 10, 19.7], "rows": rows}
    write_tensorboard(two, tmp_path)
    points = read(tmp_path / "doubling").Scalars("batch_size")
    assert [(point.step, point.value) for point in points] == [(10, 32.0), (20, 128.0)]


def test_summary_numbers_are_metrics_of_the_hparams_table(
    two: dict[str, Any], tmp_path: Path
) -> None:
    write_tensorboard(two, tmp_path)
    run = read(tmp_path / "doubling")
    assert run.Scalars("summary/LRT")[0].value == pytest.approx(two["regimes"]["doubling"]["LRT"])
    content = run.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    settings = HParamsPluginData.FromString(content).session_start_info.hparams
    assert settings["regime"].string_value == "doubling"
    assert settings["seeds"].number_value == 8
    content = run.summary_metadata["_hparams_/experiment"].plugin_data.content
    metrics = HParamsPluginData.FromString(content).experiment.metric_infos
    written = {tag for tag in run.Tags()["scalars"] if tag.startswith("summary/")}
    assert {metric.name.tag for metric in metrics} == written | {"summary/RF"}  # None: no scalar


def test_charts_match_the_tags_of_every_regime(report: dict[str, Any], tmp_path: Path) -> None:
    write_tensorboard(report, tmp_path)
    tensor = read(tmp_path / "all").Tensors("custom_scalars__config__")[0].tensor_proto
    charts = layout_pb2.Layout.FromString(tensor.string_val[0]).category[0].chart
    tags = set(read(tmp_path / "doubling").Tags()["scalars"])
    bands = [chart.margin.series[0] for chart in charts if chart.margin.series]
    assert len(charts) == 6
    assert {tag for band in bands for tag in (band.value, band.lower, band.upper)} <= tags


def test_a_failed_regime_and_one_seed_are_runs_too(
    report: dict[str, Any], make_report: Any, tmp_path: Path
) -> None:
    write_tensorboard(report, tmp_path)
    assert "eval/return" not in read(tmp_path / "failed").Tags()["scalars"]
    write_tensorboard(make_report(["a", "b"], ["e"], 1), tmp_path / "one")
    tags = read(tmp_path / "one" / "a").Tags()["scalars"]
    assert "eval/return" in tags
    assert "eval/return_low" not in tags


def test_the_same_report_gives_the_same_files(two: dict[str, Any], tmp_path: Path) -> None:
    for folder in ("a", "b", "b"):  # twice in one place: nothing is added
        write_tensorboard(two, tmp_path / folder)
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*")]
    assert len(files) == 3
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert len(list((tmp_path / "b").rglob("events*"))) == 3


def test_run_names_fit_any_file_system_and_stay_apart() -> None:
    names = ["a/b", "a_b", "A_b", "all", "..", "<s>"]
    assert list(run_names(names).values()) == ["a_b", "a_b_2", "A_b_3", "all_2", "regime", "_s_"]
