"""The numbers by which states are advanced in blocks of time steps."""

import sympy
from brian2.units import second

from brian2_nmda.lowering.in_blocks import Blocks
from brian2_nmda.symbolic.expressions import dimensions_of, symbol, to_text, unit_text
from brian2_nmda.symbolic.system import System


class Coefficients:
    """The numbers of the recursion, which are shared variables of the synapses."""

    def __init__(self, system: System, blocks: Blocks, where: str) -> None:
        self.system, self.blocks, self.where = system, blocks, where
        found: dict[str, sympy.Expr] = {}
        for k in range(len(blocks.linear)):
            found |= {f"blocks_carry_{k}_{m}": e for m, e in enumerate(blocks.carry[k])}
            found |= {f"blocks_gain_{k}_{m}": e for m, e in enumerate(blocks.gains[k])}
            found[f"blocks_shift_{k}"] = blocks.shifts[k]
        for k, follower in enumerate(blocks.followers):
            found |= {f"blocks_theta_{k}_{m}": t.theta for m, t in enumerate(follower.thresholds)}
            for m, (slope, rest) in enumerate(follower.cases):
                found |= {f"blocks_slope_{k}_{m}": slope, f"blocks_rest_{k}_{m}": rest}
        found |= {f"blocks_given_{k}": symbol(n) for k, n in enumerate(blocks.given)}
        self.expressions = {n: e for n, e in found.items() if e != 0}

    @property
    def names(self) -> list[str]:
        """Of those that are not zero."""
        return list(self.expressions)

    def declarations(self) -> list[str]:
        """Lines for the equations of the synapses."""
        known = self.system.dimensions()
        dims = {**known, "dt": second.dim}
        dims |= {d.name: dimensions_of(d.factor, known, self.where) for d in self.blocks.drives}
        return [
            f"{n} : {unit_text(dimensions_of(e, dims, self.where))} (shared)"
            for n, e in self.expressions.items()
        ]

    def code(self) -> str:
        """Statements that compute them from parameters and the time step."""
        return "\n".join(f"{n} = {to_text(e)}" for n, e in self.expressions.items())
