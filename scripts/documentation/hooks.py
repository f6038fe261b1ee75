"""Hooks of MkDocs: add generated and top-level pages and the notebook; links and search.

MkDocs runs this file in .venv-docs, so it imports the standard library and MkDocs only.
"""

import base64
import json
import os
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "build" / "reference"
TOP_LEVEL = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "reporting-vulnerabilities.md",
    "infra/gcp/README.md": "infra-gcp.md",
    "reports/README.md": "course-report.md",
}
"""Pages outside docs/, and their names on the site."""

NOT_SEARCHED = ("changelog", "course-report", "decisions/0", "gcp-review", "serving-review")
"""Beginnings of pages that would hide the answers in the results of a search."""

QUESTION = re.compile(r"^\| (.+\?) \| (.+) \|$", re.MULTILINE)
NOTEBOOK, NOTEBOOK_PAGE = "notebook.ipynb", "notebook.md"

CODE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)#\s]*)(?P<anchor>#[^)\s]*)?\)")
EXTERNAL = re.compile(r"[a-z]+:")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and those outside docs/.

    Args:
        files: What MkDocs found in docs/.
        config: The configuration.

    Returns:
        The same files and more.
    """
    for page in sorted(GENERATED.glob("*.md")):
        files.append(File.generated(config, f"reference/{page.name}", content=page.read_text()))
    for source, name in TOP_LEVEL.items():
        if (ROOT / source).exists():
            files.append(File.generated(config, name, content=(ROOT / source).read_text()))
    for name, content in notebook_files((ROOT / "docs" / NOTEBOOK).read_text()).items():
        files.append(File.generated(config, name, content=content))
    return files


def notebook_files(notebook: str) -> dict[str, str | bytes]:
    """Convert the notebook to a page with pictures.

    Args:
        notebook: In Jupyter's format.

    Returns:
        Contents by name in the site.
    """
    page: list[str] = []
    pictures: dict[str, str | bytes] = {}
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"])
        page.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for output in cell.get("outputs", []):
            if "text" in output:
                page.append(f"```text\n{''.join(output['text'])}```")
            else:
                name = f"notebook_{len(pictures) + 1}.png"
                pictures[name] = base64.b64decode(output["data"]["image/png"])
                page.append(f"![Figure {len(pictures)}]({name})")
    return {NOTEBOOK_PAGE: "\n\n".join(page) + "\n", **pictures}


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite links to files that are not pages of the site.

    Args:
        markdown: The page's text.
        page: The page.
        config: The configuration.
        files: All files of the site.

    Returns:
        The text with links within the site, and to the repository if its address is known.
    """
    uri = page.file.src_uri
    source = {name: path for path, name in TOP_LEVEL.items()}.get(uri, f"docs/{uri}")
    blocks: list[str] = []

    def hide(match: re.Match[str]) -> str:
        blocks.append(match[0])
        return f"\0{len(blocks) - 1}\0"

    def rewrite(match: re.Match[str]) -> str:
        return _rewrite(match, source, uri, files)

    text = LINK.sub(rewrite, CODE.sub(hide, markdown))
    return re.sub(r"\0(\d+)\0", lambda match: blocks[int(match[1])], text)


def _rewrite(match: re.Match[str], source: str, uri: str, files: Files) -> str:
    target = match["target"]
    if not target or EXTERNAL.match(target):
        return match[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    name = TOP_LEVEL.get(path, path.removeprefix("docs/"))
    name = NOTEBOOK_PAGE if name == NOTEBOOK else name
    if path.startswith("docs/") or path in TOP_LEVEL:
        if files.get_file_from_path(name) is None:
            return match[0]  # MkDocs reports it
        relative = posixpath.relpath(name, posixpath.dirname(uri) or ".")
        return f"{match['image']}[{match['text']}]({relative}{match['anchor'] or ''})"
    repository: Any = os.environ.get("GITHUB_REPOSITORY")
    if repository and not match["image"]:
        address = f"https://github.com/{repository}/blob/{os.environ['GITHUB_SHA']}/{path}"
        return f"[{match['text']}]({address})"
    return str(match["text"])


def on_post_build(config: MkDocsConfig) -> None:
    """Let the search find the questions of the first page, and leave out records.

    Args:
        config: The configuration.
    """
    file = Path(config.site_dir) / "search" / "search_index.json"
    index = json.loads(file.read_text())
    pages = [page for page in index["docs"] if not page["location"].startswith(NOT_SEARCHED)]
    index["docs"] = [*question_entries((ROOT / "docs" / "index.md").read_text()), *pages]
    file.write_text(json.dumps(index))


def question_entries(text: str) -> list[dict[str, str]]:
    """Return an entry of the search index per question, which leads to the page that answers it.

    Args:
        text: The first page.
    """
    entries = []
    for number, (question, answer) in enumerate(QUESTION.findall(text)):
        link = LINK.search(answer)
        assert link is not None, question
        # Locations identify the entries, and the page has entries of its sections.
        page = link["target"].replace("README.md", "index.md").replace(".md", ".html")
        location = f"{page}?question={number}{link['anchor'] or ''}"
        answer = LINK.sub(r"\g<text>", answer)
        entries.append({"location": location, "title": question, "text": f"{question} {answer}"})
    return entries
