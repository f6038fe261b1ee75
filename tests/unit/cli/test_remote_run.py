from types import SimpleNamespace
from typing import Any

import pytest
from zenml.enums import ExecutionStatus

from cli.remote_run import MAX_FAILED_QUERIES, Job


class ServiceUnavailable(Exception):
    """Named like the exception of google.api_core."""


def job(*responses: Any) -> Job:
    queue = list(responses)

    def fetch_status(_: Any) -> tuple[Any, None]:
        response = queue.pop(0)
        if isinstance(response, Exception):
            raise response
        return response, None

    return Job(SimpleNamespace(fetch_status=fetch_status))  # type: ignore[arg-type]


RUN: Any = None


def test_failed_queries_of_a_cloud_are_repeated() -> None:
    failures = [ServiceUnavailable()] * (MAX_FAILED_QUERIES - 1)
    states = job(*failures, ExecutionStatus.RUNNING, *failures, ExecutionStatus.COMPLETED)
    seen = [states.is_finished(RUN) for _ in range(2 * MAX_FAILED_QUERIES)]
    assert seen == [False] * (2 * MAX_FAILED_QUERIES - 1) + [True]


def test_a_cloud_that_keeps_failing_ends_the_wait() -> None:
    silent = job(*[ServiceUnavailable()] * MAX_FAILED_QUERIES)
    for _ in range(MAX_FAILED_QUERIES - 1):
        assert not silent.is_finished(RUN)
    with pytest.raises(ServiceUnavailable):
        silent.is_finished(RUN)


def test_other_errors_are_raised_at_once() -> None:
    with pytest.raises(ValueError, match="our own"):
        job(ValueError("our own")).is_finished(RUN)
