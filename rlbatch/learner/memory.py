"""What a lack of memory looks like."""

from __future__ import annotations

import torch


def out_of_memory(error: Exception) -> bool:
    """Is it an allocator's refusal, of a GPU's or the CPU's?"""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return "allocate memory" in str(error)  # what torch's allocator on a CPU raises
