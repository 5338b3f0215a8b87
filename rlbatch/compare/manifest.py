"""What a comparison's folder says of itself: the plan, its hash, what it ran on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlbatch.compare.comparison import Comparison
from rlbatch.compare.settings import Env, Plan, Regime
from rlbatch.errors import FileError
from rlbatch.train.folder import origin, write_json

NAME = "manifest.json"
HELD = ("runs", "reference", "tune", "configs", "logs", "figures", "tb", "report.html",
        "report.json", NAME)  # fmt: skip


def plan_of(comparison: Comparison, declared: Mapping[str, Any]) -> dict[str, Any]:
    """All that is fixed before training, as plain data."""
    own = dataclasses.asdict(comparison)
    del own["run_dir"]
    plain: dict[str, Any] = json.loads(json.dumps(own | {"declared": declared}))
    return plain


def plan_hash(plan: Mapping[str, Any]) -> str:
    """sha256 of a plan, whatever the order of its keys."""
    text = json.dumps(plan, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def claim(folder: Path, plan: Mapping[str, Any], overwrite: bool) -> None:
    """Makes the folder of a comparison, or goes on with the one whose plan is the same.

    Raises:
        FileError: it holds another comparison, or something that is none.
    """
    held = [name for name in HELD if (folder / name).exists()]
    known = read(folder) if held else {}
    if held and overwrite:
        for name in held:
            _remove(folder / name)
        held = []
    if held and known["plan_hash"] != plan_hash(plan):
        advice = "Choose another run_dir, or add --overwrite."
        raise FileError(f"run_dir {folder}", "the comparison planned now", "another one", advice)
    folder.mkdir(parents=True, exist_ok=True)
    if not held:
        told = {"plan_hash": plan_hash(plan), "plan": dict(plan), "probe": {}, **origin()}
        write_json(folder / NAME, told)


def note_probe(folder: Path, env: str, digest: str) -> None:
    """Writes the hash of an environment's probe states, before any regime is trained.

    Raises:
        FileError: other states than those that runs in the folder were read on.
    """
    manifest = read(folder)
    known = manifest["probe"].setdefault(env, digest)
    if known != digest:
        advice = "Add --overwrite to train everything anew."
        raise FileError(f"{folder}/reference", f"probe states {known[:12]}", digest[:12], advice)
    write_json(folder / NAME, manifest)


def note_jobs(folder: Path, jobs: int) -> None:
    """Writes how many runs shared the machine at most."""
    manifest = read(folder)
    manifest["jobs"] = max(jobs, manifest.get("jobs", 1))
    write_json(folder / NAME, manifest)


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a comparison's folder.

    Raises:
        FileError: none there, or not a comparison's.
    """
    try:
        found: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as lost:
        raise FileError(str(folder), "the folder of a comparison", lost) from None
    if "plan_hash" not in found or "plan" not in found:
        raise FileError(str(folder), "the folder of a comparison", "a run's")
    return found


def comparison_of(plan: Mapping[str, Any]) -> Comparison:
    """The comparison that a plan was made of."""
    own = {key: value for key, value in plan.items() if key != "declared"}
    own["regimes"] = tuple(Regime(**told) for told in plan["regimes"])
    own["envs"] = tuple(Env(**_tuples(told)) for told in plan["envs"])
    own["plan"] = Plan(**_tuples(plan["plan"]))
    own["variants"] = tuple(plan["variants"])
    own["tune"], own["probe"] = None, None  # they only say how it is trained
    return Comparison(**own)


def _tuples(told: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()
