from __future__ import annotations

from typing import Any

from rlbatch.compare.report.sections.origin import configs, versions


def test_every_config_is_there_as_it_was(two: dict[str, Any]) -> None:
    two["regimes"]["doubling"]["config"] = "a: <b>\n  c: 1\n"
    text = configs(two)
    assert "<pre>a: &lt;b&gt;\n  c: 1\n</pre>" in text
    assert text.count("<details>") == 2


def test_versions_and_hardware_come_in_order(two: dict[str, Any]) -> None:
    two["hardware"] = {"threads": [1, 2], "gpu": None, "cpu": {"cores": 2, "brand": "x"}}
    text = versions(two)
    assert "<dt>rlbatch</dt><dd>0.1.0</dd><dt>torch</dt>" in text
    assert "<dd>brand: x, cores: 2</dd><dt>gpu</dt><dd>–</dd><dt>threads</dt><dd>1, 2</dd>" in text
