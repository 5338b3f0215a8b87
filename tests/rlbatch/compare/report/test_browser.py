"""The page in a real browser: nothing complains, everything is there, something is drawn."""

from __future__ import annotations

import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rlbatch.compare.report import page

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--hide-scrollbars",
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"no browser: none of {', '.join(NAMES)}")


def browse(folder: Path, text: str, *flags: str) -> tuple[str, list[str]]:
    """What the browser prints, and what its console said."""
    (folder / "report.html").write_text(text, encoding="utf-8")
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags]
    address = (folder / "report.html").as_uri()
    done = subprocess.run([*command, address], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_a_browser_builds_the_page_without_complaint(
    report: dict[str, Any], awkward_page: str, tmp_path: Path
) -> None:
    built, console = browse(tmp_path, awkward_page, "--dump-dom")
    assert console == []
    assert [name for name in report["regimes"] if name not in unescape(built)] == []
    assert built.count("<figure") == 7
    assert "<script" not in built


def test_a_browser_draws_the_page(two: dict[str, Any], tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    browse(tmp_path, page(two), f"--screenshot={picture}", "--window-size=1000,1400")
    with Image.open(picture) as image:
        colours = image.convert("RGB").getcolors(maxcolors=1 << 20) or []
    share_of_white = max(count for count, _ in colours) / (1000 * 1400)
    assert len(colours) > 50
    assert 0.3 < share_of_white < 0.97


def test_the_console_is_heard(two: dict[str, Any], tmp_path: Path) -> None:
    broken = page(two).replace("</main>", '<img src="https://example.invalid/x.png" alt=""></main>')
    assert browse(tmp_path, broken, "--dump-dom")[1]
