"""Pages that are made before Sphinx reads the sources."""

from collections.abc import Mapping
from pathlib import Path


def write_pages(folder: Path, texts: Mapping[str, str]) -> None:
    """Write by name what has changed, so that Sphinx reads no more than that, and remove other pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
