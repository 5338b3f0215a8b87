"""`"module:Name"` -> object, so that rlbatch knows no agent and no environment by name."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from rlbatch.errors import PlugError, nearest


def load(plug: str) -> object:
    """The object that `"package.module:Name"` names; the working directory is searched first.

    Raises:
        PlugError: malformed, no such module, no such name (the nearest is named), or an import
            that failed inside the module.
    """
    module_name, colon, name = plug.partition(":")
    if not (colon and name and all(module_name.split("."))):
        raise PlugError("plug", '"module:Name"', repr(plug))
    module = _module(module_name)
    if not hasattr(module, name):
        own = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == module_name]
        raise PlugError("plug", f"a name in {module_name}", repr(name), nearest(name, own))
    found: object = getattr(module, name)
    return found


def _module(name: str) -> ModuleType:
    here = str(Path.cwd())
    if sys.path[0] != here:
        sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name and (name == missing.name or name.startswith(missing.name + ".")):
            raise PlugError(
                "plug", "an importable module", repr(name), nearest(name, _siblings(name))
            ) from None
        advice = f"Install it: pip install {missing.name}"
        raise PlugError(
            f"plug {name}", f"package {missing.name} to be installed", "none", advice
        ) from None
    except ImportError as failed:
        raise PlugError(f"plug {name}", "a module that can be imported", failed) from failed


def _siblings(name: str) -> list[str]:
    """Modules in the package that the missing one was looked for in."""
    package, _, _ = name.rpartition(".")
    try:
        spec = importlib.util.find_spec(package) if package else None
    except ModuleNotFoundError:
        return []
    places = list(spec.submodule_search_locations or []) if spec else []
    return [f"{package}.{found.name}" for found in pkgutil.iter_modules(places)]
