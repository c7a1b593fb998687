"""How ports join what parts give, and how names of ports are replaced by it."""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy
from brian2.units.fundamentalunits import Dimension, DimensionMismatchError

from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.ports import INPUTS

#: No name can begin like this, so the symbol of a port never meets one.
_MARK = "port "


def port(name: str) -> sympy.Symbol:
    """The symbol that stands for a port until all parts have given what they give."""
    return symbol(_MARK + name)


@dataclass(frozen=True)
class _Given:
    owner: str
    expression: sympy.Expr
    dim: Dimension
    combine: str


@dataclass(frozen=True)
class _Reader:
    owner: str
    dim: Dimension


class Ports:
    """What the parts of a model give to each other.

    Parameters
    ----------
    where : str
        Name of the model, for messages.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._given: dict[str, list[_Given]] = {}
        self._readers: dict[str, list[_Reader]] = {}

    def offer(
        self, name: str, expression: sympy.Expr, dim: Dimension, owner: str, combine: str = "one"
    ) -> None:
        """Give an expression to a port.

        Raises
        ------
        ModelError
            If two parts give a port that takes one, or disagree on how it joins them.
        DimensionMismatchError
            If they disagree on its dimensions.
        """
        earlier = self._given.setdefault(name, [])
        for other in earlier:
            if other.combine != combine:
                raise ModelError(
                    f"{self.where}: {other.owner} gives '{name}' with combine='{other.combine}', {owner} "
                    f"with combine='{combine}'; both have to say the same."
                )
            if combine == "one":
                raise ModelError(
                    f"{self.where}: both {other.owner} and {owner} give '{name}', which takes one part; "
                    "leave one of them out, rename what it gives, or say in both how they join: "
                    f"{name} = gives(..., combine='sum'), 'product' or 'chain'."
                )
            if other.dim is not dim:
                raise DimensionMismatchError(
                    f"{self.where}: {other.owner} and {owner} give '{name}' with different dimensions",
                    other.dim,
                    dim,
                )
        earlier.append(_Given(owner, expression, dim, combine))

    def read(self, name: str, dim: Dimension, owner: str) -> sympy.Symbol:
        """Note that a part reads a port; return the symbol that stands for it."""
        self._readers.setdefault(name, []).append(_Reader(owner, dim))
        return port(name)

    def joined(self, name: str) -> sympy.Expr | None:
        """What a port holds, in terms of names and other ports; ``None`` if nothing is given."""
        given = self._given.get(name)
        if not given:
            return None
        combine = given[0].combine
        if combine == "sum":
            return sympy.Add(*(g.expression for g in given))
        if combine == "product":
            return sympy.Mul(*(g.expression for g in given))
        value = given[0].expression
        if combine == "chain" and value.has(port(name)):
            raise ModelError(
                f"{self.where}: {given[0].owner} changes '{name}', but no part before it gives what it "
                f"changes; add one with {name} = gives(..., combine='chain') that does not read '{name}', or "
                "put it first."
            )
        for g in given[1:]:
            value = g.expression.xreplace({port(name): value})
        return value

    def solved(self) -> Mapping[sympy.Symbol, sympy.Expr]:
        """The expression behind each port that is read.

        Raises
        ------
        ModelError
            If nothing gives a port, or ports read each other in a circle.
        DimensionMismatchError
            If a part reads a port with other dimensions.
        """
        found: dict[sympy.Symbol, sympy.Expr] = {}
        for name, readers in self._readers.items():  # all of them first: what is given may read a port, too
            self._check_readers(name, readers)
        for name in self._readers:
            found[port(name)] = self._solve(name, ())
        return found

    def _check_readers(self, name: str, readers: list[_Reader]) -> None:
        given = self._given.get(name)
        if not given:
            first = readers[0].owner
            provided = INPUTS.get(name)
            known = ", ".join(sorted(self._given)) or "nothing"
            advice = (
                f"add {provided.provider} ({provided.meaning})"
                if provided is not None
                else f"add a part whose class body has '{name} = gives(...)', in parts=[...]"
            )
            raise ModelError(
                f"{self.where}: {first} needs '{name}', which no part gives (given are: {known}); {advice}."
            )
        for reader in readers:
            if reader.dim is not given[0].dim:
                raise DimensionMismatchError(
                    f"{self.where}: {reader.owner} needs '{name}' with other dimensions than "
                    f"{given[0].owner} gives it: write the same unit in needs('{name}', unit=...) and in "
                    f"{name} = gives(..., unit=...); needed and given are",
                    reader.dim,
                    given[0].dim,
                )

    def _solve(self, name: str, on_the_way: tuple[str, ...]) -> sympy.Expr:
        if name in on_the_way:
            circle = [*on_the_way[on_the_way.index(name) :], name]
            owners = ", ".join(dict.fromkeys(g.owner for n in circle for g in self._given[n]))
            raise ModelError(
                f"{self.where}: the ports {' <- '.join(circle)} of {owners} read each other in a circle "
                "without a state between; let one of them follow by a state of its own."
            )
        value = self.joined(name)
        inner = [x.name.removeprefix(_MARK) for x in value.free_symbols if x.name.startswith(_MARK)]
        return value.xreplace({port(n): self._solve(n, (*on_the_way, name)) for n in sorted(inner)})
