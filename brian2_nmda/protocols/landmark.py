"""Landmarks: what a model gives beside what was published, row by row."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brian2_nmda.protocols.saving import write_whole


@dataclass(frozen=True)
class Comparison:
    """One comparison of a model with the literature.

    Attributes
    ----------
    what : str
        The quantity, with its unit.
    model : str
        What the model gives.
    published : str
        What was published, or the sign or order that was.
    source : str
        Where; ``'unverified'`` if the number was not read in the paper.
    met : bool
        Whether they agree in the sense that `published` states.
    """

    what: str
    model: str
    published: str
    source: str
    met: bool


@dataclass
class Landmark:
    """A result of the literature and how a model meets it.

    Parameters
    ----------
    title : str
        The result in a few words, with its paper.
    differences : str
        Where model and data differ, and why, in sentences.
    rows : list of Comparison
        The comparisons; `add` appends them.
    data : dict
        What the figure of the landmark shows, by name.

    Examples
    --------
    >>> found = Landmark('Resting potential', 'None are known.')
    >>> found.add('potential (mV)', -70.04, '-70', 'a textbook', met=True)
    >>> print(found)  # doctest: +NORMALIZE_WHITESPACE
    Resting potential
      quantity        model   published  met  source
      potential (mV)  -70.04  -70        yes  a textbook
      None are known.
    >>> found.met
    True
    """

    title: str
    differences: str
    rows: list[Comparison] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    def add(self, what: str, model: float | str, published: str, source: str, *, met: bool) -> None:
        """Add a row; a number of the model is printed with four digits.

        Parameters
        ----------
        what, published, source : str
            As in `Comparison`.
        model : float or str
            The value of the model, in the unit that `what` names.
        met : bool
            Whether it agrees with what was published.
        """
        text = model if isinstance(model, str) else f"{model:.4g}"
        self.rows.append(Comparison(what, text, published, source, bool(met)))

    @property
    def met(self) -> bool:
        """Whether all rows agree."""
        return all(row.met for row in self.rows)

    def table(self) -> list[list[str]]:
        """Return the rows as text, the header first."""
        header = ["quantity", "model", "published", "met", "source"]
        body = [[r.what, r.model, r.published, "yes" if r.met else "NO", r.source] for r in self.rows]
        return [header, *body]

    def __str__(self) -> str:
        table = self.table()
        widths = [max(len(line[k]) for line in table) for k in range(len(table[0]))]
        lines = ["  ".join(x.ljust(w) for x, w in zip(line, widths, strict=True)).rstrip() for line in table]
        return "\n".join([self.title, *(f"  {line}" for line in [*lines, self.differences])])

    def markdown(self) -> str:
        """Return heading, table and differences as Markdown."""
        header, *body = self.table()
        lines = [f"| {' | '.join(line)} |" for line in (header, ["---"] * len(header), *body)]
        return "\n".join([f"## {self.title}", "", *lines, "", self.differences, ""])


def write_table(landmarks: Iterable[Landmark], path: str | Path) -> None:
    """Write landmarks to a Markdown file, which appears only when it is complete.

    Parameters
    ----------
    landmarks : iterable of Landmark
    path : str or Path
        The file to write.
    """
    landmarks = list(landmarks)
    rows = [row for landmark in landmarks for row in landmark.rows]
    met = sum(row.met for row in rows)
    text = "\n".join(
        [
            "# Landmarks",
            "",
            "Written by `brian2-nmda landmarks --out docs/landmarks.md`. Each row has the value of the model",
            f"beside what was published: {met} of {len(rows)} agree. Some rows ask for a sign or an order",
            "only; a source that is called unverified was not read for this table.",
            "",
            *(landmark.markdown() for landmark in landmarks),
        ]
    )
    write_whole(path, lambda part: part.write_text(text))
