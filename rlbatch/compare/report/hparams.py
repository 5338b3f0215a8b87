"""Hyperparameters as TensorBoard's own plugin reads them, always in the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import (
    DataType,
    Experiment,
    HParamInfo,
    MetricInfo,
    MetricName,
    Status,
)
from tensorboard.plugins.hparams.plugin_data_pb2 import (
    HParamsPluginData,
    SessionEndInfo,
    SessionStartInfo,
)


def hparams(settings: Mapping[str, str | float], metrics: Sequence[str]) -> list[Summary]:
    """The summaries that make a run a row of the HParams table.

    Args:
        settings: of this run; all runs have the same keys.
        metrics: tags of scalars that are columns; the same in all runs, because the plugin reads
            the columns from one of them.
    """
    start = SessionStartInfo()
    for name, setting in settings.items():
        if isinstance(setting, str):
            start.hparams[name].string_value = setting
        else:
            start.hparams[name].number_value = setting
    experiment = Experiment(
        hparam_infos=[HParamInfo(name=name, type=_kind(of)) for name, of in settings.items()],
        metric_infos=[MetricInfo(name=MetricName(tag=tag)) for tag in metrics],
    )
    end = SessionEndInfo(status=Status.Value("STATUS_SUCCESS"))
    return [
        _summary(metadata.EXPERIMENT_TAG, HParamsPluginData(experiment=experiment)),
        _summary(metadata.SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=start)),
        _summary(metadata.SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=end)),
    ]


def _kind(setting: str | float) -> int:
    name = "DATA_TYPE_STRING" if isinstance(setting, str) else "DATA_TYPE_FLOAT64"
    return int(DataType.Value(name))


def _summary(tag: str, data: HParamsPluginData) -> Summary:
    """Maps are written sorted: a table of hparams is the same bytes in every process."""
    data.version = metadata.PLUGIN_DATA_VERSION
    content = data.SerializeToString(deterministic=True)
    plugin = SummaryMetadata.PluginData(plugin_name=metadata.PLUGIN_NAME, content=content)
    return Summary(value=[Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=plugin))])
