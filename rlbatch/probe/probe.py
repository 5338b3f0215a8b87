"""The steps one after the other, all on one frozen training state."""

from __future__ import annotations

import time
from collections.abc import Callable

from rlbatch.probe.accumulation import cut, floor_power
from rlbatch.probe.board import Board
from rlbatch.probe.branches import POINTS, Branch, branch, branch_plan
from rlbatch.probe.built import Built
from rlbatch.probe.critical import Critical, critical
from rlbatch.probe.findings import Findings, Warm
from rlbatch.probe.memory import Memory, measured
from rlbatch.probe.noise import noise
from rlbatch.probe.peaks import Peaks, peaks_on
from rlbatch.probe.rates import MULTIPLES, RangeTest, range_tests
from rlbatch.probe.recommend import Recommendation, recommended_rows
from rlbatch.probe.settings import ProbeSettings
from rlbatch.probe.state import Frozen
from rlbatch.probe.throughput import Pace, knee, paces, sizes
from rlbatch.probe.warm import first_part

Say = Callable[[str], None]


def probe(
    built: Built, frozen: Frozen, settings: ProbeSettings, board: Board, say: Say, began: float
) -> Findings:
    """Measures everything.

    Args:
        built: the experiment.
        frozen: its state after the first part of the run.
        settings: what is tried, and how long.
        board: curves, written as they come.
        say: told what goes on.
        began: `time.perf_counter()` when the probe began.
    """
    peaks = peaks_on(frozen.device)
    say("memory: peaks of real steps at growing sizes")
    memory = measured(frozen, peaks, settings)
    found = _throughput(frozen, memory, peaks, settings, board, say)
    say(f"noise scale: updates at B = {frozen.reference} with lr = 0")
    noisy = noise(frozen, built.agent, settings.share("noise"))
    rate_rows, rates = _rates(frozen, found, settings, board, say)
    rows, branches = _branches(frozen, found, settings, board, say)
    critical_batch = critical(branches, settings.tolerance)
    bend = knee(found, settings.knee)
    return Findings(
        name=built.name,
        settings=settings,
        warm=_warm(frozen, settings),
        memory=memory,
        paces=found,
        knee=bend,
        noise=noisy,
        rate_rows=rate_rows,
        rates=sorted(rates),
        branch_rows=rows,
        branches=sorted(branches, key=lambda one: one.size),
        critical=critical_batch,
        cut=cut(_wanted(frozen, critical_batch), memory.fits),
        recommendation=_recommended(frozen, memory, bend, critical_batch),
        wall_s=time.perf_counter() - began,
    )


def _throughput(
    frozen: Frozen, memory: Memory, peaks: Peaks, settings: ProbeSettings, board: Board, say: Say
) -> list[Pace]:
    wanted = sizes(min(memory.fits, memory.capacity, settings.largest))
    say(f"throughput: {len(wanted)} sizes from {wanted[0]} to {wanted[-1]} rows")
    found = paces(frozen, wanted, peaks, settings, lambda told: say(f"throughput: {told}"))
    board.throughput(found)
    return found


def _rates(
    frozen: Frozen, found: list[Pace], settings: ProbeSettings, board: Board, say: Say
) -> tuple[int, list[RangeTest]]:
    seconds, lanes = settings.share("rates"), frozen.learner.lanes
    beside = _reading_s(frozen)
    rows, tried = branch_plan(found, lanes, settings.rows, seconds, len(MULTIPLES), beside)
    say(f"lr: {len(MULTIPLES)} multiples at {len(tried)} sizes, {rows:,} rows a lane each")
    tests = []
    for test in range_tests(frozen, tried, rows, time.perf_counter() + seconds):
        board.rates(test)
        say(f"lr: B = {test.size}, best ×{test.best:g} of {test.lr:.2g}")
        tests.append(test)
    return rows, tests


def _branches(
    frozen: Frozen, found: list[Pace], settings: ProbeSettings, board: Board, say: Say
) -> tuple[int, list[Branch]]:
    seconds, lanes = settings.share("branches"), frozen.learner.lanes
    beside = POINTS * _reading_s(frozen)
    rows, tried = branch_plan(found, lanes, settings.rows, seconds, 1, beside)
    say(f"critical batch: {len(tried)} branches of {rows:,} rows a lane")
    deadline, branches = time.perf_counter() + seconds, list[Branch]()
    for size in tried:
        if branches and time.perf_counter() > deadline:
            break
        branches.append(branch(frozen, size, rows))
        board.branch(branches[-1])
        say(f"critical batch: B = {size}, {branches[-1].progress.mean():.1%} of the TD loss gone")
    return rows, branches


def _reading_s(frozen: Frozen) -> float:
    """Seconds that one reading of the TD loss takes."""
    began = time.perf_counter()
    frozen.td_loss()
    return time.perf_counter() - began


def _warm(frozen: Frozen, settings: ProbeSettings) -> Warm:
    return Warm(
        env_steps=frozen.env_step,
        planned=settings.env_steps or first_part(frozen.train),
        updates=int(frozen.learner.updates.max()),
        stored=int(frozen.buffer.stored().min()),
        lanes=frozen.learner.lanes,
        idle=int((~frozen.active).sum()),
        declared=frozen.train.batch.coupling,
        rule=frozen.rule,
        rule_for=frozen.learner.own.optimizer.kind,
    )


def _wanted(frozen: Frozen, critical_batch: Critical) -> int:
    """Rows that the config or the critical batch asks for, whichever is more."""
    plan = frozen.train.batch
    declared = frozen.capacity if plan.whole else plan.largest()
    return max(declared, critical_batch.size or 0)


def _recommended(
    frozen: Frozen, memory: Memory, bend: int, critical_batch: Critical
) -> Recommendation:
    rows, why = recommended_rows(
        critical_batch.size, memory.fits, memory.capacity, bend, frozen.reference
    )
    return Recommendation(
        rows=rows,
        coupling=frozen.rule,
        reference=frozen.reference,
        why=why,
        exact=rows != floor_power(rows),
        plain=frozen.train.batch.lr_follows is not None,
    )
