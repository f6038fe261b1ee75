"""Training on shards: one job of Vertex AI for each shard and step."""

import re
from collections import Counter
from typing import Any

from tests.gcp.conftest import Run

SETTINGS = """
model: fisher
shards: 2
params: {components: 20, mirror: false, shift: 0}
data: {source: synthetic, people: 10, images: 6}
"""


def test_each_shard_is_a_job(cloud: Any, run: Run) -> None:
    summary = run("training", SETTINGS)
    assert summary["metrics"]["baseline_accuracy"] > 0.8
    assert summary["data"]["identities"] == 10
    jobs = [item for name, item in cloud.vertex.items.items() if "/customJobs/" in name]
    mapped = [re.search(r"map:(\w+):\d", job["displayName"]) for job in jobs]
    counts = Counter(found[1] for found in mapped if found)
    steps = ("load_shard", "measure_shard", "project_shard", "evaluate_shard")
    assert counts == dict.fromkeys(steps, 2)
    assert {job["state"] for job, found in zip(jobs, mapped, strict=True) if found} == {
        "JOB_STATE_SUCCEEDED"
    }
