from datetime import UTC, datetime
from typing import Any

import pytest

from components.deployers.cloud_run.state import live_content, read_status, require_live
from components.deployers.endpoint import Endpoint, EndpointStatus, State
from faces.errors import UserError
from tests.unit.components.deployers.cloud_run.service import FAILED, STARTING

LOGS = "gcloud run services logs read face-recognizer --region l"


def test_before_the_first_deployment_nothing_is_live(service: Any) -> None:
    assert live_content(service) is None
    with pytest.raises(UserError, match="nothing is deployed yet"):
        require_live(service)


def test_the_live_revision_says_what_is_served(service: Any) -> None:
    service.deploy("1")
    service.deploy("2")
    assert require_live(service).model.version == "2"
    assert live_content(service) == require_live(service)


def test_the_status_is_that_of_the_live_revision(service: Any) -> None:
    service.deploy("1")
    (revision,) = service.created
    revision["create_time"] = "2026-11-25T12:00:00Z"
    name = service.traffic[0]["revision"]

    def check(state: State, detail: str, since: datetime | None = None) -> None:
        endpoint = Endpoint("https://run", "1")
        assert read_status(service) == EndpointStatus(endpoint, state, detail, since, LOGS)

    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    check(State.RUNNING, f"revision {name} is ready", noon)
    service.states["1"] = [FAILED]
    check(State.FAILED, f"revision {name}: why")
    service.states["1"] = [STARTING]
    check(State.FAILED, f"revision {name}: CONDITION_RECONCILING")
    service.states["1"].clear()
    service.service["scaling"] = {"scaling_mode": "MANUAL", "manual_instance_count": 1}
    check(State.RUNNING, f"revision {name} is ready", noon)
    for stopped in ({"manual_instance_count": 0}, {}):
        service.service["scaling"] = {"scaling_mode": "MANUAL", **stopped}
        check(State.STOPPED, "")
