"""What all tests share: one thread, and property tests that repeat."""

from __future__ import annotations

import hypothesis
import torch

torch.set_num_threads(1)
hypothesis.settings.register_profile("house", max_examples=40, deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")
