from __future__ import annotations

from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from rlbatch.compare.report.hparams import hparams


def test_order_of_settings_does_not_change_the_run_s_bytes() -> None:
    names = [f"setting-{i}" for i in range(20)]
    one = hparams(dict.fromkeys(names, 1.0), [])[1]
    other = hparams(dict.fromkeys(reversed(names), 1.0), [])[1]
    assert one.SerializeToString() == other.SerializeToString()


def test_words_stay_words_and_numbers_numbers() -> None:
    experiment, start, _ = hparams({"regime": "a", "seeds": 3.0}, ["summary/auc"])
    content = [each.value[0].metadata.plugin_data.content for each in (experiment, start)]
    columns = HParamsPluginData.FromString(content[0]).experiment
    cells = HParamsPluginData.FromString(content[1]).session_start_info.hparams
    assert [info.type for info in columns.hparam_infos] == [1, 3]  # string, float64
    assert (cells["regime"].string_value, cells["seeds"].number_value) == ("a", 3.0)
    assert [info.name.tag for info in columns.metric_infos] == ["summary/auc"]
