"""Nested observations through a buffer: the same structure, dtypes and values as went in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.contract import Space
from rlbatch.errors import ConfigError, DataError
from rlbatch.replay import ReplayBuffer
from rlbatch.replay.rows.layout import SHOWN, Layout
from rlbatch.replay.rows.tree import leaves, nest, parts_of

BOOL: Any = np.bool_  # which Gymnasium takes and its annotations do not know
SHORT: Any = np.int32
TWO = spaces.Discrete(2)
LINE = spaces.Box(-np.inf, np.inf, (1,), np.float32)
ROBOT = spaces.Dict(
    [
        ("camera", spaces.Tuple((spaces.Box(0, 255, (2, 3), np.uint8), LINE))),
        ("at", spaces.Discrete(99)),
        ("near", spaces.Box(-1, 1, (3,), np.float64)),
        ("on", spaces.Box(0, 1, (5,), BOOL)),
        ("flags", spaces.Dict({"gear": spaces.MultiDiscrete([9, 9]), "up": spaces.MultiBinary(3)})),
        ("far", spaces.Box(0, 9999, (), np.uint16)),
        ("half", spaces.Box(-1, 1, (1,), np.float16)),
    ]
)
Array = npt.NDArray[Any]


def observation(space: Space, lead: Sequence[int], n: Any) -> Any:
    """Leaves `[*lead, ...]` that are n + their place among the leaves, modulo 2 where boolean."""
    flat = (
        (np.zeros((*lead, *leaf.shape)) + np.expand_dims(n, tuple(range(-len(leaf.shape), 0))) + k)
        % (2 if leaf.dtype == "bool" else 128)
        for k, leaf in enumerate(leaves(space))
    )
    typed = (a.astype(leaf.dtype) for a, leaf in zip(flat, leaves(space), strict=True))
    return nest(space, typed)


def flat(space: Space, value: Any) -> list[torch.Tensor]:
    """The leaves, as tensors."""
    parts = list(parts_of("obs", space, value))
    return [torch.as_tensor(part) for part in parts]


def same(space: Space, one: Any, other: Any) -> bool:
    """Are all leaves equal, dtypes too?"""
    pairs = list(zip(flat(space, one), flat(space, other), strict=True))
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs)


def filled(rows: int = 6, space: Space = ROBOT, **keywords: Any) -> ReplayBuffer:
    """A buffer of one environment; row n goes from n to n + 1."""
    buffer = ReplayBuffer(9, space, TWO, gamma=0.5, **keywords)
    for n in range(rows):
        obs, after = (observation(space, [1], [n + k]) for k in (0, 1))
        buffer.add(obs, [n % 2], [n], after, [n % 3 == 2], [False])
    return buffer


@pytest.mark.parametrize("storage", ["memory", "device"])
def test_a_batch_has_the_structure_dtypes_and_values_that_went_in(storage: Any) -> None:
    batch: Any = filled(storage=storage).sample(32)
    n = batch.row.numpy()
    assert same(ROBOT, batch.obs, observation(ROBOT, [32], n))
    assert same(ROBOT, batch.next_obs, observation(ROBOT, [32], n + 1))
    assert list(batch.obs) == list(ROBOT.spaces)
    assert type(batch.obs["camera"]) is tuple
    assert torch.equal(batch.reward, batch.row.float())


def test_a_tuple_of_arrays_comes_back_as_one() -> None:
    space = spaces.Tuple((LINE, TWO))
    obs: Any = filled(space=space).newest(2).obs
    assert type(obs) is tuple
    assert obs[0].tolist() == [[4.0], [5.0]]
    assert obs[1].tolist() == [5, 6]


def test_small_numbers_take_no_more_than_their_bytes() -> None:
    """Action 8, reward, discount, episode 4 each; twice 7 + 5 of one byte; 48 in whole words."""
    space = spaces.Dict(
        {"seen": spaces.Box(0, 9, (7,), np.uint8), "on": spaces.Box(0, 1, (5,), BOOL)}
    )
    small, large = (ReplayBuffer(capacity, space, TWO).nbytes for capacity in (10, 20))
    assert large - small == 10 * 48


def test_the_widest_arrays_come_first_in_a_row_and_next_obs_is_one_run() -> None:
    layout = Layout.of(ROBOT, TWO)
    start, stop = layout.successor
    inside = [field for field in layout.fields if start <= field.offset < stop]
    assert [field.name.partition(".")[0] for field in inside] == ["next_obs"] * 9
    assert stop - start == 8 + 3 * 8 + 2 * 8 + 4 + 2 + 2 + 6 + 5 + 3
    assert all(field.offset % np.dtype(field.dtype).itemsize == 0 for field in layout.fields)


def test_views_of_packed_rows_are_the_columns_of_the_same_rows() -> None:
    buffer = filled()
    packed = torch.zeros(2, 3, buffer.layout.words, dtype=torch.int64).random_(generator=seeded())
    struct = packed.numpy().view(buffer.layout.struct)[..., 0]
    views, columns = buffer.layout.views(packed), buffer.layout.columns(struct)
    for side in (SHOWN.index("obs"), SHOWN.index("next_obs")):
        pairs = zip(flat(ROBOT, views[side]), flat(ROBOT, columns[side]), strict=True)
        assert all(a.dtype == b.dtype and same_bytes(a, b) for a, b in pairs)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def same_bytes(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal to the bit, NaN as well."""
    return one.contiguous().numpy().tobytes() == other.contiguous().numpy().tobytes()


def test_windows_take_the_last_nested_observation() -> None:
    whole: Any = filled(3, n_step=3).whole()
    assert whole.reward.tolist() == [0 + 1 / 2 + 2 / 4, 1 + 2 / 2, 2.0]
    assert same(ROBOT, whole.obs, observation(ROBOT, [3], np.arange(3)))
    assert same(ROBOT, whole.next_obs, observation(ROBOT, [3], np.full(3, 3)))


def test_tensors_and_lists_are_taken_for_the_arrays_of_a_nested_observation() -> None:
    space = spaces.Tuple((LINE, spaces.MultiBinary(2)))
    buffer = ReplayBuffer(4, space, TWO)
    buffer.add([[[1]], [[0, 1]]], [0], [0], [torch.ones(1, 1), [[1, 1]]], [False], [False])
    whole: Any = buffer.whole()
    assert [part.tolist() for part in whole.obs] == [[[1.0]], [[0, 1]]]
    assert [part.dtype for part in whole.next_obs] == [torch.float32, torch.int8]


def test_padding_is_zeros_in_every_array() -> None:
    buffer = ReplayBuffer(4, ROBOT, TWO, lanes=2)
    obs = observation(ROBOT, [2, 1], [[3], [4]])
    ones = np.ones((2, 1), np.int64)
    buffer.add(obs, ones, ones, obs, ones < 1, ones < 1)
    batch = buffer.sample([3, 1], counter=0)
    assert not any(part[1, 1:].any() for part in flat(ROBOT, batch.obs))
    assert all(part[0].any() for part in flat(ROBOT, batch.next_obs)[:3])


def without(key: str) -> Callable[[Any], Any]:
    return lambda obs: {name: part for name, part in obs.items() if name != key}


def but(**changed: Any) -> Callable[[Any], Any]:
    return lambda obs: obs | changed


@pytest.mark.parametrize("side", ["obs", "next_obs"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            without("at"),
            r": expected keys \[.*'at'.*\], got \['camera', 'far', 'flags', 'half', 'n",
        ),
        (but(camera=np.zeros(3)), r"\.camera: expected a tuple of 2, got ndarray\."),
        (but(more=3), r": expected keys \[.+\], got \[.*'more'.*\]\."),
        (but(flags=3), r"\.flags: expected a dict with keys .+, got int\."),
        (
            but(camera=(np.zeros((1, 3, 2), np.uint8), [[0]])),
            r"\.camera\.0: expected shape \(1, 2, 3\), got \(1, 3, 2\)\.",
        ),
        (but(near=[[1.0, 2.0]]), r"\.near: expected shape \(1, 3\), got \(1, 2\)\."),
        (but(on=[[2, 0, 0, 0, 0]]), r"\.on: expected dtype bool, got int64\."),
        (but(at=[0.5]), r"\.at: expected dtype int64, got float64\."),
        (
            but(near=[[1.0, np.nan, 2.0]]),
            r"\.near \(lane 0, env 0, step 2\): expected finite numbers, got \[1\.0, nan, 2\.0\]",
        ),
        (
            but(half=[[1e9]]),
            r"\.half \(lane 0, env 0, step 2\): expected finite numbers, got \[inf",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place_and_nothing_stored(
    side: str, change: Callable[[Any], Any], message: str
) -> None:
    buffer, obs = filled(2), observation(ROBOT, [1], [5])
    given_ = {"obs": obs, "next_obs": obs, side: change(obs)}
    with pytest.raises(DataError, match=rf"^replay\.{side}{message}"):
        buffer.add(given_["obs"], [0], [0], given_["next_obs"], [False], [False])
    assert len(buffer) == 2


def test_frames_within_a_nested_observation_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^replay\.obs_space: expected a Box of 4 frames"):
        ReplayBuffer(9, ROBOT, TWO, frame_stack=4)


def test_a_saved_buffer_of_nested_observations_goes_on(tmp_path: Path) -> None:
    buffer = filled(5, n_step=2)
    buffer.save(tmp_path / "buffer")
    loaded = ReplayBuffer.load(tmp_path / "buffer")
    assert loaded.obs_space == ROBOT
    one, other = buffer.sample(16), loaded.sample(16)
    assert same(ROBOT, one.obs, other.obs)
    assert same(ROBOT, one.next_obs, other.next_obs)
    assert "obs.camera.0 uint8[2, 3]" in repr(loaded)


PLAIN: st.SearchStrategy[Space] = st.sampled_from(
    [
        LINE,
        TWO,
        spaces.Box(0, 255, (3,), np.uint8),
        spaces.Box(0, 1, (), BOOL),
        spaces.Box(-1, 1, (2, 1), np.float64),
        spaces.Box(0, 9, (0,), np.float32),
        spaces.Box(-9, 9, (1,), np.int16),
        spaces.Box(0, 9999, (3,), np.uint16),
        spaces.Box(-1, 1, (3,), np.float16),
        spaces.MultiBinary(5),
        spaces.MultiDiscrete([3, 4], dtype=SHORT),
    ]
)


def deeper(inner: st.SearchStrategy[Space]) -> st.SearchStrategy[Space]:
    """Dicts and tuples of what there is."""
    keys = st.sampled_from(["a", "b", "camera", "0"])
    dicts = st.dictionaries(keys, inner, min_size=1, max_size=3)
    return dicts.map(spaces.Dict) | st.lists(inner, min_size=1, max_size=3).map(spaces.Tuple)


@given(
    st.recursive(PLAIN, deeper, max_leaves=6),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_any_nesting_holds_what_a_buffer_for_each_of_its_arrays_holds(
    space: Space, lead: tuple[int, int], n_step: int, seed: int
) -> None:
    """The twins are buffers of plain observations, one for each leaf."""
    generator = np.random.default_rng(seed)
    keywords: dict[str, Any] = {"lanes": lead[0], "n_step": n_step}
    buffer, alone = ReplayBuffer(7, space, TWO, **keywords), twins(space, **keywords)
    for _ in range(5):
        sides = [[random(leaf, lead, generator) for leaf in leaves(space)] for _ in range(2)]
        action, reward = generator.integers(2, size=lead), generator.normal(size=lead)
        terminated, truncated, valid = generator.random((3, *lead)) < [[[0.3]], [[0.2]], [[0.8]]]
        ends = terminated, truncated, valid
        before, after = (nest(space, iter(side)) for side in sides)
        buffer.add(before, action, reward, after, *ends)
        for one, obs, next_obs in zip(alone, *sides, strict=True):
            one.add(obs, action, reward, next_obs, *ends)
    if len(buffer) == 0:
        return
    counts = np.minimum(buffer.stored(), 1) * 9
    for batch, others in [
        (buffer.whole(), [one.whole() for one in alone]),
        (buffer.sample(counts), [one.sample(counts) for one in alone]),
    ]:
        obs = [torch.equal(a, b.obs) for a, b in zip(flat(space, batch.obs), others, strict=True)]
        after = zip(flat(space, batch.next_obs), others, strict=True)
        assert all(obs)
        assert all(torch.equal(a, b.next_obs) and a.dtype == b.next_obs.dtype for a, b in after)
        assert torch.equal(batch.reward, others[0].reward)


def twins(space: Space, **keywords: Any) -> list[ReplayBuffer]:
    boxes = [
        spaces.Box(0, 1, leaf.shape, np.dtype(leaf.dtype).type)  # of the dtype; bounds say nothing
        for leaf in leaves(space)
    ]
    return [ReplayBuffer(7, box, TWO, **keywords) for box in boxes]


def random(leaf: Any, lead: tuple[int, int], generator: np.random.Generator) -> Array:
    return generator.integers(0, 2, (*lead, *leaf.shape)).astype(leaf.dtype)
