"""A probe set keeps its bytes, and tells when one of them changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rlbatch import files
from rlbatch.compare.inner import ProbeSet, as_batch, digest, load_probe, save_probe
from rlbatch.errors import FileError

CPU = torch.device("cpu")


def test_what_was_saved_is_loaded(tmp_path: Path, two_step: ProbeSet) -> None:
    save_probe(tmp_path / "probe.safetensors", two_step)
    loaded = load_probe(tmp_path / "probe.safetensors")
    assert all(map(torch.equal, loaded, two_step))
    assert digest(loaded) == digest(two_step)


def test_a_file_of_other_tensors_is_no_probe_set(tmp_path: Path) -> None:
    files.save_tensors(tmp_path / "other.safetensors", {"obs": torch.zeros(1)}, {})
    with pytest.raises(FileError, match=r"expected the columns obs, action.*got \['obs'\]"):
        load_probe(tmp_path / "other.safetensors")


@pytest.mark.parametrize("column", ProbeSet._fields)
def test_one_byte_changes_the_digest(column: str, two_step: ProbeSet) -> None:
    changed = getattr(two_step, column).clone()
    changed.view(torch.uint8)[-1] ^= 1
    assert digest(two_step._replace(**{column: changed})) != digest(two_step)


def test_the_shape_is_part_of_the_digest(two_step: ProbeSet) -> None:
    folded = two_step._replace(obs=two_step.obs.reshape(2, 2))
    assert digest(folded) != digest(two_step)


def test_a_digest_is_sixty_four_hex_digits_that_stay(two_step: ProbeSet) -> None:
    again = ProbeSet(*(column.clone() for column in two_step))
    assert digest(again) == digest(two_step)
    assert len(bytes.fromhex(digest(two_step))) == 32


def test_a_batch_of_it_bootstraps_with_the_own_discount_and_never_past_an_end(
    two_step: ProbeSet,
) -> None:
    batch = as_batch(two_step, 0.9, CPU)
    assert batch.discount.tolist() == pytest.approx([0.9, 0.9, 0.0, 0.0])
    assert batch.weight.tolist() == [1.0] * 4
    assert batch.row.tolist() == [0, 1, 2, 3]
    assert int(batch.size) == 4
