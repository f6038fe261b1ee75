"""`terraform validate` with the schemas of the real providers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.access import INFRA

Validate = Callable[[Path], list[str]]


def test_infra_is_valid(validate: Validate) -> None:
    assert validate(INFRA) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "error"),
    [
        ("storage", "force_destroy ", "force_destory ", "Unsupported argument"),
        ("outputs", "pipelines.email", "pipelines.emial", "Unsupported attribute"),
        ("identities", "  account_id   = ", "  description = ", "Missing required argument"),
        ("cluster", "enable_autopilot    = true", "enable_autopilot = []", "Incorrect attribute"),
        ("endpoint", "      target_port = 9000", "      targets = 9000", "Unsupported argument"),
        ("mlflow", "    volumes {", "    volume {", "Unsupported block type"),
        ("cluster", "  role_ref {", "  roles_ref {", "Unsupported block type"),
        ("budget", "data.google_project.faces.number", "data.google_project.faces.no", "attribute"),
    ],
)
def test_a_sabotage_of_the_syntax_is_noticed(
    file: str, before: str, after: str, error: str, infra: Path, validate: Validate
) -> None:
    path = infra / f"{file}.tf"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    assert any(error in message for message in validate(infra))
