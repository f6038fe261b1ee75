from typing import Any

import pytest
from google.auth.exceptions import GoogleAuthError
from requests.exceptions import ConnectionError, Timeout

from components.deployers.cloud_run.api import CloudRun
from components.deployers.cloud_run.traffic import LIVE, target
from faces.errors import OperationError
from tests.unit.components.deployers.cloud_run.google import ERRORS, SERVICE, Google, Retry
from tests.unit.components.deployers.cloud_run.test_revision import CONFIG

AUTOMATIC = {"scaling_mode": "AUTOMATIC", "manual_instance_count": None}
STOPPED = {"scaling_mode": "MANUAL", "manual_instance_count": 0}
TRAFFIC = [target("a", 100, LIVE)]


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Google:
    google = Google()
    google.install(monkeypatch)
    return google


@pytest.fixture
def api(google: Google) -> CloudRun:
    return CloudRun(CONFIG)


def refused(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(OperationError) as error:
        call(*arguments, **options)
    return str(error.value)


def test_a_service_and_its_revisions_are_read(google: Google, api: CloudRun) -> None:
    assert api.name == SERVICE
    assert api.config == CONFIG
    assert api.find() == google.service
    assert api.revisions() == [{"name": "a"}, {"name": "b"}]
    assert api.revision("a") == {"name": f"{SERVICE}/revisions/a"}
    for retry, timeout in google.retries:
        assert isinstance(retry, Retry)
        assert (retry.initial, retry.maximum, retry.timeout, timeout) == (0.5, 2, 20, 10)


def test_only_what_changes_is_sent(google: Google, api: CloudRun) -> None:
    api.update(api.find(), traffic=TRAFFIC)
    assert google.service["traffic"] == TRAFFIC
    assert google.requests == ["get_service", "update_service"]


TRANSIENT = [
    *(ERRORS[n]() for n in ("TooManyRequests", "ServiceUnavailable", "Forbidden", "Unauthorized")),
    ConnectionError(),
    Timeout(),
]


@pytest.mark.parametrize("failure", TRANSIENT, ids=lambda failure: type(failure).__name__)
def test_a_request_that_may_succeed_later_is_sent_again(
    failure: Exception, google: Google, api: CloudRun
) -> None:
    google.failures = [failure]
    assert api.find() == google.service
    assert google.requests == ["get_service"] * 2


@pytest.mark.parametrize("name", ["BadRequest", "NotFound", "Conflict"])
def test_a_request_that_cannot_succeed_is_sent_once(
    name: str, google: Google, api: CloudRun
) -> None:
    google.failures = [ERRORS[name]()]
    refused(api.find)
    assert google.requests == ["get_service"]


def test_what_google_refuses_is_reported_with_a_remedy(google: Google, api: CloudRun) -> None:
    def failing(*failures: Exception) -> None:
        google.failures = list(failures)

    failing(*[ERRORS["Forbidden"]()] * 2)
    cause = f"Google refused to read the service of {SERVICE} (403): this identity lacks a role"
    assert refused(api.find).startswith(cause)
    failing(ERRORS["NotFound"]())
    assert refused(api.revisions).startswith(f"Google refused to list the revisions of {SERVICE} (")
    failing(ERRORS["BadRequest"]("x" * 300))
    cause = f"Google refused to read a revision of {SERVICE} (400): "
    assert refused(api.revision, "a") == cause + "x" * 200
    failing(ERRORS["RetryError"](None))
    assert refused(api.find).endswith("(0): the time is over")
    failing(*[ConnectionError()] * 2)
    cause = "Google does not respond (ConnectionError): is this machine online?"
    assert refused(api.find) == cause
    failing(GoogleAuthError("expired"))
    cause = "Google rejected the login (expired): the login was rejected: gcloud auth "
    assert refused(api.find).startswith(cause)


@pytest.mark.parametrize("changes", [{"traffic": TRAFFIC}, {"scaling": AUTOMATIC}])
def test_a_lost_response_is_no_error(changes: Any, google: Google, api: CloudRun) -> None:
    service = api.find()
    google.failures, google.lost = [ConnectionError()], True
    api.update(service, **changes)
    assert google.service["etag"] == "1'"


def test_a_lost_response_to_a_new_revision_is_no_error(google: Google, api: CloudRun) -> None:
    service = api.find()
    google.failures, google.lost = [ConnectionError()], True
    template = {"revision": "b"}
    api.update(service, template=template, traffic=TRAFFIC, scaling=STOPPED)
    google.service["scaling"] = {"scaling_mode": "MANUAL"}
    api.update(service, template=template, traffic=TRAFFIC, scaling=STOPPED)


@pytest.mark.parametrize(
    "changes",
    [
        {"template": {"revision": "b"}, "traffic": TRAFFIC, "scaling": AUTOMATIC},
        {"template": {"revision": "a"}, "traffic": [target("a", 100)], "scaling": AUTOMATIC},
        {"template": {"revision": "a"}, "traffic": TRAFFIC, "scaling": STOPPED},
        {"scaling": {"scaling_mode": "AUTOMATIC", "manual_instance_count": 1}},
    ],
)
def test_a_change_by_someone_else_is_a_conflict(
    changes: Any, google: Google, api: CloudRun
) -> None:
    stale = api.find()
    api.update(stale, template={"revision": "a"}, traffic=TRAFFIC, scaling=AUTOMATIC)
    cause = f"Google refused to change the service of {SERVICE} (409): another deployment is in"
    assert refused(api.update, stale, **changes).startswith(cause)


def test_a_secret_is_stored_once(google: Google, api: CloudRun) -> None:
    parent = "projects/p/secrets/s"
    assert api.store_secret("s", "one") == f"{parent}/versions/1"
    assert api.store_secret("s", "one") == f"{parent}/versions/1"
    assert api.store_secret("s", "two") == f"{parent}/versions/2"
    assert google.secrets == {parent: [b"one", b"two"]}
    google.failures = [ERRORS["Forbidden"]()] * 2
    cause = f"Google refused to read a secret of {SERVICE} (403)"
    assert refused(api.store_secret, "s", "three").startswith(cause)
    google.failures = [GoogleAuthError("expired")]
    assert refused(api.store_secret, "s", "three").startswith("Google rejected the login")
    google.secrets[parent].clear()
    google.failures = [ERRORS["NotFound"](), ERRORS["BadRequest"]()]
    cause = f"Google refused to add a secret version of {SERVICE} (400)"
    assert refused(api.store_secret, "s", "three").startswith(cause)
