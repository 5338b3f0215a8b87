"""configs/compare/quick.yaml as `make compare` runs it, shorter, and its page in a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlbatch.compare.__main__ import main

ROOT = Path(__file__).parents[3]
NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
REGIMES = ["fixed-64", "epsilon-up"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the comparison over 2,000 env steps, trained by processes of its own."""
    place = tmp_path_factory.mktemp("quick") / "compared"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        shorter = ["set.env_steps=2000", "set.evaluate.every=0.1", "seeds=6"]
        config = "configs/compare/quick.yaml"
        assert main([config, *shorter, f"run_dir={place}", "--jobs", "2"]) == 0
        yield place


@pytest.fixture(scope="module")
def report(folder: Path) -> dict[str, Any]:
    """What report.json says."""
    told: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return told


def test_every_regime_is_reported_over_all_seeds(report: dict[str, Any]) -> None:
    assert list(report["regimes"]) == REGIMES
    assert {own["n"] for own in report["regimes"].values()} == {6}
    assert report["plan"]["kept"]
    assert report["pairs"]["epsilon-up"]["auc"]["role"] == "primary"


def test_the_batch_size_of_the_dynamic_regime_moves_and_the_fixed_one_rests(
    report: dict[str, Any],
) -> None:
    sizes = {
        name: {rows for own in told["batch_size"]["CartPole-v1"]["rows"].values() for rows in own}
        for name, told in report["regimes"].items()
    }
    assert sizes["fixed-64"] == {64}
    assert len(sizes["epsilon-up"]) >= 3


def test_inner_signs_and_changed_physics_are_reported(report: dict[str, Any]) -> None:
    for own in report["regimes"].values():
        assert {"soft_divergence", "srank", "sharpness"} <= set(own["diagnostics"])
        assert list(own["robustness"]) == ["held_out_starts", "heavy-gravity", "long-pole"]
        assert all(len(found["per_seed"]) == 6 for found in own["robustness"].values())


def test_the_same_command_again_trains_nothing_and_writes_the_same_bytes(folder: Path) -> None:
    names = ["report.json", "report.html", "figures/learning_curves.svg"]
    before = [(folder / name).read_bytes() for name in names]
    metrics = folder / "runs/CartPole-v1/fixed-64/metrics.csv"
    trained = metrics.stat().st_mtime_ns
    shorter = ["set.env_steps=2000", "set.evaluate.every=0.1", "seeds=6"]
    assert main(["configs/compare/quick.yaml", *shorter, f"run_dir={folder}"]) == 0
    assert [(folder / name).read_bytes() for name in names] == before
    assert metrics.stat().st_mtime_ns == trained


@pytest.mark.skipif(BROWSER is None, reason=f"no browser: none of {', '.join(NAMES)}")
def test_the_page_renders_without_a_console_error_and_shows_every_regime(
    folder: Path, tmp_path: Path
) -> None:
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    flags = ["--headless", "--no-sandbox", "--disable-gpu", *quiet, "--enable-logging=stderr"]
    command = [str(BROWSER), *flags, f"--user-data-dir={tmp_path}", "--dump-dom"]
    address = (folder / "report.html").as_uri()
    done = subprocess.run([*command, address], capture_output=True, text=True, timeout=120)
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    assert all(name in done.stdout for name in REGIMES)
