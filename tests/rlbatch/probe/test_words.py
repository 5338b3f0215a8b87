"""Findings in plain words, and as plain data."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest

from rlbatch.probe.accumulation import Cut
from rlbatch.probe.branches import Branch
from rlbatch.probe.critical import Critical
from rlbatch.probe.findings import Findings, Warm
from rlbatch.probe.memory import Memory, Reading
from rlbatch.probe.noise import Noise
from rlbatch.probe.rates import RangeTest
from rlbatch.probe.recommend import Recommendation
from rlbatch.probe.settings import ProbeSettings
from rlbatch.probe.throughput import Pace
from rlbatch.probe.words import lines

MIB = 1 << 20
WARM = Warm(
    env_steps=100,
    planned=100,
    updates=40,
    stored=90,
    lanes=2,
    idle=0,
    declared="none",
    rule="sqrt",
    rule_for="adam",
)
MEMORY = Memory(
    how="a pencil",
    limit=1000 * MIB,
    limited_by="memory of the pencil",
    resident=100 * MIB,
    readings=(Reading(32, 110 * MIB), Reading(64, 120 * MIB)),
    slope=2048.0,
    fits=300,
    capacity=90,
    checked=None,
)
FOUND = Findings(
    name="pencil",
    settings=ProbeSettings(),
    warm=WARM,
    memory=MEMORY,
    paces=[Pace(8, 200, 1.0, 100.0, 0), Pace(16, 200, 1.0, 200.0, 0)],
    knee=16,
    noise=Noise(50.0, 20.0, math.inf, 64, []),
    rate_rows=64,
    rates=[RangeTest(8, 1e-3, [0.0, 0.1, 0.2, 0.3, 0.4], [0, 0, 0, 0, 1])],
    branch_rows=128,
    branches=[Branch(8, [0, 8], np.array([[1.0, 1.0], [0.5, 0.75]]), np.zeros(2, np.bool_))],
    critical=Critical(8, 8, 8, at_end=True),
    cut=None,
    recommendation=Recommendation(8, "sqrt", 128, "why", exact=False, plain=False),
    wall_s=1.0,
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "memory: 2.0 KiB a row of B over 100 MiB; up to 300 rows fit in 1,000 MiB"),
        ({}, "not proved by a real step"),
        ({}, "replay.capacity lets a schedule use 90 rows at the most"),
        ({}, "best 200 rows/s at B = 16; the knee, where 80% of that is reached, is B = 16"),
        ({}, "noise scale: 50 rows, 95 % interval 20 to unbounded, 64 updates"),
        ({}, "the rule for adam, as the config declares no coupling"),
        ({}, "at B = 8 the best multiple is ×4, so it may lie above it"),
        ({}, "at B = 8 and ×4 1 of 2 lanes diverged"),
        ({}, "B_crit = 8 (95 % interval 8 to 8), the largest tried: it may be more"),
        ({"critical": Critical(8, None, None, at_end=False)}, "one lane, so no interval"),
        ({"critical": Critical(None, 0, 0, at_end=False)}, "no size makes progress"),
        ({}, "accumulation: not needed"),
        ({"cut": Cut(1024, 256, 4)}, "1,024 rows are 4 parts of 256 with learner.micro_batch=256"),
        ({"warm": dataclasses.replace(WARM, updates=0)}, "no update was made yet"),
        ({"warm": dataclasses.replace(WARM, planned=101)}, "was over before 101 env steps"),
        ({"warm": dataclasses.replace(WARM, idle=1)}, "1 had diverged and are left out"),
    ],
)
def test_every_finding_is_told_in_words(changes: dict[str, Any], said: str) -> None:
    assert said in "\n".join(lines(dataclasses.replace(FOUND, **changes)))


def test_a_state_that_came_as_far_as_planned_is_not_excused() -> None:
    assert "the time was over" not in "\n".join(lines(FOUND))


def test_a_declared_rule_is_not_excused() -> None:
    warm = dataclasses.replace(WARM, declared="sqrt")
    assert "declares no coupling" not in "\n".join(lines(dataclasses.replace(FOUND, warm=warm)))


def test_as_data_it_is_json_that_others_read() -> None:
    told = json.loads(json.dumps(FOUND.to_json(), allow_nan=False))
    assert told["noise"]["high"] is None
    assert told["progress"] == {"8": [0.5, 0.25]}
    assert told["memory"]["readings"][1] == {"rows": 64, "peak": 120 * MIB}
