"""Whatever the numbers are made of, JSON takes them."""

from __future__ import annotations

import json
import math

import numpy as np

from rlbatch.compare.analysis.plain import plain


def test_arrays_and_numbers_of_numpy_become_those_of_python() -> None:
    told = {1: np.arange(3), "x": (np.float32(0.5), np.int64(2)), "b": np.bool_(True), "n": None}
    found = plain(told)
    assert found == {"1": [0, 1, 2], "x": [0.5, 2], "b": True, "n": None}
    assert type(found["b"]) is bool
    assert type(found["x"][1]) is int


def test_what_is_no_number_becomes_none_wherever_it_stands() -> None:
    told = {"a": [math.nan, {"b": np.array([1.0, np.inf])}], "c": np.float64("-inf")}
    assert plain(told) == {"a": [None, {"b": [1.0, None]}], "c": None}
    json.dumps(plain(told), allow_nan=False)
