import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from components.deployers.cloud_run.flavor import CloudRunConfig
from components.deployers.cloud_run.revision import (
    CONTENT,
    Content,
    make_template,
    read_content,
    short_name,
    with_new_name,
)
from components.deployers.model_store import StoredModel
from components.deployers.settings import ServingSettings
from faces import NAME
from serving.tokens import FEEDBACK_TOKENS, TOKEN

CONFIG = CloudRunConfig(
    project="p", location="l", service_account="serving@p", models="gs://b", captured="gs://c"
)
SETTINGS = ServingSettings().for_server(NAME, "/data")
ONE, TWO = StoredModel("1", "gs://b/1.npz", "a"), StoredModel("2", "gs://b/2.npz", "b")
SECRETS = {
    TOKEN: "projects/1/secrets/token/versions/3",
    FEEDBACK_TOKENS: "projects/1/secrets/feedback/versions/1",
}
EXPECTED = Path(__file__).with_name("expected_template.json")


def label(content: Content) -> str:
    found: str = make_template(CONFIG, "image", content, SECRETS)["labels"][CONTENT]
    return found


@pytest.mark.parametrize("content", [Content(ONE, SETTINGS), Content(ONE, SETTINGS, TWO)])
def test_a_revision_says_what_it_serves(content: Content) -> None:
    assert read_content(make_template(CONFIG, "image", content, SECRETS)) == content


def test_the_same_content_has_the_same_label_and_other_tokens_another_one() -> None:
    content = Content(ONE, SETTINGS)
    labels = [make_template(CONFIG, "image", content, SECRETS)["labels"] for _ in range(2)]
    assert labels[0] == labels[1]
    renewed = {**SECRETS, TOKEN: "projects/1/secrets/token/versions/4"}
    for other in (
        make_template(CONFIG, "image", content, renewed),
        make_template(CONFIG, "image2", content, SECRETS),
        make_template(CONFIG, "image", Content(ONE, SETTINGS, TWO), SECRETS),
        make_template(CONFIG.model_copy(update={"memory": "2Gi"}), "image", content, SECRETS),
    ):
        assert other["labels"][CONTENT] != labels[0][CONTENT]


def test_the_template_is_the_expected_one() -> None:
    template = make_template(CONFIG, "image", Content(ONE, SETTINGS, TWO), SECRETS)
    settings = template["containers"][0]["env"][0]
    assert settings["value"] == json.dumps(asdict(SETTINGS), sort_keys=True)
    settings["value"] = template["labels"][CONTENT] = "…"
    assert template == json.loads(EXPECTED.read_text())


def test_the_label_is_a_hash_of_the_template_in_any_order_of_keys() -> None:
    template = make_template(CONFIG, "image", Content(ONE, SETTINGS), SECRETS)
    del template["labels"]
    text = json.dumps(template, sort_keys=True)
    assert label(Content(ONE, SETTINGS)) == hashlib.sha256(text.encode()).hexdigest()[:12]


def test_a_metrics_collector_can_be_left_out() -> None:
    alone = CONFIG.model_copy(update={"metrics_collector": ""})
    assert len(make_template(alone, "image", Content(ONE, SETTINGS), SECRETS)["containers"]) == 1


def test_a_name_may_have_no_parents() -> None:
    assert short_name("projects/p/revisions/r") == short_name("r") == "r"


def test_every_attempt_has_another_name() -> None:
    template = make_template(CONFIG, "image", Content(ONE, SETTINGS), SECRETS)
    names = {with_new_name(template, NAME)["revision"] for _ in range(5)}
    assert len(names) == 5
    pattern = f"face-recognizer-v1-{label(Content(ONE, SETTINGS))[:6]}-[0-9a-f]{{4}}"
    assert all(re.fullmatch(pattern, name) for name in names)
