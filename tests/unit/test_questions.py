"""Questions of newcomers: the first page names each, and links to the page that answers it."""

import re

import pytest

from tests.unit.test_documentation import ROOT

INDEX = (ROOT / "docs" / "index.md").read_text()
ROWS = re.findall(r"^\| (.+\?) \| (.+) \|$", INDEX, re.MULTILINE)

ANSWERS = {
    "Where do I change the threshold?": ("threshold", "reference/settings.md", "threshold=0.05"),
    "Who is in version 7?": ("who version 7", "reproducibility.md", "lineage --version 7"),
    "How do I forget a person?": ("forget person", "privacy.md", "--pipeline forget --person"),
    "What does exit code 2 mean?": ("exit code 2", "reference/commands.md", "wrong input"),
    "How do I undo a deployment?": ("previous version", "tutorial.md", "--pipeline rollback"),
    "Why was my model not promoted?": ("why not promoted", "tutorial.md", "the gate's reason"),
    "Can it recognise my family?": ("my own pictures", "how-to/own-people.md", "--data people"),
    "How do I add a model?": ("add model", "how-to/extend.md", "faces/models/recognisers"),
    "Where is everything stored?": ("where stored", "files.md", "ZENML_CONFIG_PATH"),
    "How do I call the endpoint?": ("call endpoint", "serving.md", "/api/v1.0/predictions"),
}
"""Words of the row on the first page, the page that it links to, and what that page says."""


def text_of(page: str) -> str:
    if page == "reference/commands.md":
        from scripts.documentation.command_pages import EXIT_CODES

        return str(EXIT_CODES)
    if page == "reference/settings.md":
        from pipelines.drift_detection import SETTINGS

        assert "threshold" in SETTINGS.model_fields
        return INDEX
    return (ROOT / "docs" / page).read_text()


@pytest.mark.parametrize("question", ANSWERS)
def test_a_question_is_answered_one_click_from_the_first_page(question: str) -> None:
    words, page, answer = ANSWERS[question]
    (row,) = [
        links for text, links in ROWS if set(words.split()) <= set(re.findall(r"\w+", text.lower()))
    ]
    assert f"]({page}" in row
    assert answer in text_of(page)
