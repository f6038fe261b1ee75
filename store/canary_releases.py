"""The state of the canary release on the active stack, from the artifacts of the runs."""

from dataclasses import asdict

from pydantic import TypeAdapter

from faces.evaluation.canary_release import CanaryRelease
from store.deployments import log_record, read_records

CANARY = "canary_release"
"""The artifact that each look at a canary release leaves."""


def record_release(release: CanaryRelease) -> None:
    """Attach the state of a release to the artifact of the running step.

    Args:
        release: Its state.
    """
    log_record(CANARY, {**asdict(release), "phase": release.phase.value})


def latest_release() -> CanaryRelease | None:
    """Return the state of the latest release, which may have ended; None if there was none."""
    records = read_records(CANARY)
    return TypeAdapter(CanaryRelease).validate_python(records[-1]) if records else None
