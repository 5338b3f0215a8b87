"""A comparison's report, short enough to keep: numbers without curves, a table, pictures.

python docs/summary.py runs/compare-cartpole docs/comparisons/cartpole
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from PIL import Image

PICTURES = ("learning_curves", "batch_size", "forest", "every_seed")
BULK = ("curves", "config")  # of a regime; its run folder has them
COLUMNS = {
    "auc": "AUC ↑",
    "final_return_iqm": "final return ↑",
    "LRT": "LRT ↓",
    "DT": "DT ↓",
    "DR": "DR ↓",
    "collapse_rate": "collapse rate ↓",
}


def main() -> None:
    """Reads a comparison's folder, writes <out>.json, <out>.md and its pictures beside them."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".json").write_text(
        json.dumps(short(report), indent=1) + "\n", encoding="utf-8"
    )
    out.with_suffix(".md").write_text(page(report, out.name), encoding="utf-8")
    for picture in PICTURES:
        with Image.open(folder / "figures" / f"{picture}.png") as image:
            image.convert("RGB").quantize(256).save(f"{out}-{picture}.png", optimize=True)


def short(report: dict[str, Any]) -> dict[str, Any]:
    """The report without what grows with the number of evaluations."""
    kept = {key: value for key, value in report.items() if key != "profiles"}
    kept["regimes"] = {
        name: {key: value for key, value in own.items() if key not in BULK}
        for name, own in report["regimes"].items()
    }
    return kept


def page(report: dict[str, Any], name: str) -> str:
    """The verdict, a table of regimes, every seed's final return, and the pictures."""
    plan = report["plan"]
    lines = [f"# {name}: {report['verdict']['headline']}", ""]
    lines += [f"- {line}" for line in report["verdict"]["lines"]]
    lines += ["", f"Plan `{plan['hash'][:12]}`, {plan['n']} paired seeds, baseline "]
    lines[-1] += f"`{plan['baseline']}`, equal {report['budget']['iso']}."
    lines += ["", "| regime | " + " | ".join(COLUMNS.values()) + " | final return of every seed |"]
    lines.append("|---|" + "--:|" * len(COLUMNS) + "---|")
    for regime, own in report["regimes"].items():
        cells = [_cell(own, measure) for measure in COLUMNS]
        lines.append(f"| `{regime}` | " + " | ".join(cells) + f" | {_seeds(own)} |")
    lines += ["", "In brackets: 95 % intervals over seeds. Seeds from the worst to the best.", ""]
    lines += [f"![{picture.replace('_', ' ')}]({name}-{picture}.png)" for picture in PICTURES]
    return "\n".join(lines) + "\n"


def _cell(own: dict[str, Any], measure: str) -> str:
    value, bounds = own[measure], own["ci"].get(measure)
    if value is None:
        return "–"
    digits = ".0f" if abs(value) >= 10 else ".2f"
    return f"{value:{digits}}" + (
        f" [{bounds[0]:{digits}}, {bounds[1]:{digits}}]" if bounds else ""
    )


def _seeds(own: dict[str, Any]) -> str:
    """Of several environments returns are scaled, and told with two digits."""
    finals = sorted(_final(seed) for seed in own["per_seed"])
    digits = ".0f" if max(map(abs, finals)) >= 10 else ".2f"
    return " ".join(f"{final:{digits}}" for final in finals)


def _final(seed: dict[str, Any]) -> float:
    return float(seed["final_return"])


if __name__ == "__main__":
    main()
