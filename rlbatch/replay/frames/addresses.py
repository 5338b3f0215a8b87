"""Bytes at an address, for numba kernels: a pool is many blocks, and a kernel takes few arrays."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

RUN = 64  # words compared at a time: long enough for vector registers, short enough to stop early
WORD = 8  # bytes
OCTETS = ir.IntType(8).as_pointer()


def _load(context: Any, address: Any, at: Any, bits: int, found: Any) -> Any:
    """The number `at` places from an address, which need not be aligned."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer())
        return builder.load(builder.gep(start, [arguments[1]]), align=1)

    return found(types.int64, types.int64), generate


@intrinsic
def _word(context: Any, address: Any, at: Any) -> Any:
    """The `at`-th int64 from an address."""
    return _load(context, address, at, 64, types.int64)


@intrinsic
def _octet(context: Any, address: Any, at: Any) -> Any:
    """The `at`-th byte from an address."""
    return _load(context, address, at, 8, types.uint8)


@intrinsic
def _copy(context: Any, to: Any, source: Any, nbytes: Any) -> Any:
    """Copies bytes from one address to another; they do not overlap."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        ends = [builder.inttoptr(address, OCTETS) for address in arguments[:2]]
        kinds = [OCTETS, OCTETS, ir.IntType(64)]
        copy = builder.module.declare_intrinsic("llvm.memcpy", kinds)
        builder.call(copy, [*ends, arguments[2], ir.IntType(1)(0)])
        return target.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def _clear(context: Any, to: Any, nbytes: Any) -> Any:
    """Writes zeros to an address."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start = builder.inttoptr(arguments[0], OCTETS)
        clear = builder.module.declare_intrinsic("llvm.memset", [OCTETS, ir.IntType(64)])
        builder.call(clear, [start, ir.IntType(8)(0), arguments[1], ir.IntType(1)(0)])
        return target.get_dummy_value()

    return types.void(types.int64, types.int64), generate


word: Any = _word  # numba passes the context itself
octet: Any = _octet
copy: Any = _copy
clear: Any = _clear


@numba.njit(cache=True)
def equal(one: Any, other: Any, nbytes: Any) -> bool:
    """Do the same bytes lie at two addresses?"""
    words = nbytes // WORD
    whole = words - words % RUN
    for start in range(0, whole, RUN):
        difference = 0
        for at in range(start, start + RUN):
            difference |= word(one, at) ^ word(other, at)
        if difference != 0:
            return False
    difference = 0
    for at in range(whole, words):
        difference |= word(one, at) ^ word(other, at)
    for at in range(words * WORD, nbytes):
        difference |= octet(one, at) ^ octet(other, at)
    return difference == 0
