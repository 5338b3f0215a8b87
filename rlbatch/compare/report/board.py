"""The comparison in TensorBoard: one run per regime, and one that lays them over one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from rlbatch.compare.measures import MEASURES
from rlbatch.compare.report.figures.batches import median_over_seeds, used
from rlbatch.compare.report.hparams import hparams
from rlbatch.compare.report.layout import overlays
from rlbatch.compare.report.reading import Report, value

ALL = "all"
FILE = "events.out.tfevents.0.compare"  # no time, no host: written again, it is the same file
SUMMARY = (*(name for name in MEASURES if name != "time_to_threshold"), "divergences")
Point = tuple[str, int, float]  # tag, step on the budget axis, value


def write_tensorboard(report: Report, folder: Path) -> None:
    """Writes `<folder>/<regime>/` and `<folder>/all/`; older files of the same names go.

    The steps are the budget's axis, rounded to integers. With one environment the tags are
    `eval/return`, `eval/return_low`, `eval/return_high`, `batch_size`; with several, each ends in
    `/<environment>`. The run "all" holds the verdict and the custom scalars, which lay the other
    runs over one another: TensorBoard has one colour a run, so regimes must be runs.
    """
    for name, run in run_names(list(report["regimes"])).items():
        points = [point for env in report["envs"] for point in curves(report, name, env)]
        write_events(folder / run, _about(report, name), points)
    said = report["verdict"]
    words = "\n\n".join((f"**{said['headline']}**", *said["lines"], *said["notes"]))
    write_events(folder / ALL, [overlays(report), text_pb("verdict", words)], [])


def curves(report: Report, name: str, env: str) -> Iterator[Point]:
    """Return with its bounds, and the median batch size, of one regime."""
    regime, end = report["regimes"][name], f"/{env}" if len(report["envs"]) > 1 else ""
    curve, sizes = regime["curves"].get(env), regime["batch_size"].get(env)
    if curve:
        for key, tag in (("iqm", "return"), ("low", "return_low"), ("high", "return_high")):
            yield from _points(f"eval/{tag}{end}", curve["x"], curve.get(key) or ())
    if sizes and sizes["rows"]:
        yield from _points(f"batch_size{end}", sizes["x"], median_over_seeds(used(sizes["rows"])))


def run_names(names: Sequence[str]) -> dict[str, str]:
    """Regime → folder: letters that every file system takes, no two alike, none of them "all"."""
    found: dict[str, str] = {}
    taken = {ALL}
    for name in names:
        plain = "".join(c if c.isalnum() or c in "-_.+" else "_" for c in name).strip(".")
        run, count = plain or "regime", 1
        while run.casefold() in taken:
            count += 1
            run = f"{plain or 'regime'}_{count}"
        taken.add(run.casefold())
        found[name] = run
    return found


def write_events(folder: Path, summaries: Sequence[Summary], points: Sequence[Point]) -> None:
    """One file of events, summaries at step 0 first; the clock stands still at 0."""
    folder.mkdir(parents=True, exist_ok=True)
    events = [Event(wall_time=0.0, file_version="brain.Event:2")]
    events += [Event(wall_time=0.0, step=0, summary=summary) for summary in summaries]
    events += [
        Event(wall_time=0.0, step=step, summary=_scalar(tag, number))
        for tag, step, number in points
    ]
    with (folder / FILE).open("wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString(deterministic=True))


def _points(
    tag: str, steps: Sequence[float], values: Sequence[float | None] | np.ndarray
) -> Iterator[Point]:
    for step, number in zip(steps, np.asarray(values, dtype=np.float64), strict=False):
        if number == number:  # NaN: no number, no point
            yield tag, round(step), float(number)


def _scalar(tag: str, number: float) -> Summary:
    return Summary(value=[Summary.Value(tag=tag, simple_value=number)])


def _about(report: Report, name: str) -> list[Summary]:
    """A regime's settings, its numbers and its config."""
    regime = report["regimes"][name]
    found = {f"summary/{measure}": value(regime, measure) for measure in SUMMARY}
    rows = hparams(_settings(report, name), list(found))
    cells = [_scalar(tag, number) for tag, number in found.items() if number is not None]
    return [*rows, *cells, text_pb("config", f"```yaml\n{regime['config']}\n```")]


def _settings(report: Report, name: str) -> dict[str, str | float]:
    """What a table of hyperparameters tells the regimes apart by."""
    regime = report["regimes"][name]
    role = "baseline" if name == report["plan"]["baseline"] else "regime"
    settings = {"regime": name, "role": role, "status": regime["status"]}
    return {**settings, "seeds": float(regime["n"]), "iso": report["budget"]["iso"]}
