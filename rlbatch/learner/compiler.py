"""Functions of tensors as compiled programs, by torch's inductor."""

from __future__ import annotations

import functools
import sysconfig
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch._guards import TracingContext, tracing
from torch._subclasses import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import ShapeEnv

from rlbatch.errors import ConfigError
from rlbatch.learner.memory import out_of_memory


@functools.cache
def lack() -> str:
    """Why nothing can be compiled for the CPU here, "" where it can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's, of its own parts
        from torch._inductor import compile_fx, cpp_builder, exc  # seconds, now and not in a run

    assert compile_fx
    try:
        cpp_builder.get_cpp_compiler()
    except exc.InvalidCxxCompiler:
        return "no C++ compiler was found"
    headers = Path(sysconfig.get_paths()["include"])
    return "" if (headers / "Python.h").is_file() else f"no Python.h was found in {headers}"


def require_compiler() -> None:
    """Refuses to go on without one.

    Raises:
        ConfigError: no C++ compiler.
    """
    if lack():
        advice = "Install g++ (or set CXX to a compiler) and Python's headers, or say compile: off."
        raise ConfigError("compile", "a C++ compiler", lack(), advice)


@functools.cache
def warm_up() -> None:
    """The first program of a process takes a second more: before the run, not in it."""
    compiled(torch.neg, [torch.zeros(1)])


def compiled(
    function: Callable[..., Any], example: Sequence[Tensor], **options: object
) -> Callable[..., Any]:
    """A function of tensors as one program for arguments of these shapes and strides alone.

    It may take gradients of its own. What it does beside tensor operations, it does now only. What
    calls the loops of a program is C++ too: in Python it takes longer than the loops of few lanes.

    Args:
        function: of tensors.
        example: arguments.
        options: of inductor, by name.

    Raises:
        ConfigError: it cannot be recorded, as it looks into its tensors, or not be compiled; or
            there is no compiler.
    """
    require_compiler()
    shapes = FakeTensorMode(shape_env=ShapeEnv())  # without, inductor's cache on disk is not used
    try:
        recorded = make_fx(function)(*example)
        with torch.no_grad(), tracing(TracingContext(shapes)):
            program: Callable[..., Any] = torch._inductor.compile(
                recorded, list(example), options={"cpp_wrapper": True, **options}
            )
    except (RuntimeError, NotImplementedError) as fault:
        if out_of_memory(fault):  # recording does the operations once
            raise
        raise _refusal(fault) from fault

    def run(*arguments: Tensor) -> Any:
        with torch.no_grad():
            return program(*arguments)

    return run


def _refusal(fault: Exception) -> ConfigError:
    first = f"{type(fault).__name__}: {str(fault).splitlines()[0]}"
    return ConfigError("compile", "functions that inductor can compile", first, "Say compile: off.")
