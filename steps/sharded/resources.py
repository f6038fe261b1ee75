"""What a job for one shard needs."""

from typing import Any

from zenml.config import ResourceSettings
from zenml.config.base_settings import BaseSettings
from zenml.config.retry_config import StepRetryConfig

SHARD: dict[str, dict[str, Any] | BaseSettings] = {
    "resources": ResourceSettings(cpu_count=4, memory="8GB")
}
"""Settings of a step for one shard. Because of them, Vertex AI runs it as a separate job."""

RETRY = StepRetryConfig(max_retries=2, delay=5)
"""A failed shard is repeated, while the others go on."""
