"""A figure inside the page: an SVG, or a picture where an SVG would be too long."""

from __future__ import annotations

import base64
import html

from rlbatch.compare.report.canvas import png, svg
from rlbatch.compare.report.figures import FIGURES
from rlbatch.compare.report.markup import Markup, tag
from rlbatch.compare.report.reading import Report

LONGEST = 300_000  # bytes of an SVG


def drawn(report: Report, name: str, caption: str) -> Markup:
    """The figure with its caption, which is also read aloud in its place."""
    text = svg(FIGURES[name](report), name)
    if len(text.encode()) > LONGEST:
        picture = _picture(png(FIGURES[name](report)), caption)
    else:
        picture = _inline(text, caption)
    return tag(
        "figure",
        tag("div", picture, class_="scroll", tabindex="0"),
        tag("figcaption", caption),
        id=f"figure-{name}",
    )


def _inline(text: str, caption: str) -> Markup:
    """Without the head of an XML file, which a page must not repeat."""
    body = text[text.index("<svg") :]
    named = f'<svg role="img" aria-label="{html.escape(caption)}"'
    return Markup(body.replace("<svg", named, 1))


def _picture(content: bytes, caption: str) -> Markup:
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return tag("img", src=source, alt=caption)
