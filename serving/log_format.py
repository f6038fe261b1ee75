"""Log records as JSON, one object per line. Standard library only; used by all processes."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

TEXT, JSON = "text", "json"
FIELDS = "fields"
"""Attribute of a record with values that its JSON object has beside the message."""


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON: time, level, logger, process, message, its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record.

        Args:
            record: The record; its attribute `fields` adds to the object.

        Returns:
            One line of JSON; an exception's traceback is one more field.
        """
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def format_logs_as_json() -> None:
    """Let the handlers of the root logger write JSON."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonFormatter())


def gunicorn_logger() -> type:
    """Return gunicorn's logger with this format."""
    from gunicorn.glogging import Logger

    class JsonLogger(Logger):  # type: ignore[misc]
        """Writes gunicorn's errors as JSON."""

        def setup(self, cfg: Any) -> None:
            """Set up the handlers as gunicorn does, then change their format."""
            super().setup(cfg)
            for handler in self.error_log.handlers:
                handler.setFormatter(JsonFormatter())

    return JsonLogger
