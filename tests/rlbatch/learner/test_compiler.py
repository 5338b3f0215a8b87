"""Functions of tensors as programs: what is refused, and why."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch._inductor import cpp_builder, exc

from rlbatch.errors import ConfigError
from rlbatch.learner.compiler import compiled, lack, require_compiler


@pytest.fixture
def without_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which none is found."""

    def none() -> str:
        raise exc.InvalidCxxCompiler

    monkeypatch.setattr(cpp_builder, "get_cpp_compiler", none)
    lack.cache_clear()
    yield
    lack.cache_clear()


def test_a_machine_without_a_compiler_says_so(without_compiler: None) -> None:
    assert lack() == "no C++ compiler was found"
    message = (
        r"^compile: expected a C\+\+ compiler, got no C\+\+ compiler was found\. Install g\+\+"
    )
    with pytest.raises(ConfigError, match=message):
        require_compiler()


def test_with_a_compiler_nothing_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpp_builder, "get_cpp_compiler", lambda: "g++")
    lack.cache_clear()
    assert lack() == ""
    require_compiler()
    lack.cache_clear()


def looks(x: Tensor) -> Tensor:
    return x + 1.0 if x.sum() > 0 else x - 1.0


def asks(x: Tensor) -> Tensor:
    return x * float(x.max())


def masks(x: Tensor) -> Tensor:
    told: Tensor = torch.vmap(lambda row: row[row > 0])(x)
    return told


@pytest.mark.parametrize("function", [looks, asks, masks])
def test_a_function_that_looks_into_its_tensors_is_refused(
    function: Callable[[Tensor], Tensor],
) -> None:
    message = r"^compile: expected functions that inductor can compile, got .*Say compile: off\."
    with pytest.raises(ConfigError, match=message) as refused:
        compiled(function, [torch.ones(2, 3)])
    assert "\n" not in str(refused.value)


def test_a_fault_of_inductor_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*arguments: object, **options: object) -> None:
        raise exc.CppCompileError(["g++"], "no such file\nmore of it")

    monkeypatch.setattr(torch._inductor, "compile", breaks)
    with pytest.raises(ConfigError, match=r"^compile: expected functions .* got CppCompileError: "):
        compiled(torch.sin, [torch.ones(2)])


def test_a_lack_of_memory_is_told_as_one() -> None:
    def takes_too_much(x: Tensor) -> Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    with pytest.raises(RuntimeError, match="can't allocate memory"):
        compiled(takes_too_much, [torch.ones(2)])


@pytest.mark.parametrize("there", [True, False])
def test_pythons_headers_are_asked_for(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if there:
        (tmp_path / "Python.h").touch()
    monkeypatch.setattr(cpp_builder, "get_cpp_compiler", lambda: "g++")
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"include": str(tmp_path)})
    lack.cache_clear()
    assert lack() == ("" if there else f"no Python.h was found in {tmp_path}")
    lack.cache_clear()


def test_a_mistake_of_the_function_itself_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        compiled(lambda x: x * (1 // 0), [torch.ones(2)])


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is recorded is run as it is."""
    monkeypatch.setattr(torch._inductor, "compile", lambda graph, example, options: graph)


def slope(x: Tensor) -> Tensor:
    own = x.detach().requires_grad_()
    return torch.autograd.grad(own.pow(3).sum(), own)[0]


def test_a_program_may_take_gradients_of_its_own(uncompiled: None) -> None:
    program = compiled(slope, [torch.ones(2)])
    assert program(torch.tensor([3.0, 4.0])).tolist() == [27.0, 48.0]


def test_what_a_program_returns_has_no_gradient(uncompiled: None) -> None:
    x = torch.ones(2, requires_grad=True)
    assert not compiled(lambda x: x * 2.0, [x])(x).requires_grad


TIGHT = """
import resource
from pathlib import Path

import torch

from rlbatch.learner.compiler import compiled
from rlbatch.learner.memory import fault_of, out_of_memory

torch.set_num_threads(1)
given = torch.zeros(2048, 16), torch.zeros(16, 4096)
program = compiled(lambda one, other: torch.relu(one @ other).sum(), given)
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + (16 << 20)  # the product is of 32 MiB
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    program(*given)
except RuntimeError as fault:
    print(out_of_memory(fault), fault_of(fault))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits and counts pages as Linux does")
def test_a_program_that_finds_no_memory_is_understood() -> None:
    command = [sys.executable, "-c", TIGHT]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=200)
    assert done.stdout == "True a compiled program can't allocate memory\n", done.stderr[-2000:]
