"""Model versions as the app shows them."""

from dataclasses import dataclass
from typing import Any

from zenml.models import ModelVersionResponse

from store.production import GATE, ROLLED_BACK
from store.versions import NO_STAGE


@dataclass(frozen=True)
class VersionInfo:
    """A model version, as the app shows it.

    Attributes:
        number: Its number.
        stage: Its stage: "production", "archived" or "none".
        live: Whether the endpoint serves it.
        created: When it was registered, in UTC, ISO 8601.
        model: Name of the recogniser.
        data: Source and version of its data.
        condition: The condition that it was trained on.
        people: Number of people it knows.
        accuracy: Accuracy on the baseline test, None if unknown.
        accuracy_low: Lower end of its 95 % interval.
        accuracy_high: Upper end.
        drifted_accuracy: Accuracy on the drifted images, None if there are none.
        gate: The reason of the promotion gate.
        rolled_back: Why it was rolled back; "" if it was not.
    """

    number: int
    stage: str
    live: bool
    created: str
    model: str
    data: str
    condition: str
    people: int
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    drifted_accuracy: float | None
    gate: str
    rolled_back: str


def describe_version(version: ModelVersionResponse, served: str | None) -> VersionInfo:
    """Describe a model version.

    Args:
        version: The version.
        served: Number of the version that the endpoint serves; None if nothing is deployed.

    Returns:
        What the app shows.
    """
    recorded = version.run_metadata
    metrics, settings, data = (
        _as_dict(recorded.get(name)) for name in ("metrics", "settings", "data")
    )
    return VersionInfo(
        number=version.number,
        stage=str(version.stage or NO_STAGE),
        live=str(version.number) == served,
        created=version.created.isoformat(timespec="seconds"),
        model=str(settings.get("model", "")),
        data=f"{recorded.get('data_source', '')} {recorded.get('data_version', '')}",
        condition=str(data.get("condition", "")),
        people=int(data.get("people", 0)),
        accuracy=metrics.get("baseline_accuracy"),
        accuracy_low=metrics.get("baseline_accuracy_low"),
        accuracy_high=metrics.get("baseline_accuracy_high"),
        drifted_accuracy=metrics.get("drifted_accuracy"),
        gate=str(recorded.get(GATE, "")),
        rolled_back=str(recorded.get(ROLLED_BACK, "")),
    )


def _as_dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
