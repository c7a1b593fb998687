"""Build the site: ``python docs/build.py [FOLDER]``. Warnings and dead links are errors.

Needs ``pip install '.[docs]'``, and no network. Links to other sites are not followed.
"""

import argparse
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

HERE = Path(__file__).parent
#: What a browser loads by itself; a link (``a``) it does not.
LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """The anchors and the links of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what the tag names and where it leads."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in LOADED and LOADED[tag] in given:
            self.loaded.append(given[LOADED[tag]])


def dead_links(site: Path) -> Iterator[str]:
    """Say, for each link that leads nowhere and each thing loaded from elsewhere, where it stands."""
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html")}
    for path, page in pages.items():
        place = path.relative_to(site.resolve())
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme in ("data", "mailto"):
                continue
            if parts.scheme or parts.netloc:
                if link in page.loaded:
                    yield f"{place} loads {link} from another site"
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not goal.exists():
                yield f"{place} leads to {link}, which does not exist"
            elif parts.fragment and goal in pages and unquote(parts.fragment) not in pages[goal].anchors:
                yield f"{place} leads to {link}, which has no such anchor"


def build(site: Path) -> int:
    """Build into a folder and check it; the exit status."""
    from sphinx.cmd.build import main as sphinx

    status = sphinx(["-W", "--keep-going", "-q", "-b", "html", str(HERE), str(site)])
    dead = list(dead_links(site))
    print(*dead, sep="\n" if dead else "")
    return status or bool(dead)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "_build")
    folder = parser.parse_args().folder
    failed = build(folder)
    print("failed" if failed else f"open {folder / 'index.html'}")
    sys.exit(failed)
