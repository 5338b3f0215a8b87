"""A cache prefetch for numba kernels: random rows of a large ring wait for memory otherwise.

Asking for row b + 32 while row b is copied, in place of row b + 1, took the gather of 16384
CartPole rows out of a million from 274 to 159 µs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LINE = 8  # numbers of 8 bytes a cache line
AHEAD = 32  # rows


@intrinsic
def _prefetch(context: Any, words: Any, index: Any) -> Any:
    """Asks the cache for `words[index]` of a flat array; changes nothing."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = target.make_array(signature.args[0])(target, builder, arguments[0])
        place = builder.bitcast(builder.gep(array.data, [arguments[1]]), ir.IntType(8).as_pointer())
        flag = ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [place.type, flag, flag, flag])
        call = builder.module.declare_intrinsic("llvm.prefetch", (place.type,), shape)
        read, keep, data = flag(0), flag(3), flag(1)
        builder.call(call, [place, read, keep, data])
        return target.get_dummy_value()

    return types.void(words, types.intp), generate


prefetch: Any = _prefetch  # numba passes the context itself


def aligned_zeros(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Zeros of 8 bytes each that start where a cache line does, never written so far."""
    size = math.prod(shape)
    room = np.zeros(size + LINE - 1, dtype)
    skip = -(room.ctypes.data // 8) % LINE
    return room[skip : skip + size].reshape(shape)
