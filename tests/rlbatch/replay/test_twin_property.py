"""The buffer and a naive twin, given the same random calls: every row of every batch is the twin's.

The twin follows docs/replay.md and the docstrings, and was written without the implementation.
"""

from __future__ import annotations

from functools import partialmethod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import settings as thoroughly
from hypothesis import strategies as st

from rlbatch.errors import EmptyBufferError
from rlbatch.replay import Laber, Prioritised, Recent, ReplayBuffer, Sequential, WithoutReplacement
from rlbatch.types import Batch

Row = dict[str, Any]  # arrays of `obs` and `next_obs` as lists; named as in a batch
Ints = npt.NDArray[np.int64]
LINE, DOUBLE = (spaces.Box(-np.inf, np.inf, (2,), dtype) for dtype in (np.float32, np.float64))
CAMERA = spaces.Tuple((spaces.Box(0, 255, (2, 3), np.uint8), DOUBLE))
SPACES = LINE, spaces.Dict({"speed": LINE, "camera": CAMERA}), spaces.Tuple((DOUBLE, LINE))
STACKS = spaces.Box(0, 255, (2, 2, 1), np.uint8), spaces.Box(0, 255, (3, 1, 2), np.uint8)
ONCE = WithoutReplacement()
WEIGHED = Prioritised(alpha=0.7), Prioritised(stratified=True, normalise="max"), Laber(ratio=2)
SAMPLERS = None, *WEIGHED, Recent(half_life=3), ONCE, Sequential()
CALLS = ["add", "add", "add", "end", "sample", "sample", "surprise", "look", "restore"]


class Lane:
    """One lane: all rows ever stored, learned from and held out; open steps of each episode."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told, self.begun = told, 0  # episodes
        self.rows: dict[bool, list[Row]] = {False: [], True: []}
        self.episodes: dict[int, tuple[list[Row], bool]] = {}  # by environment

    def held(self, out: bool = False) -> list[int]:
        """Insertion numbers of the last rows: as many as fit."""
        capacity = -(-self.told["capacity"] // (self.told["validation"] or 1 if out else 1))
        return [*range(len(self.rows[out]))][-capacity:]

    def take(self, env: int, step: Row | None, ended: bool) -> None:
        """A step, None where it is left out. A row is stored as soon as its window has closed."""
        if env not in self.episodes and step is None:
            return  # an episode begins with its first transition that counts
        if env not in self.episodes:
            self.begun += 1
            every = self.told["validation"]
            self.episodes[env] = [], every is not None and self.begun % every == 0
        steps, out = self.episodes[env]
        steps += [] if step is None else [step]
        while steps and (ended or len(steps) == self.told["n_step"]):
            gamma, last = self.told["gamma"], steps[-1]
            reward = sum(gamma**k * own["reward"] for k, own in enumerate(steps))
            discount = np.float32(gamma ** len(steps) * last["discount"])
            folded = {"reward": np.float32(reward), "discount": discount}
            self.rows[out].append(steps[0] | folded | {"next_obs": last["next_obs"]})
            del steps[0]
        if ended:
            del self.episodes[env]


def some(space: Any, lead: tuple[int, ...], generator: np.random.Generator) -> Any:
    """Random observations `[*lead, ...]`; stacks of few values, so that frames are often equal."""
    if isinstance(space, spaces.Dict):
        return {name: some(own, lead, generator) for name, own in space.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(some(own, lead, generator) for own in space)
    values = 3 if space in STACKS else 256
    return generator.integers(values, size=(*lead, *space.shape)).astype(space.dtype)


def leaves(value: Any) -> list[npt.NDArray[Any]]:
    """The arrays of a structure, dicts in the order of their names."""
    if isinstance(value, dict):
        value = [value[name] for name in sorted(value)]
    parts = isinstance(value, tuple | list)
    return [leaf for own in value for leaf in leaves(own)] if parts else [np.asarray(value)]


def same(one: Any, other: Any) -> bool:
    return [leaf.tolist() for leaf in leaves(one)] == [leaf.tolist() for leaf in leaves(other)]


@st.composite
def settings(draw: st.DrawFn) -> dict[str, Any]:
    stacked, lanes = draw(st.booleans()), draw(st.sampled_from([None, 1, 2, 3]))
    space: Any = draw(st.sampled_from(STACKS if stacked else SPACES))
    return {
        "capacity": draw(st.integers(1, 9)),
        "obs_space": space,
        "action_space": spaces.Discrete(5),
        "lanes": lanes,
        "seed": draw(st.sampled_from([3, [7, 3, 99][: lanes or 1]])),
        "gamma": draw(st.sampled_from([0.0, 0.5, 0.9, 1.0])),
        "n_step": draw(st.integers(1, 4)),
        "sampler": draw(st.sampled_from(SAMPLERS)),
        "frame_stack": space.shape[0] if stacked else None,
        "validation": draw(st.sampled_from([None, None, 2, 3])),
        "storage": draw(st.sampled_from(["memory"] if stacked else ["memory", "device"])),
    }


class Play:
    """A buffer and the twins of its lanes, and the calls that both are given."""

    def __init__(self, told: dict[str, Any], path: Path | None, seed: int) -> None:
        self.told, self.kept = told, list[tuple[Batch, Any]]()
        self.on_disk = {"path": path, "storage": "auto"} if path else {}
        self.lead = () if told["lanes"] is None else (told["lanes"],)
        self.twins = [Lane(told) for _ in range(told["lanes"] or 1)]
        self.over, self.generator = np.ones((*self.lead, 0), bool), np.random.default_rng(seed)
        self.after: Any = None  # stacks shown last
        self.buffer = self.asking(ReplayBuffer(**told | self.on_disk))

    def asking(self, buffer: ReplayBuffer) -> ReplayBuffer:
        """Who LaBER asks looks at what it is shown."""
        buffer.surrogate(lambda batch: self.agree(batch, np.ravel(batch.size)).reward - 1.0)
        return buffer

    def observed(self, lead: tuple[int, ...]) -> tuple[Any, Any]:
        """Before and after a step. Stacks mostly move on by one frame, and begin anew."""
        obs, after = (some(self.told["obs_space"], lead, self.generator) for _ in range(2))
        if self.told["frame_stack"]:
            kind = self.generator.integers(3, size=(*lead, 1, 1, 1))
            newest = np.arange(obs.shape[-3])[:, None, None] == obs.shape[-3] - 1
            obs = np.choose(kind, [obs, newest * obs, obs[..., -1:, :, :] + 0 * obs])
            jumps = self.generator.random((2, *lead, 1, 1, 1)) < 0.1
            if self.after is not None and self.after.shape == obs.shape:
                obs = np.where(jumps[0] | self.over[..., None, None, None], obs, self.after)
            moved = np.concatenate([obs[..., 1:, :, :], after[..., -1:, :, :]], -3)
            after = self.after = np.where(jumps[1], after, moved)
        return obs, after

    def add(self, ended: float = 0.15) -> None:
        """One step of all environments; how many there are changes where nothing is cut by it."""
        free = self.over.all() if self.told["n_step"] > 1 else self.generator.random() < 0.2
        if self.over.size == 0 or free:
            before, num_envs = self.over.shape, self.generator.integers(1, 13)
            self.over = np.ones((*self.lead, num_envs), bool)
            for twin in self.twins if self.over.shape != before else []:
                twin.episodes.clear()  # other environments begin other episodes
        lead, roll = self.over.shape, self.generator.random
        columns: Row = dict(zip(("obs", "next_obs"), self.observed(lead), strict=True))
        columns |= {"action": self.generator.integers(5, size=lead), "reward": roll(lead) - 0.5}
        valid: Any = roll(lead) < 0.8 + ended
        ends: Any = roll((2, *lead)) < ended
        self.buffer.add(**columns, terminated=ends[0], truncated=ends[1], valid=valid)
        self.over, columns["discount"] = ends.any(0), 1.0 - ends[0]
        for at in np.ndindex(lead):
            parts = {name: [leaf[at] for leaf in leaves(those)] for name, those in columns.items()}
            step = {name: own if "obs" in name else own[0] for name, own in parts.items()}
            twin = self.twins[at[0] if self.lead else 0]
            twin.take(at[-1], step if valid[at] else None, bool(self.over[at]))

    end = partialmethod(add, ended=1.0)  # all episodes

    def stored(self, out: bool = False) -> Ints:
        return np.array([len(twin.held(out)) for twin in self.twins])

    def sizes(self) -> tuple[Any, Ints]:
        """Rows that can be asked for, as `sample` takes them and one a lane."""
        stored, alike = self.stored(), self.generator.random() < 0.3 or not self.lead
        sizes = self.generator.integers(0, 12, 1 if alike else len(stored)) * (stored > 0)
        sizes = np.minimum(sizes, stored) if self.told["sampler"] is ONCE else sizes
        return (int(sizes[0]) if alike and (sizes == sizes[0]).all() else sizes), sizes

    def sample(self) -> None:
        """A draw and a look, at the buffer's own counter or at one that is told."""
        if not self.stored().all():
            with pytest.raises(EmptyBufferError):
                self.buffer.sample(1)
        (size, sizes), counters = self.sizes(), self.generator.integers(2**40, size=self.lead)
        if sizes.any():
            reuse, own = self.generator.random(2) < 0.5
            batch = self.buffer.sample(size, None if own else counters, reuse=bool(reuse))
            self.agree(batch, sizes)
            self.agree(self.buffer.peek(size, int(counters.min())), sizes)
            self.kept += [] if reuse else [(batch, [leaf.copy() for leaf in leaves(batch)])]

    def surprise(self) -> None:
        """TD errors of rows held and rows overwritten, some twice, and of padding."""
        rows = [self.generator.integers(-1, len(twin.rows[False]), 6) for twin in self.twins]
        row = torch.tensor(np.array(rows if self.lead else rows[0]))
        self.buffer.update_priorities(row, row * 0.7 - 3.0)

    def look(self) -> None:
        """All rows, the newest, and what is held out."""
        stored, out, few = self.stored(), self.stored(out=True), int(self.generator.integers(1, 12))
        assert len(self.buffer) == stored.max()
        assert same(self.buffer.stored(), stored)
        if stored.any():
            self.agree(self.buffer.whole(), stored, newest=True)
            self.agree(self.buffer.newest(few), np.minimum(stored, few), newest=True)
        if out.any():
            assert same(self.buffer.stored(held_out=True), out)
            self.agree(self.buffer.held_out(9, 3), 9 * (out > 0), out=True)

    def restore(self) -> None:
        """Goes on from a state, a file or the folder, as the old buffer would have."""
        copy = self.asking(ReplayBuffer(**self.told))
        copy.load_state_dict(self.buffer.state_dict())
        if self.on_disk:
            self.buffer.flush()
            del self.buffer
            self.buffer = ReplayBuffer(**self.told | self.on_disk)
        elif self.generator.random() < 0.5:
            with TemporaryDirectory() as folder:
                self.buffer.save(f"{folder}/file")
                self.buffer = ReplayBuffer.load(f"{folder}/file", storage=self.told["storage"])
        else:
            self.buffer, copy = copy, self.buffer
        (size, sizes), _ = self.sizes(), self.asking(self.buffer)
        assert not sizes.any() or same(self.buffer.sample(size), copy.sample(size))

    def agree(self, batch: Batch, sizes: Ints, out: bool = False, newest: bool = False) -> Batch:
        """Is every row the one of its number, and the rest padding?"""
        alone = ... if self.lead else None
        assert same(batch.size, np.reshape(sizes, np.shape(batch.size)))
        assert all(np.isfinite(leaf).all() for leaf in leaves(batch))
        for lane, (size, twin) in enumerate(zip(sizes, self.twins, strict=True)):
            row, weight = (np.asarray(column)[alone][lane] for column in (batch.row, batch.weight))
            own, held = row[:size].tolist(), twin.held(out)
            assert own == held[len(held) - size :] if newest else set(own) <= set(held)
            assert (row[size:] == -1).all()
            assert ((weight > 0) == (row >= 0)).all()
            for name in ("obs", "action", "reward", "next_obs", "discount") if own else ():
                slack, rows = 1e-6 * (name in ("reward", "discount")), twin.rows[out]
                wanted = zip(*(leaves(rows[number][name]) for number in own), strict=True)
                for leaf, those in zip(leaves(getattr(batch, name)), wanted, strict=True):
                    assert leaf.dtype == those[0].dtype
                    np.testing.assert_allclose(leaf[alone][lane, :size], those, slack, slack)
        return batch


@thoroughly(max_examples=200)
@given(settings(), st.booleans(), st.integers(0, 9), st.lists(st.sampled_from(CALLS), min_size=12))
def test_whatever_is_called_every_row_is_the_one_of_its_number(
    told: dict[str, Any], on_disk: bool, seed: int, calls: list[str]
) -> None:
    with TemporaryDirectory() as folder:
        play = Play(told, Path(folder) / "rows" if on_disk else None, seed)
        for call in [*calls, "look"]:
            getattr(play, call)()
        assert all(same(batch, copy) for batch, copy in play.kept)  # nobody wrote into them since
        del play.buffer
