"""Commands and links in the documentation."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(
    ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()
PAGES = [ROOT / name for name in TRACKED if not name.endswith("/template.md")]
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
WRITTEN = re.compile(
    r"(?:> |--summary |--csv |--export |--out |--page )([\w./-]+\.(?:jsonl?|html|env|md|png|csv))\b"
)
PEOPLE = re.compile(r"--data ([\w./-]+)(?![\w./:-])")
"""A folder with images of people, given as a path."""
GENERATED = set(re.findall(r'"(\w+\.md)":', (ROOT / "scripts/documentation/pages.py").read_text()))
"""Pages that `make docs` writes, and checks the anchors of."""
SOURCES = {"auto", "olivetti", "synthetic", "captured", "stripes"}


def written_files() -> set[str]:
    """Files that commands in the documentation write, and folders of faces that they read."""
    code = "\n".join(block for page in PAGES for block in CODE.findall(page.read_text()))
    return set(WRITTEN.findall(code)) | (set(PEOPLE.findall(code)) - SOURCES)


def test_git_ignores_the_files_that_documented_commands_write() -> None:
    files = written_files() | {"history.html", "demo.html"}
    assert {"face.json", "result.json", "people"} <= files
    done = subprocess.run(
        ["git", "check-ignore", *(f"{name}/x" if "." not in name else name for name in files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    ignored = {name.removesuffix("/x") for name in done.stdout.split()}
    assert files - ignored == set()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub derives them."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_within_the_repository_resolve(page: Path) -> None:
    for target, anchor in LINK.findall(CODE.sub("", page.read_text())):
        path = (page.parent / target).resolve() if target else page
        if path.parent == ROOT / "docs" / "reference":
            assert path.name in GENERATED, f"{page.name} links to {target}, which is not generated"
            continue
        assert path.exists(), f"{page.name} links to {target}, which does not exist"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{page.name} links to {target}#{anchor}"


def test_every_page_is_in_the_contents_of_the_site() -> None:
    contents = (ROOT / "mkdocs.yml").read_text()
    for page in PAGES:
        if page.is_relative_to(ROOT / "docs") and page.parent.name != "decisions":
            assert f": {page.relative_to(ROOT / 'docs')}\n" in contents, page.name


def test_every_decision_record_is_complete_and_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    rows = set()
    for record in sorted(folder.glob("[0-9]*.md")):
        title, date, status, *sections = re.findall(
            r"^(?:# \d+\. |- Date: |- Status: |## )(.+)$", record.read_text(), re.MULTILINE
        )
        assert sections == ["Context", "Decision", "Alternatives", "Consequences"], record.name
        rows.add(f"| [{record.name[:4]}]({record.name}) | {title} | {date} | {status} |")
    index = (folder / "README.md").read_text().splitlines()
    assert {line for line in index if line.startswith("| [")} == rows


def test_the_terms_of_the_glossary_are_in_alphabetical_order() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    terms = [term.lower() for term in re.findall(r"^\| \*\*(.+?)\*\*", glossary, re.MULTILINE)]
    assert terms == sorted(terms)
