"""What a probe found, one plain line a finding."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rlbatch.probe.findings import Findings
from rlbatch.probe.rates import MULTIPLES

MIB = 1 << 20


def lines(told: Findings) -> list[str]:
    """In the order in which they were measured."""
    parts = (_warm, _memory, _throughput, _noise, _rates, _critical, _accumulation)
    return [line for part in parts for line in part(told)]


def _warm(told: Findings) -> Iterator[str]:
    warm = told.warm
    idle = f"; {warm.idle} had diverged and are left out" if warm.idle else ""
    yield (
        f"state: {warm.env_steps:,} env steps and {warm.updates:,} updates a lane, "
        f"{warm.lanes} lanes{idle}; {warm.stored:,} rows stored"
    )
    if warm.env_steps < warm.planned:
        yield (
            f"state: the time was over before {warm.planned:,} env steps, so another run may find "
            "another state, and other sizes; raise --seconds or say --env-steps"
        )
    if warm.updates == 0:
        yield "state: no update was made yet, so all figures are those of initial weights"


def _memory(told: Findings) -> Iterator[str]:
    own = told.memory
    slope = f"{own.slope / 1024:.1f} KiB a row of B" if own.slope else "too little a row to be seen"
    proof = "not proved by a real step: no time was left"
    if own.checked is not None:
        proof = f"a real step at {own.checked.rows:,} rows held {own.checked.peak / MIB:,.0f} MiB"
    yield (
        f"memory: {slope} over {own.resident / MIB:,.0f} MiB; up to {own.fits:,} rows fit in "
        f"{own.limit / MIB:,.0f} MiB ({own.limited_by}), {proof}"
    )
    yield f"memory: replay.capacity lets a schedule use {own.capacity:,} rows at the most"
    yield f"memory: read from {own.how}"


def _throughput(told: Findings) -> Iterator[str]:
    best = max(told.paces, key=lambda pace: pace.rows_per_s)
    yield (
        f"throughput: best {best.rows_per_s:,.0f} rows/s at B = {best.rows:,}; the knee, where "
        f"{told.settings.knee:.0%} of that is reached, is B = {told.knee:,}"
    )
    at = {pace.rows: pace.ms for pace in told.paces}
    if {127, 128, 129} <= at.keys():
        odd = ", ".join(f"{at[size]:.2f} ms at {size}" for size in (96, 127, 128, 129))
        yield f"throughput: an update takes {odd}"


def _noise(told: Findings) -> Iterator[str]:
    own = told.noise
    if math.isnan(own.scale):
        yield "noise scale: the meter had too little to go by"
        return
    scale, low, high = (
        f"{rows:,.0f}" if math.isfinite(rows) else "unbounded"
        for rows in (own.scale, own.low, own.high)
    )
    yield f"noise scale: {scale} rows, 95 % interval {low} to {high}, {own.updates} updates"


def _rates(told: Findings) -> Iterator[str]:
    warm = told.warm
    rule = f"lr follows B by {warm.rule}"
    if warm.declared == "none":
        rule += f", the rule for {warm.rule_for}, as the config declares no coupling"
    yield f"lr: {rule}; each multiple was given {told.rate_rows:,} rows a lane"
    for low, side in ((MULTIPLES[0], "below"), (MULTIPLES[-1], "above")):
        sizes = [test.size for test in told.rates if test.best == low]
        if sizes:
            names = ", ".join(map(str, sorted(sizes)))
            yield f"lr: at B = {names} the best multiple is ×{low:g}, so it may lie {side} it"
    for test in told.rates:
        for multiple, lanes in zip(MULTIPLES, test.diverged, strict=True):
            if lanes:
                which = f"{lanes} of {warm.lanes} lanes"
                yield f"lr: at B = {test.size} and ×{multiple:g} {which} diverged"


def _critical(told: Findings) -> Iterator[str]:
    own = told.critical
    for one in told.branches:
        if one.diverged.any():
            lanes = f"{int(one.diverged.sum())} of {told.warm.lanes} lanes"
            yield f"critical batch: at B = {one.size} {lanes} diverged"
    if own.size is None:
        yield "critical batch: no size makes progress on the TD loss, so there is none"
        return
    bounds = f"95 % interval {own.low:,} to {own.high:,}" if own.low is not None else ""
    bounds = bounds or "one lane, so no interval"
    end = ", the largest tried: it may be more" if own.at_end else ""
    yield (
        f"critical batch: B_crit = {own.size:,} ({bounds}){end}: up to there "
        f"{told.branch_rows:,} rows bring {1.0 - told.settings.tolerance:.0%} of the best progress"
    )


def _accumulation(told: Findings) -> Iterator[str]:
    if told.cut is None:
        yield "accumulation: not needed, as what is wanted fits"
        return
    own = told.cut
    yield (
        f"accumulation: {own.wanted:,} rows are {own.chunks} parts of {own.micro_batch:,} with "
        f"learner.micro_batch={own.micro_batch}; the block stays at what fits in one"
    )
