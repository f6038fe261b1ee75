import json
import logging
import sys

import pytest

from serving.access_log import log_access
from serving.log_format import FIELDS, JsonFormatter

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def as_json(record: logging.LogRecord) -> dict[str, object]:
    line = JsonFormatter().format(record)
    assert "\n" not in line
    entry: dict[str, object] = json.loads(line)
    return entry


@pytest.mark.parametrize(
    ("body", "kind", "request_id"),
    [
        (b'{"data":{},"meta":{"puid":"35704c31","tags":{}}}', "predict", "35704c31"),
        (b'{"model_name":"x","id":"7","outputs":[]}', "predict", "7"),
        (b'{"status":{"code":400}}', "predict", None),
        (b'{"puid":"somebody"}', "other", None),
    ],
)
def test_a_request_is_logged_with_its_ids(
    body: bytes, kind: str, request_id: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {"HTTP_TRACEPARENT": f"00-{TRACE}-00f067aa0ba902b7-01"}
    with caplog.at_level(logging.INFO, "serving.access"):
        log_access(environ, kind, 200, body, 0.0123)
    entry = as_json(caplog.records[-1])
    assert (entry["request"], entry["trace"], entry["status"]) == (request_id, TRACE, 200)
    assert (entry["milliseconds"], entry["bytes"]) == (12.3, len(body))
    assert "somebody" not in json.dumps(entry)
    assert caplog.messages[-1] == f"{kind} 200 {len(body)} bytes 12.3 ms trace {TRACE}"


def test_an_exception_is_one_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "it %s", ("failed",), sys.exc_info())
    entry = as_json(record)
    assert (entry["message"], entry["level"]) == ("it failed", "error")
    assert "ValueError: two\nlines" in str(entry["exception"])


def test_values_that_are_not_json_are_texts() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "m", (), None)
    setattr(record, FIELDS, {"path": sys})
    assert str(as_json(record)["path"]).startswith("<module")
