from __future__ import annotations

from typing import Any

import pytest

from rlbatch.compare.report.canvas import svg
from rlbatch.compare.report.figures import forest
from rlbatch.compare.report.sections import drawn as room
from rlbatch.compare.report.sections.drawn import drawn


def test_a_figure_is_an_svg_that_is_read_aloud(two: dict[str, Any]) -> None:
    text = drawn(two, "forest", 'what "it" shows')
    assert '<svg role="img" aria-label="what &quot;it&quot; shows"' in text
    assert "<?xml" not in text
    assert "<!DOCTYPE" not in text


def test_a_drawing_longer_than_the_limit_becomes_a_picture(
    two: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(svg(forest(two), "forest").encode())
    monkeypatch.setattr(room, "LONGEST", size)
    assert "<svg" in drawn(two, "forest", "differences")
    monkeypatch.setattr(room, "LONGEST", size - 1)
    text = drawn(two, "forest", "differences")
    assert '<img src="data:image/png;base64,iVBORw0KGgo' in text
    assert 'alt="differences"' in text
    assert "<svg" not in text
