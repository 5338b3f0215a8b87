"""Import by hand: what is stored, how it ends, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rlbatch.errors import DataError
from rlbatch.replay import Episode, Prioritised, ReplayBuffer, export_episodes, import_episodes

LINE = spaces.Box(-np.inf, np.inf, (1,), np.float32)
TWO = spaces.Discrete(2)
ROOM = spaces.Dict({"near": spaces.Box(0, 255, (2,), np.uint8), "at": spaces.Discrete(99)})


def episode(first: int = 0, steps: int = 3, **changed: Any) -> Episode:
    """Observations first, first + 1, ...; terminated unless something else is said."""
    n = np.arange(first, first + steps + 1)
    obs, reward = n[:, None].astype(np.float32), n[:-1] + np.float32(0.5)
    return Episode(0, obs, n[:-1] % 2, reward, True, False)._replace(**changed)


def empty(capacity: int = 20, **keywords: Any) -> ReplayBuffer:
    return ReplayBuffer(capacity, LINE, TWO, gamma=0.5, **keywords)


def test_an_imported_episode_is_a_row_a_step() -> None:
    buffer = empty()
    import_episodes(buffer, [episode(4)])
    whole = buffer.whole()
    assert whole.obs[:, 0].tolist() == [4.0, 5.0, 6.0]
    assert whole.next_obs[:, 0].tolist() == [5.0, 6.0, 7.0]
    assert whole.action.tolist() == [0, 1, 0]
    assert whole.reward.tolist() == [4.5, 5.5, 6.5]
    assert whole.discount.tolist() == [0.5, 0.5, 0.0]


@pytest.mark.parametrize(
    ("terminated", "truncated", "discount"),
    [(True, False, 0.0), (False, True, 0.5), (True, True, 0.0), (False, False, 0.5)],
)
def test_every_episode_ends_where_it_ends(
    terminated: bool, truncated: bool, discount: float
) -> None:
    buffer = empty()
    ends = {"terminated": terminated, "truncated": truncated}
    import_episodes(buffer, [episode(**ends), episode(10)])
    assert buffer.whole().discount.tolist()[2] == discount
    assert [own.obs[0, 0] for own in export_episodes(buffer)] == [0.0, 10.0]
    assert export_episodes(buffer)[0].truncated == (not terminated)


def test_lists_and_tensors_and_numbers_of_other_widths_are_taken() -> None:
    buffer = empty()
    lists = episode(obs=[[0], [1], [2], [3]], action=[0, 1, 0], reward=[0, 1, 2], terminated=0 > 1)
    import_episodes(buffer, [lists])
    columns: dict[str, Any] = {
        name: torch.tensor(getattr(lists, name)) for name in ("obs", "action", "reward")
    }
    import_episodes(buffer, [episode(**columns, truncated=np.True_)])
    whole = buffer.whole()
    assert whole.obs[:, 0].tolist() == [0.0, 1.0, 2.0] * 2
    assert whole.reward.tolist() == [0.0, 1.0, 2.0] * 2


def test_each_lane_gets_its_own_episodes() -> None:
    buffer = empty(lanes=3)
    import_episodes(buffer, [episode(lane=2), episode(10, lane=0), episode(20, 2, lane=2)])
    assert buffer.stored().tolist() == [3, 0, 5]
    assert buffer.whole().obs[2, :, 0].tolist() == [0.0, 1.0, 2.0, 20.0, 21.0]
    assert [own.lane for own in export_episodes(buffer)] == [0, 2, 2]


def test_windows_of_n_steps_are_folded() -> None:
    buffer = empty(n_step=2)
    import_episodes(buffer, [episode()])
    assert buffer.whole().reward.tolist() == [0.5 + 1.5 / 2, 1.5 + 2.5 / 2, 2.5]
    assert buffer.whole().discount.tolist() == [0.25, 0.0, 0.0]


def test_every_kth_of_them_is_held_out() -> None:
    buffer = empty(validation=2)
    for first in (0, 20):
        import_episodes(buffer, [episode(first), episode(first + 10)])
    assert buffer.whole().obs[::3, 0].tolist() == [0.0, 20.0]
    assert buffer.stored(held_out=True).tolist() == [6]


def test_a_sampler_hears_of_imported_rows() -> None:
    buffer = empty(sampler=Prioritised())
    import_episodes(buffer, [episode()])
    assert set(buffer.sample(64).row.tolist()) == {0, 1, 2}


@pytest.mark.parametrize("n_step", [1, 2])
@pytest.mark.parametrize("num_envs", [1, 2])
def test_what_runs_in_the_buffer_is_ended_as_truncated(n_step: int, num_envs: int) -> None:
    buffer = empty(n_step=n_step)
    obs, off = np.full((num_envs, 1), 7, np.float32), [False] * num_envs
    buffer.add(obs, [0] * num_envs, [2] * num_envs, obs + 1, off, off)
    import_episodes(buffer, [episode()])
    whole = buffer.whole()
    assert whole.obs[:, 0].tolist() == [7.0] * num_envs + [0.0, 1.0, 2.0]
    assert whole.next_obs[:num_envs, 0].tolist() == [8.0] * num_envs
    assert whole.discount[:num_envs].tolist() == [0.5] * num_envs


def test_a_running_episode_is_not_gone_on_with() -> None:
    buffer = empty(lanes=2)
    obs, off = np.full((2, 1, 1), 7, np.float32), [[False]] * 2
    buffer.add(obs, [[0]] * 2, [[2]] * 2, obs + 1, off, off)
    import_episodes(buffer, [episode(8, lane=1)])
    assert [own.truncated for own in export_episodes(buffer)] == [True, True, False]
    assert [len(own.reward) for own in export_episodes(buffer)] == [1, 1, 3]


def test_a_running_episode_that_is_held_out_is_ended_too() -> None:
    buffer = empty(validation=2)
    import_episodes(buffer, [episode()])
    buffer.add([[7]], [0], [2], [[8]], [False], [False])
    import_episodes(buffer, [episode(20)])
    assert buffer.stored(held_out=True).tolist() == [1]
    assert len(buffer) == 6


def test_an_import_to_one_lane_ends_nothing_in_another() -> None:
    buffer = empty(lanes=2, validation=2)
    import_episodes(buffer, [episode(lane=1, terminated=False), episode(lane=0)])
    assert buffer.stored().tolist() == [3, 3]


def test_nested_observations_are_taken() -> None:
    buffer = ReplayBuffer(9, ROOM, TWO)
    obs = {"near": np.arange(8, dtype=np.uint8).reshape(4, 2), "at": [5, 6, 7, 8]}
    import_episodes(buffer, [episode(obs=obs)])
    whole: Any = buffer.whole()
    assert whole.obs["near"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert whole.next_obs["at"].tolist() == [6, 7, 8]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lane": 1}, r"lane: expected a lane below 1, got 1\."),
        ({"lane": -1}, r"lane: expected a lane below 1, got -1\."),
        ({"lane": 0.5}, r"lane: expected dtype int64, got float64\."),
        ({"obs": np.zeros((3, 1))}, r"obs: expected shape \(4, 1\), got \(3, 1\)\."),
        ({"obs": np.zeros((4, 2))}, r"obs: expected shape \(4, 1\), got \(4, 2\)\."),
        ({"obs": np.array([[0], [1], [np.nan], [3]])}, r"obs \(step 2\): expected finite num"),
        ({"action": np.zeros((3, 1), int)}, r"action: expected shape \[T\], at least 1 step, got"),
        ({"action": np.zeros(0, int)}, r"action: expected shape \[T\], at least 1 step, got \(0,"),
        ({"action": np.zeros(3)}, r"action: expected dtype int64, got float64\."),
        ({"action": [0, 1, 2]}, r"action \(step 2\): expected an action in 0\.\.1, got 2\."),
        ({"action": [0, -1, 0]}, r"action \(step 1\): expected an action in 0\.\.1, got -1\."),
        ({"reward": np.zeros(4)}, r"reward: expected shape \(3,\), got \(4,\)\."),
        ({"reward": [0, 1e39, 0]}, r"reward \(step 1\): expected finite numbers, got inf\. Noth"),
        ({"terminated": [True]}, r"terminated: expected shape \(\), got \(1,\)\."),
        ({"truncated": 2.0}, r"truncated: expected dtype bool, got float64\."),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_stored(
    changed: dict[str, Any], message: str
) -> None:
    buffer = empty()
    with pytest.raises(DataError, match=r"^replay\.episodes\[1\]\." + message):
        import_episodes(buffer, [episode(), episode(**changed)])
    assert len(buffer) == 0


def test_a_part_of_a_nested_observation_that_does_not_fit_is_named() -> None:
    buffer = ReplayBuffer(9, ROOM, TWO)
    near = np.zeros((4, 2), np.uint8)
    for obs, named in [
        ({"near": near, "at": [1, 2, 3]}, r"obs\.at: expected shape \(4,\), got \(3,\)\."),
        ({"near": near}, r"obs: expected keys \['at', 'near'\], got \['near'\]\."),
        ({"near": near / 2, "at": [1, 2, 3, 4]}, r"obs\.near: expected dtype uint8, got float64\."),
    ]:
        with pytest.raises(DataError, match=r"^replay\.episodes\[0\]\." + named):
            import_episodes(buffer, [episode(obs=obs)])


def test_a_reward_whose_sums_do_not_fit_is_refused_before_anything_is_stored() -> None:
    buffer = empty(n_step=3)
    with pytest.raises(
        DataError, match=r"\.reward \(step 0\): expected magnitudes of at most 1\.1"
    ):
        import_episodes(buffer, [episode(), episode(reward=[2e38, 0, 0])])
    assert len(buffer) == 0


@pytest.mark.parametrize(
    ("episodes", "got"),
    [
        (episode(), r"Episode\. Put a single one into a list\."),
        (episode()._asdict(), r"dict\. Put a"),
        (None, r"NoneType\. Put a"),
        ([episode(), episode()._asdict()], r"one with dict at 1\. Episode\(\*\*columns\) makes on"),
        ([tuple(episode())], r"one with tuple at 0\. "),
        ("abc", r"one with str at 0\. "),
    ],
)
def test_what_is_no_list_of_episodes_is_refused(episodes: Any, got: str) -> None:
    buffer = empty()
    buffer.add([[7]], [0], [2], [[8]], [False], [False])
    with pytest.raises(
        DataError, match=r"^replay\.episodes: expected a list of Episode, got " + got
    ):
        import_episodes(buffer, episodes)
    assert not export_episodes(buffer)[0].truncated


def test_a_tuple_or_a_generator_of_episodes_is_as_good_as_a_list() -> None:
    buffer = empty()
    import_episodes(buffer, (episode(), episode(10)))
    import_episodes(buffer, (episode(first) for first in (20, 30)))
    assert buffer.whole().obs[::3, 0].tolist() == [0.0, 10.0, 20.0, 30.0]


def test_bytes_may_come_as_lists_of_integers() -> None:
    buffer = ReplayBuffer(9, ROOM, TWO)
    near = [[0, 1], [2, 3], [4, 5], [6, 255]]
    import_episodes(buffer, [episode(obs={"near": near, "at": [1, 2, 3, 4]})])
    whole: Any = buffer.whole()
    assert whole.next_obs["near"].tolist() == near[1:]
    near[3][1] = 256
    told = r"^replay\.episodes\[0\]\.obs\.near: expected numbers that fit uint8, got 256\."
    with pytest.raises(DataError, match=told):
        import_episodes(buffer, [episode(obs={"near": near, "at": [1, 2, 3, 4]})])
