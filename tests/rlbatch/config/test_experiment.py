"""A whole config becomes an experiment; what it cannot mean is refused at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from agents.dqn import DQN
from rlbatch.config import Experiment, build, read
from rlbatch.errors import ConfigError, RlbatchError
from rlbatch.schedule import Epsilon, Fixed, Geometric, Linear, Phased
from rlbatch.train import TrainSettings

Written = Callable[..., Path]

BASE = """\
env: {plug: "envs.probes:TwoStep"}
agent: {plug: "agents.dqn:DQN", hidden: [4]}
env_steps: 100
learn: {start: 10}
"""


@pytest.fixture
def built(written: Written) -> Callable[..., Experiment]:
    """The experiment of a small config with overrides."""

    def build_it(*overrides: str, text: str = BASE) -> Experiment:
        return build(read(written(text), overrides), "x")

    return build_it


Built = Callable[..., Experiment]


def refused(built: Built, *overrides: str, text: str = BASE) -> str:
    """What the refusal says: one line."""
    with pytest.raises(RlbatchError) as error:
        built(*overrides, text=text)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_config_becomes_objects(built: Built) -> None:
    found = built("seeds=3", "learner.lr=1e-3", "device=cpu", "env.per_lane=2")
    assert found.agent == DQN(hidden=(4,))
    assert (found.train.seeds, found.train.learner.lr, found.per_lane) == (3, 0.001, 2)
    env = found.make_env(seeds=[1, 2, 3], per_lane=found.per_lane, device=torch.device("cpu"))
    assert env.reset().shape == (3, 2)


@pytest.mark.parametrize(
    ("options", "schedule"),
    [
        ("{kind: fixed, rows: 7}", Fixed(rows=7)),
        ("{kind: fixed, rows: buffer}", Fixed(rows="buffer")),
        ("{kind: linear, start: 1, stop: 9, end: 5}", Linear(start=1, stop=9, end=5)),
        ("{kind: geometric, start: 1, stop: 9, end: 5}", Geometric(start=1, stop=9, end=5)),
        ("{kind: epsilon, explore: 1, exploit: 9}", Epsilon(explore=1, exploit=9)),
        (
            "{kind: phased, explore: 1, anneal: 2, exploit: 3}",
            Phased(explore=1, anneal=2, exploit=3),
        ),
    ],
)
def test_every_kind_of_schedule_is_built(built: Built, options: str, schedule: object) -> None:
    assert built(f"batch.schedule={options}").train.batch.schedule == schedule


def test_keys_left_out_have_the_defaults_of_the_settings(built: Built) -> None:
    assert built("learn.start=1000", "env_steps=50000").train == TrainSettings()


@pytest.mark.parametrize(
    ("line", "place", "near"),
    [
        ("sedes: 3", "x.yaml:5:1: sedes", "seeds"),
        ("devcie: cpu", "x.yaml:5:1: devcie", "device"),
        ("agnet: {}", "x.yaml:5:1: agnet", "agent"),
        ("run_dri: a", "x.yaml:5:1: run_dri", "run_dir"),
        ("replay: {gama: 0.9}", "x.yaml:5:10: replay.gama", "gamma"),
        ("learner:\n  target: {kind: hard, perod: 5}", "target.perod", "period"),
        ("batch: {ladder: {hysterisis: 0.1}}", "batch.ladder.hysterisis", "hysteresis"),
        ("batch: {schedule: {kind: fixed, row: 5}}", "batch.schedule.row", "rows"),
        ("tb: {per_seed_mx: 5}", "x.yaml:5:6: tb.per_seed_mx", "per_seed_max"),
        ("require: {worst_sed: 5}", "x.yaml:5:11: require.worst_sed", "worst_seed"),
    ],
)
def test_an_unknown_key_at_any_depth_names_its_place_and_the_nearest(
    built: Built, line: str, place: str, near: str
) -> None:
    told = refused(built, text=BASE + line)
    assert f"{place}: expected a known key" in told
    assert told.startswith("x.yaml:")
    assert f"Did you mean '{near}'?" in told


def test_an_unknown_option_of_an_agent_names_the_nearest(built: Built) -> None:
    text = BASE.replace("hidden", "hiden")
    told = refused(built, text=text)
    assert told.startswith("x.yaml:2:33: agent.hiden: expected a known key")
    assert "Did you mean 'hidden'?" in told


def test_an_unknown_option_of_an_env_is_refused(built: Built) -> None:
    assert "env.size: expected a known key" in refused(built, "env.size=3")


def test_seeds_of_an_env_are_not_for_a_config_to_set(built: Built) -> None:
    assert "env.seeds: expected a known key" in refused(built, "env.seeds=[1]")


@pytest.mark.parametrize("key", ["agent", "env"])
def test_a_config_without_agent_or_env_says_how_to_name_one(built: Built, key: str) -> None:
    text = "".join(line for line in BASE.splitlines(True) if not line.startswith(key))
    told = refused(built, text=text)
    assert f"expected '{key}', got none" in told
    assert f"{key}: {{plug:" in told


@pytest.mark.parametrize("value", ["DQN", "[1]", "null", "{}", "{hidden: [1]}"])
def test_an_agent_without_plug_is_refused(built: Built, value: str) -> None:
    text = BASE.replace('{plug: "agents.dqn:DQN", hidden: [4]}', value)
    assert "agent: expected plug:" in refused(built, text=text)


def test_a_name_that_is_no_agent_is_refused(built: Built) -> None:
    told = refused(built, "agent={plug: 'agents.dqn:RowLoss', loss: 1, td_error: 2}")
    assert "expected an Agent" in told


def test_an_unknown_name_in_a_module_names_the_nearest(built: Built) -> None:
    told = refused(built, text=BASE.replace("dqn:DQN", "dqn:DQM"))
    assert told.startswith("x.yaml:2:15: agent.plug: expected a name in agents.dqn, got 'DQM'")
    assert "Did you mean 'DQN'?" in told


def test_an_unknown_module_names_the_nearest(built: Built) -> None:
    told = refused(built, text=BASE.replace("probes", "probe"))
    assert told.startswith("x.yaml:1:13: env.plug: ")
    assert "Did you mean 'envs.probes'?" in told


def test_an_unknown_env_id_names_its_place_and_the_nearest(built: Built) -> None:
    text = BASE.replace("envs.probes:TwoStep", "envs.gymnasium:make")
    experiment = built("env.id=CartPol-v1", text=text)
    with pytest.raises(ConfigError, match=r"env\.id=CartPol-v1: env\.id.*Did you mean 'CartPole"):
        experiment.make_env(seeds=[1], per_lane=1, device=torch.device("cpu"))


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("seeds='2'", "seeds: expected a valid integer, got '2'"),
        ("seeds=true", "seeds: expected a valid integer, got True"),
        ("env_steps=1e5", "env_steps: expected a valid integer"),
        ("learner.lr=[1]", "learner.lr: expected a valid number"),
        ("iso=rows", "iso: expected 'updates' or 'samples'"),
        ("batch.coupling=cubic", "batch.coupling: expected 'none', 'linear', 'sqrt', 'inverse'"),
        ("batch={schedule: {kind: fixed, rows: all}}", "batch.schedule.rows: expected "),
        ("env.per_lane=0", "env.per_lane: expected at least 1, got 0"),
        ("env.per_lane=1.5", "env.per_lane: expected a valid integer"),
        ("learner=5", "learner: expected a table, got 5"),
        ("seed=-1", "seed: expected an integer ≥ 0"),
        ("learn.every=0", "learn.every: expected at least 1"),
        ("exploration.fraction=0", "exploration.fraction: expected a share in"),
        ("exploration.end=.nan", "exploration.end: expected a rate in"),
        ("evaluate.every=0", "evaluate.every: expected a share"),
        ("learn.start=100", "learn.start: expected less than env_steps (100)"),
        ("threads=0", "threads: expected at least 1 thread"),
        ("agent.hidden=[4, 0]", "agent.hidden: expected widths ≥ 1"),
        ("replay.capacity=64", "batch.schedule: expected at most replay.capacity (64 rows)"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_place(
    built: Built, override: str, told: str
) -> None:
    assert told in refused(built, override)


def test_rows_above_the_capacity_are_refused_as_the_ladder_rounds_them(built: Built) -> None:
    told = refused(
        built, "batch.schedule={kind: epsilon, explore: 8, exploit: 100}", "replay.capacity=120"
    )
    assert "batch.schedule: expected at most replay.capacity (120 rows), got 128 rows" in told


def test_an_epsilon_schedule_needs_an_epsilon_that_moves(built: Built) -> None:
    told = refused(
        built,
        "batch.schedule={kind: epsilon, explore: 8, exploit: 16}",
        "exploration={start: 0.1, end: 0.1}",
    )
    assert "exploration.end: expected other than exploration.start" in told


def test_a_constant_epsilon_is_fine_where_nothing_follows_it(built: Built) -> None:
    assert built("exploration={start: 0.1, end: 0.1}").train.exploration.rate(50, 100) == 0.1


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cpu:0", "", "CPU", "cuda:-1"])
def test_an_unknown_device_is_refused(built: Built, name: str) -> None:
    assert "device: expected auto, cpu, cuda or cuda:<n>" in refused(built, f"device='{name}'")


@pytest.mark.parametrize("name", ["cuda", "cuda:3"])
def test_a_gpu_that_is_not_there_says_what_was_found(
    built: Built, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert f"expected one of the 0 CUDA devices found, got {name}" in refused(
        built, f"device={name}"
    )


def test_auto_is_the_gpu_where_there_is_one(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert built("device=auto").device == torch.device("cuda")
    assert built("device=cuda:1").device == torch.device("cuda:1")
    assert "expected one of the 2 CUDA devices found" in refused(built, "device=cuda:2")


def test_a_refusal_of_an_env_is_told_at_its_line(built: Built, written: Written) -> None:
    written(
        "from rlbatch.errors import require\n"
        "def make(*, size: int, seeds, per_lane, device):\n"
        "    require(size > 1, 'env.size', 'at least 2', size)\n",
        "narrow_env.py",
    )
    text = "env:\n  plug: narrow_env:make\n  size: 1\n" + BASE.partition("\n")[2]
    experiment = built(text=text)
    with pytest.raises(ConfigError, match=r"^x\.yaml:3:9: env\.size: expected at least 2, got 1"):
        experiment.make_env(seeds=[1], per_lane=1, device=torch.device("cpu"))


def test_a_refusal_of_ones_own_agent_is_told_at_its_line(built: Built, written: Written) -> None:
    written(
        "from dataclasses import dataclass\n"
        "from agents.dqn import DQN\n"
        "from rlbatch.errors import require\n"
        "@dataclass(frozen=True, kw_only=True)\n"
        "class Sharp(DQN):\n"
        "    edge: float = 1.0\n"
        "    def __post_init__(self) -> None:\n"
        "        require(self.edge > 0, 'sharp.edge', 'a number > 0', self.edge)\n",
        "sharp_agent.py",
    )
    text = BASE.replace("agents.dqn:DQN", "sharp_agent:Sharp")
    assert built(text=text).agent.edge == 1.0  # type: ignore[attr-defined]
    told = refused(built, text=text.replace("hidden: [4]", "edge: -1"))
    assert told.startswith("x.yaml:2:42: agent.edge: expected a number > 0, got -1")


OWN_DATACLASS = """\
from dataclasses import dataclass
@dataclass(frozen=True, kw_only=True)
class Steps:
    rows: int = 3
    def __call__(self, signal):
        return float(self.rows)
"""
OWN_CLASS = """\
class Steps:
    def __init__(self, rows: int = 3) -> None:
        self.rows = rows
    def __call__(self, signal):
        return float(self.rows)
    def __eq__(self, other):
        return self.rows == other.rows
"""


@pytest.mark.parametrize("source", [OWN_DATACLASS, OWN_CLASS], ids=["dataclass", "class"])
def test_ones_own_schedule_is_built_and_its_resolved_config_reloads(
    built: Built, written: Written, source: str
) -> None:
    written(source, "steps_schedule.py")
    found = built("batch.schedule={plug: 'steps_schedule:Steps', rows: 5}")
    assert found.train.batch.schedule.rows == 5  # type: ignore[union-attr]
    again = build(read(written(found.text(), "resolved.yaml")), "x")
    assert again.resolved == found.resolved
    assert again.train.batch == found.train.batch


def test_an_option_of_ones_own_schedule_is_checked(built: Built, written: Written) -> None:
    written(OWN_DATACLASS, "steps_schedule.py")
    told = refused(built, "batch.schedule={plug: 'steps_schedule:Steps', row: 5}")
    assert "batch.schedule.row: expected a known key, got 'row'. Did you mean 'rows'?" in told
    told = refused(built, "batch.schedule={plug: 'steps_schedule:Steps', rows: true}")
    assert "batch.schedule.rows: expected a valid integer" in told


def test_a_schedule_that_is_not_there_names_the_nearest(built: Built, written: Written) -> None:
    written(OWN_DATACLASS, "steps_schedule.py")
    told = refused(built, "batch.schedule={plug: 'steps_schedule:Step'}")
    assert "batch.schedule.plug: expected a name in steps_schedule" in told
    assert "Did you mean 'Steps'?" in told


def test_a_plugged_schedule_replaces_the_kind_of_the_file(built: Built, written: Written) -> None:
    written(OWN_DATACLASS, "steps_schedule.py")
    text = BASE + "batch: {schedule: {kind: fixed, rows: 9}}\n"
    found = built("batch.schedule.plug='steps_schedule:Steps'", text=text)
    assert found.train.batch.schedule.rows == 3  # type: ignore[union-attr]


def test_ones_own_agent_that_is_no_dataclass_reloads(built: Built, written: Written) -> None:
    written(
        "from agents.dqn import DQN\n"
        "class Own:\n"
        "    def __init__(self, *, width: int = 2) -> None:\n"
        "        inner = DQN(hidden=(width,))\n"
        "        self.width = width\n"
        "        self.network, self.loss = inner.network, inner.loss\n"
        "        self.values = inner.values\n",
        "own_agent.py",
    )
    found = built("agent={plug: 'own_agent:Own', width: 3}")
    again = build(read(written(found.text(), "resolved.yaml")), "x")
    assert again.resolved == found.resolved
    assert again.agent.width == 3  # type: ignore[attr-defined]


def test_ones_own_env_gets_its_options(built: Built, written: Written) -> None:
    written(
        "from envs.probes import TwoStep\n"
        "class Own(TwoStep):\n"
        "    def __init__(self, size: int, *, seeds, per_lane, device):\n"
        "        super().__init__(seeds=seeds, per_lane=per_lane, device=device)\n"
        "        self.size = size\n",
        "own_env.py",
    )
    found = built("env={plug: 'own_env:Own', size: 7}")
    env: Any = found.make_env(seeds=[1], per_lane=1, device=torch.device("cpu"))
    assert env.size == 7
    assert found.resolved["env"] == {"plug": "own_env:Own", "per_lane": 1, "size": 7}


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["run_dir='1e3'", "wandb={project: '1e-3'}"],
        ["run_dir='12:30'", "wandb={project: 'on'}"],
        ["learner.clip_norm=.inf"],
        ["learner={optimizer: {kind: sgd, momentum: 0.5}, target: {kind: polyak, tau: 1}}"],
        ["batch={schedule: {kind: fixed, rows: buffer}}"],
        ["batch={schedule: {kind: fixed, rows: 64}, ladder: {kind: powers}}"],
        ["batch={schedule: {kind: linear, start: 5, stop: 9, end: 50}, ladder: {kind: exact}}"],
        ["require={worst_seed: -3, return_iqm: 1e-3}", "iso=samples"],
    ],
)
def test_the_resolved_config_reloads_to_the_same(
    built: Built, written: Written, overrides: list[str]
) -> None:
    found = built("device=cpu", *overrides)
    again = build(read(written(found.text(), "resolved.yaml")), "x")
    assert (again.resolved, again.train, again.run) == (found.resolved, found.train, found.run)


def test_the_resolved_config_is_plain_yaml_with_every_key(built: Built) -> None:
    told = yaml.safe_load(built().text())
    for key in ("env", "agent", "seed", "seeds", "env_steps", "exploration", "learn", "replay"):
        assert key in told
    assert told["batch"]["ladder"]["kind"] == "exact"
    assert told["device"] in ("cpu", "cuda")
    assert told["threads"] >= 1
