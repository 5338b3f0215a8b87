"""Which runs of a grid train in one process, as lanes of one program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rlbatch.compare.study.jobs import Job
from rlbatch.train.pack import unlike

ALIKE = ("env", "agent", "device", "probe")  # top-level keys of a resolved config


def packs(jobs: Sequence[Job]) -> tuple[list[list[Job]], list[str]]:
    """Runs in groups that share a learner, each in the order given.

    Returns:
        The groups, and a line for each run that cannot be in the first one of its environment.
    """
    groups: list[list[Job]] = []
    apart = []
    for job in jobs:
        here = [group for group in groups if group[0].cell.env == job.cell.env]
        reasons = [_unlike(group[0], job) for group in here]
        if None in reasons:
            here[reasons.index(None)].append(job)
            continue
        groups.append([job])
        if here:
            first = here[0][0].cell.place
            apart.append(f"{job.cell.place} trains apart from {first} because of {reasons[0]}")
    return groups, apart


def _unlike(one: Job, other: Job) -> str | None:
    return next(_reasons(one, other), None)


def _reasons(one: Job, other: Job) -> Iterator[str]:
    pair = one.built.resolved, other.built.resolved
    yield from (key for key in ALIKE if pair[0].get(key) != pair[1].get(key))
    if any(own.get("wandb") is not None for own in pair):
        yield "wandb"  # a process has one run there
    key = unlike(one.built.train, other.built.train)
    if key is not None:
        yield key
    if one.extras != other.extras:
        yield "what is read after training"
