"""What every sampler draws, through the buffer: numbers, weights and frequencies by its formulas.

The twin, written from the docstrings alone, knows numbers and TD errors; rows: test_twin_property.
"""

from __future__ import annotations

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
from scipy import stats

from rlbatch.errors import EmptyBufferError
from rlbatch.replay import Laber, Prioritised, Recent, ReplayBuffer, Sequential, WithoutReplacement
from rlbatch.seeding import Purpose, uniform
from rlbatch.types import Batch

Ints = npt.NDArray[np.int64]
SEED, LINE, TWO = 11, spaces.Box(-np.inf, np.inf, (1,), np.float32), spaces.Discrete(2)
ONCE = WithoutReplacement()
SHARES = (
    Prioritised(alpha=0.5, eps=0.01),
    Prioritised(alpha=1.0, beta=0.2, beta_end=0.9, beta_updates=5, eps=0.1),
    Prioritised(alpha=0.7, beta=1.0, normalise="max", stratified=True),
)
SAMPLERS = (*SHARES, *SHARES, None, Sequential(), Recent(half_life=3), ONCE, Laber(ratio=3))
OFTEN = *SHARES, None, Sequential(), Recent(half_life=3, newest=False)
CALLS = ["add", "add", "sample", "sample", "surprise", "surprise", "restore"]
TOLD: Any = st.builds(
    dict,
    capacity=st.integers(1, 20),
    lanes=st.integers(1, 3),
    n_step=st.integers(1, 3),
    sampler=st.sampled_from(SAMPLERS),
    validation=st.none() | st.just(2),
    storage=st.sampled_from(["memory", "device"]),
)


class Lane:
    """One lane: the priority p of each row held, and what an epoch has still to give."""

    def __init__(self, seed: int, sampler: Any) -> None:
        self.seed, self.sampler, self.head, self.updates, self.highest = seed, sampler, 0, 0, 1.0
        self.p, self.left = dict[int, float](), set[int]()

    def add(self, head: int, fill: int) -> None:
        """Rows up to `head` were stored, of which so many are held."""
        self.p |= dict.fromkeys(range(self.head, head), self.highest)
        self.p, self.head = {number: self.p[number] for number in range(head - fill, head)}, head

    def update(self, numbers: Ints, td_error: Any) -> None:
        self.updates += bool((numbers >= 0).any())
        for number, error in zip(numbers.tolist(), td_error.tolist(), strict=True):
            if number in self.p and isinstance(self.sampler, Prioritised):
                self.p[number] = abs(error) + self.sampler.eps
                self.highest = max(self.highest, self.p[number])

    def shares(self) -> dict[int, float]:
        """P of each row held."""
        if isinstance(self.sampler, Prioritised):
            powers = {number: p**self.sampler.alpha for number, p in self.p.items()}
        else:
            half_life = self.sampler.half_life if isinstance(self.sampler, Recent) else np.inf
            powers = {number: 2.0 ** ((number - self.head) / half_life) for number in self.p}
        return {number: power / sum(powers.values()) for number, power in powers.items()}

    def weights(self, numbers: Ints) -> Any:
        told, share = self.sampler, self.shares()
        done = min(1.0, self.updates / (told.beta_updates or np.inf))
        beta = told.beta + (told.beta_end - told.beta) * done
        weight = (len(share) * np.array([share[number] for number in numbers.tolist()])) ** -beta
        return weight / (weight.mean() if told.normalise == "mean" else weight.max())

    def numbers(self, sampler: Any, counter: int, size: int) -> Any:
        """By the formulas of the samplers that remember nothing."""
        u, fill = uniform(self.seed, Purpose.DRAW, counter, size), len(self.p)
        if isinstance(sampler, Sequential):
            return self.head - fill + (int(u[0] * fill) + np.arange(size)) % fill
        if isinstance(sampler, Recent):
            within = 1.0 - 2.0 ** (-fill / sampler.half_life)
            ages = np.floor(-sampler.half_life * np.log2(1.0 - u * within)).astype(np.int64)
            return self.head - 1 - ages * (np.arange(size) > 0)
        return self.head - fill + (u * fill).astype(np.int64)

    def take(self, numbers: list[int]) -> None:
        """Each row held when an epoch begins comes once; no batch holds a row twice."""
        assert len(set(numbers)) == len(numbers)
        for number in numbers:
            self.left = self.left & self.p.keys() or set(self.p)
            self.left.remove(number)


class Play:
    """A buffer and the twins of its lanes, and the calls that both are given."""

    def __init__(self, told: dict[str, Any], path: str | None = None, seed: int = 0) -> None:
        self.told: Any = {"obs_space": LINE, "action_space": TWO, "seed": SEED, "lanes": 2} | told
        self.told |= {"path": path, "storage": "auto"} if path else {}
        self.generator, self.counter, self.sampler = np.random.default_rng(seed), 0, told["sampler"]
        self.twins = [Lane(SEED + lane, self.sampler) for lane in range(self.told["lanes"])]
        self.lead = self.told["lanes"], int(self.generator.integers(1, 7))
        self.buffer = ReplayBuffer(**self.told)
        self.buffer.surrogate(self.td_error)

    def td_error(self, batch: Batch) -> torch.Tensor:
        """What LaBER asks for; what it was told, and of which rows, is remembered."""
        self.shown = batch.row.numpy(), 2.0 * np.sin(batch.row.numpy()) + 1.0
        return torch.tensor(self.shown[1])

    def add(self) -> None:
        """Numbers are what counts here: nothing is in the rows."""
        valid, ended = self.generator.random((2, *self.lead)) < 0.7
        obs, none = np.zeros((*self.lead, 1), np.float32), np.zeros(self.lead, int)
        self.buffer.add(obs, none, none, obs, ended & valid, ended & valid, valid)
        stored = self.buffer.stored()
        heads = 1 + self.buffer.newest(1).row[:, 0].numpy() if stored.any() else stored
        for twin, head, fill in zip(self.twins, heads.tolist(), stored.tolist(), strict=True):
            twin.add(head, fill)

    def sample(self) -> None:
        """A draw that is refused, and one that is not, at the buffer's own counter or another."""
        stored = self.buffer.stored()
        sizes = self.generator.integers(0, 14, len(stored)) * (stored > 0)
        if self.sampler is ONCE or not stored.all():
            sizes = np.minimum(sizes, stored)
            with pytest.raises(EmptyBufferError):
                self.buffer.sample(int(stored.max()) + 1)
        if sizes.any():
            own, counter = self.generator.random() < 0.5, int(self.generator.integers(2**40))
            batch = self.buffer.sample(sizes, None if own else counter)
            self.agree(batch, sizes, self.counter if own else counter)
            self.counter += bool(own)

    def agree(self, batch: Batch, sizes: Ints, counter: int) -> None:
        looked = self.buffer.peek(sizes, counter).row.numpy()
        for lane in np.flatnonzero(sizes).tolist():
            size, twin = int(sizes[lane]), self.twins[lane]
            number, weight = batch.row[lane, :size].numpy(), np.ones(size)
            assert np.array_equal(looked[lane, :size], twin.numbers(None, counter, size))
            if isinstance(self.sampler, Prioritised):
                self.nested(number, lane, counter)
                weight = twin.weights(number)
            elif isinstance(self.sampler, Laber):
                weight = self.chosen(number, lane, counter)
            elif self.sampler is ONCE:
                twin.take(number.tolist())
            else:
                assert np.array_equal(number, twin.numbers(self.sampler, counter, size))
            np.testing.assert_allclose(batch.weight[lane, :size], weight, 1e-5)

    def nested(self, number: Ints, lane: int, counter: int) -> None:
        """Rows are held. They begin a larger batch; or each comes within one of its share."""
        share = self.twins[lane].shares()
        assert set(number.tolist()) <= share.keys()
        if self.sampler.stratified:  # a row's part of the sum ends within two of B equal parts
            assert all(abs((number == row).sum() - len(number) * p) < 2 for row, p in share.items())
        else:
            sizes = (len(number) + 5) * (np.arange(len(self.twins)) == lane)
            assert np.array_equal(self.buffer.sample(sizes, counter).row[lane, :-5], number)

    def chosen(self, number: Ints, lane: int, counter: int) -> Any:
        """Weights by what the learner said of the large batch, which was drawn uniformly."""
        many = self.sampler.ratio * len(number)
        large, error = (those[lane, :many] for those in self.shown)
        assert np.array_equal(large, self.twins[lane].numbers(None, counter, many))
        p = np.abs(error) + self.sampler.eps
        return p.mean() / p[[large.tolist().index(row) for row in number.tolist()]]

    def surprise(self) -> None:
        """TD errors of rows held and overwritten, some twice, and of padding."""
        row = np.stack([self.generator.integers(-1, twin.head, 7) for twin in self.twins])
        error = self.generator.uniform(0.1, 3.0, row.shape) * (1 - 2 * (row % 2))
        self.buffer.update_priorities(torch.tensor(row), torch.tensor(error))
        for twin, *told in zip(self.twins, row, error, strict=True):
            twin.update(*told)

    def restore(self) -> None:
        """Goes on from the folder, or from a file."""
        with TemporaryDirectory() as folder:
            path = self.told.get("path", f"{folder}/file")
            self.buffer.flush() if "path" in self.told else self.buffer.save(path)
            del self.buffer
            self.buffer = ReplayBuffer.load(path, storage=self.told["storage"])
        self.buffer.surrogate(self.td_error)

    def likely(self, lane: int, *drawn: Ints) -> bool:
        """Did these rows come together as often as independent ones of their shares do?"""
        share, cells, expected = self.twins[lane].shares(), 0 * drawn[0], np.ones(1)
        for numbers in drawn:
            cells = len(share) * cells + numbers - min(share)
            expected = np.outer(expected, [share[number] for number in sorted(share)]).ravel()
        counts = np.bincount(cells, minlength=len(expected))
        return bool(stats.chisquare(counts, expected * len(cells)).pvalue > 1e-4)


@thoroughly(max_examples=300)
@given(TOLD, st.booleans(), st.lists(st.sampled_from(CALLS), min_size=12))
def test_numbers_and_weights_follow_the_formulas(told: Any, on_disk: bool, calls: Any) -> None:
    with TemporaryDirectory() as root:
        play = Play(told, f"{root}/rows" if on_disk else None, len(calls))
        for call in calls:
            getattr(play, call)()
        del play.buffer


@pytest.mark.parametrize("storage", ["memory", "device"])
@pytest.mark.parametrize("sampler", OFTEN)
def test_rows_come_as_often_as_the_formula_says(sampler: Any, storage: str) -> None:
    play = Play({"capacity": 7, "sampler": sampler, "storage": storage})
    for call in ["add"] * 9 + ["surprise"] * 3 + ["add", "surprise"]:
        getattr(play, call)()
    drawn = np.concatenate([play.buffer.sample(1, counter).row for counter in range(6000)], 1)
    assert all(play.likely(lane, own[::2], own[1::2]) for lane, own in enumerate(drawn))


@pytest.mark.parametrize("storage", ["memory", "device"])
def test_ten_million_updates_leave_frequencies_and_weights_exact(storage: str) -> None:
    sampler, generator = Prioritised(alpha=1.0, beta=1.0, eps=1e-3), np.random.default_rng(0)
    play = Play({"capacity": 500, "lanes": 1, "sampler": sampler, "storage": storage})
    while (twin := play.twins[0]).head < 700:
        play.add()
    for low, high in [(-9, 9)] * 1000 + [(-1, 1)]:
        row = twin.head - 1 - generator.integers(0, 500, (1, 10_000))
        error = 10.0 ** generator.uniform(low, high, row.shape)
        play.buffer.update_priorities(torch.tensor(row), torch.tensor(error))
    twin.update(row[0], error[0])
    batch = play.buffer.sample(200_000)
    assert play.likely(0, batch.row[0].numpy())
    np.testing.assert_allclose(batch.weight[0], twin.weights(batch.row[0].numpy()), 1e-5)


def test_epochs_give_each_row_once_and_all_orders_alike() -> None:
    play = Play({"capacity": 4, "sampler": ONCE, "storage": "memory"})
    for _ in range(6):
        play.add()
    drawn = np.concatenate([play.buffer.sample(size).row for size in (3, 1, 4, 2) * 1200], 1)
    for twin, own in zip(play.twins, drawn, strict=True):
        epochs = own.reshape(-1, 4) - min(twin.p)
        assert (np.sort(epochs, 1) == np.arange(4)).all()
        _, counts = np.unique(epochs, axis=0, return_counts=True)
        assert stats.chisquare(counts, np.full(24, 125)).pvalue > 1e-4
