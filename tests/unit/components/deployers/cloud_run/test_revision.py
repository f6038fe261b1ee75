import json

import pytest

from components.deployers.cloud_run.flavor import CloudRunConfig
from components.deployers.cloud_run.revision import (
    CONTENT,
    Content,
    make_template,
    read_content,
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


def test_a_revision_reads_tokens_from_a_fixed_secret_version_and_has_an_identity() -> None:
    template = make_template(CONFIG, "image", Content(ONE, SETTINGS), SECRETS)
    container, collector = template["containers"]
    assert collector["depends_on"] == [container["name"]]
    alone = CONFIG.model_copy(update={"metrics_collector": ""})
    assert len(make_template(alone, "image", Content(ONE, SETTINGS), SECRETS)["containers"]) == 1
    references = [v["value_source"]["secret_key_ref"] for v in container["env"][2:4]]
    assert references == [
        {"secret": "token", "version": "3"},
        {"secret": "feedback", "version": "1"},
    ]
    assert template["service_account"] == "serving@p"
    assert template["scaling"]["min_instance_count"] == 0
    assert container["startup_probe"]["http_get"]["path"] == "/v2/health/ready"
    assert not container["resources"]["cpu_idle"], "captured requests are uploaded in between"
    json.dumps(template)


def test_every_attempt_has_another_name() -> None:
    template = make_template(CONFIG, "image", Content(ONE, SETTINGS), SECRETS)
    names = {with_new_name(template, NAME)["revision"] for _ in range(5)}
    assert len(names) == 5
    assert all(name.startswith("face-recognizer-v1-") and len(name) < 64 for name in names)
