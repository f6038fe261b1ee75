"""Rules and dashboard refer to metrics that the server has."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("serving/metrics.py", "serving/metrics_port.py")
METRIC = re.compile(r"\bfaces_[a-z_]+")
DERIVED = re.compile(r"_(total|bucket|sum|count)$")


@pytest.mark.parametrize("file", ["monitoring/rules.yaml", "infra/gcp/dashboard.json"])
def test_every_metric_is_one_of_the_servers(file: str) -> None:
    source = "".join((ROOT / name).read_text() for name in SOURCES)
    known = set(re.findall(r'"(faces_[a-z_]+)"', source))
    used = {DERIVED.sub("", name) for name in METRIC.findall((ROOT / file).read_text())}
    assert len(used) > 3
    assert used <= known


def test_the_dashboard_is_json_with_prometheus_queries() -> None:
    tiles = json.loads((ROOT / "infra/gcp/dashboard.json").read_text())["mosaicLayout"]["tiles"]
    for tile in tiles:
        (data,) = tile["widget"]["xyChart"]["dataSets"]
        assert data["timeSeriesQuery"]["prometheusQuery"]
