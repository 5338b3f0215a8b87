"""What a lack of memory looks like."""

from __future__ import annotations

import torch

PROGRAM = "aoti_torch_empty_strided"  # what failed, where a compiled program asked for memory


def out_of_memory(error: Exception) -> bool:
    """Is it an allocator's refusal, of a GPU's or the CPU's?"""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return "allocate memory" in str(error) or PROGRAM in str(error)


def fault_of(error: Exception) -> str:
    """An allocator's refusal in a line."""
    if PROGRAM in str(error):  # the line that names it says where the program's code lies
        return "a compiled program can't allocate memory"
    return str(error).splitlines()[0]
