"""The documentation site's generator and checks."""

import json
import re
from pathlib import Path

import pytest

from components.deployers.container_images import IMAGES
from pipelines.shared.registry import pipeline_names
from scripts.documentation.check_site import problems
from scripts.documentation.graph import ROOT, Graph, pipeline_graph
from scripts.documentation.markdown import cell, table
from scripts.documentation.overview_page import overview_page
from scripts.documentation.svg import draw_graph
from scripts.documentation.tutorial import tidy
from scripts.documentation.variables import VARIABLES

SET_BY_OTHERS = {
    "CONTENT_LENGTH", "CONTENT_TYPE", "PATH_INFO", "QUERY_STRING", "REQUEST_METHOD",  # WSGI
    "NO_GCE_CHECK", "PAYLOAD_PASSTHROUGH", "PYTHONWARNINGS", "WORKDIR",
    "prometheus_multiproc_dir", "GITHUB_REPOSITORY", "GITHUB_SHA", "PATH",
}  # fmt: skip
"""Keys of `os.environ` and of WSGI's environ that users do not set."""

VARIABLE_PATTERNS = (r'environ(?:\.\w+\(|\[)"(\w+)"', r'"(\w+)" in os\.environ')


def test_a_pipelines_graph_follows_its_code() -> None:
    graph = pipeline_graph("rollback")
    assert graph.edges >= {("select_previous_version", "deploy_model")}
    assert not any(graph.steps.values())
    graph = pipeline_graph("deployment")
    assert graph.steps["select_production_version"] is False
    assert graph.steps["start_canary"] is True
    assert ("deploy_model", "verify_endpoint") in graph.reduced()
    assert pipeline_graph("training").modules["fit_features"] == "steps.training.fit_features"


@pytest.mark.parametrize("name", pipeline_names())
def test_every_pipeline_has_steps_and_a_drawing(name: str) -> None:
    graph = pipeline_graph(name)
    drawing = draw_graph(graph.steps, graph.reduced(), name)
    assert drawing.count("<rect") == len(graph.steps) > 0
    assert drawing.count("<path d=") == len(graph.reduced()) + 1
    assert "http" not in drawing.replace("http://www.w3.org/2000/svg", "")


def test_edges_that_follow_from_others_are_left_out() -> None:
    graph = Graph({"a": False, "b": False, "c": False}, {}, {("a", "b"), ("b", "c"), ("a", "c")})
    assert graph.reduced() == {("a", "b"), ("b", "c")}


def test_every_environment_variable_is_documented() -> None:
    used: set[str] = set()
    for folder in ("app", "cli", "components", "faces", "pipelines", "serving", "stacks", "store"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text()
            for pattern in VARIABLE_PATTERNS:
                used |= set(re.findall(pattern, text))
    known = {name for name in used - SET_BY_OTHERS if not name.startswith("HTTP_")}
    assert known - set(VARIABLES) == set()
    named_by_constants = {"OMP_NUM_THREADS", "FACES_LOG_FORMAT"}
    assert set(VARIABLES) - known == named_by_constants


def test_problems_of_a_site_are_found(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text('<h1 id="top">x</h1><a href="#top">y</a>')
    assert list(problems(tmp_path)) == []
    (tmp_path / "bad.html").write_text(
        '<a href="good.html#none">a</a><a href="missing.html">b</a>'
        '<script src="https://cdn.example/x.js"></script><a href="https://example.org">c</a>'
    )
    (tmp_path / "search").mkdir()
    entries = [{"location": f"good.html?question=1#{anchor}"} for anchor in ("top", "none")]
    (tmp_path / "search" / "search_index.json").write_text(json.dumps({"docs": entries}))
    (tmp_path / "bad.css").write_text("@import 'https://fonts.example/font.css'")
    assert list(problems(tmp_path)) == [
        "bad.html loads https://cdn.example/x.js",
        "bad.html links to good.html#none: no such anchor",
        "bad.html links to missing.html, which does not exist",
        "the search links to good.html?question=1#none: no such anchor",
        "bad.css loads from another host",
    ]


def test_cells_stay_in_their_row() -> None:
    assert cell("a |\n b <c>") == "a \\| b &lt;c>"
    assert table(("x", "y"), [("1", "2")]) == "| x | y |\n|---|---|\n| 1 | 2 |\n"


def test_output_of_the_tutorial_has_no_paths_of_this_machine() -> None:
    output = (
        f"\nsqlite:////tmp/x/zenml/local_stores/{'0' * 8}-0000-0000-0000-{'0' * 12}/mlflow.db\n"
    )
    shown = tidy(output, "/tmp/x")
    assert shown == "sqlite:///~/.config/zenml/local_stores/…/mlflow.db"


def test_the_packages_and_images_of_the_overview_are_those_of_the_project() -> None:
    page = overview_page()
    for package in ("cli", "pipelines", "stacks", "faces"):
        assert f">{package}</text>" in page
    for image in IMAGES:
        assert f"| `{image}` | " in page


def test_the_steps_in_the_tutorials_output_exist() -> None:
    steps = {step for name in pipeline_names() for step in pipeline_graph(name).steps}
    tutorial = (ROOT / "docs" / "tutorial.md").read_text()
    shown = set(re.findall(r"✓ (.+) [\d.]+s$", tutorial, re.MULTILINE))
    assert len(shown) > 20
    assert {name.replace(" ", "_") for name in shown} - steps == set()
