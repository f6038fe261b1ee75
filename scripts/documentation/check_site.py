"""Check the built site: it requests nothing from other hosts, and its anchors exist.

python -m scripts.documentation.check_site build/site
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("link", "href")}
"""Elements and attributes whose address a browser requests with the page."""


class _Page(HTMLParser):
    """What a page loads, links to, and can be linked to."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect addresses and ids."""
        for name, value in attrs:
            if not value:
                continue
            if name in ("id", "name"):
                self.anchors.add(value)
            if (tag, name) in LOADED and ("rel", "canonical") not in attrs:
                self.loaded.append(value)
            if (tag, name) == ("a", "href"):
                self.links.append(value)


def problems(site: Path) -> Iterator[str]:
    """Find what is wrong with a site.

    Args:
        site: Folder of the built site.

    Yields:
        One line for each problem.
    """
    pages = {file.resolve(): _read(file) for file in site.rglob("*.html")}
    for file, page in pages.items():
        name = file.relative_to(site.resolve())
        for address in page.loaded:
            if urlsplit(address).netloc:
                yield f"{name} loads {address}"
        yield from _broken_links(site, file, page.links, pages)
    index = site / "search" / "search_index.json"
    if index.exists():
        found = [entry["location"] for entry in json.loads(index.read_text())["docs"]]
        yield from _broken_links(site, (site / "the search").resolve(), found, pages)
    for file in site.rglob("*.css"):
        text = file.read_text()
        if "url(http" in text or 'url("http' in text or "@import" in text:
            yield f"{file.relative_to(site)} loads from another host"


def _broken_links(
    site: Path, file: Path, links: Iterable[str], pages: Mapping[Path, _Page]
) -> Iterator[str]:
    name = file.relative_to(site.resolve())
    for link in links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        folder = site if parts.path.startswith("/") else file.parent
        target = (folder / unquote(parts.path).lstrip("/")).resolve() if parts.path else file
        if not target.exists():
            yield f"{name} links to {link}, which does not exist"
        elif not _has_anchor(pages.get(target), parts.fragment):
            yield f"{name} links to {link}: no such anchor"


def _has_anchor(page: _Page | None, fragment: str) -> bool:
    return page is None or not fragment or unquote(fragment) in page.anchors


def _read(file: Path) -> _Page:
    page = _Page()
    page.feed(file.read_text())
    return page


if __name__ == "__main__":
    found = list(problems(Path(sys.argv[1])))
    print("\n".join(found) or "The site loads nothing from other hosts, and all links resolve")
    sys.exit(bool(found))
