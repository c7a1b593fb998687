"""Whether a wrong version of a part is the same equations with other numbers, which no check can call wrong.

Twice a rate constant, say: without its source nobody knows which of the two is right. `numbers_for` looks
for values of the parameters (and for units of states without an upper bound) with which the original
equations are those of the wrong version, at random points; what it returns is a witness.
"""

import numpy as np
import sympy
from brian2.units import coulomb, joule, kelvin, mole
from brian2.units.fundamentalunits import get_dimensions
from scipy.optimize import least_squares

from brian2_nmda.conformance import points
from brian2_nmda.conformance.points import Function
from brian2_nmda.conformance.reading import expressions, named
from brian2_nmda.conformance.regions import sample

KINDS = ("rate", "role", "gift", "jump", "condition", "latency", "initial")
#: Constants of nature and temperatures are no numbers of a model.
FIXED = {kelvin.dim, get_dimensions(coulomb / mole), get_dimensions(joule / (mole * kelvin))}
#: Largest difference, relative to the size of each expression: that of a fit that has converged.
SAME = 1e-8
#: A term that a factor makes vanish is dropped, not another number.
FURTHEST = 100.0


def _stated(part):
    return {w.name: w for w in expressions(part) if w.kind in KINDS}


def numbers_for(part, wrong):
    """Factors by name with which ``part`` is ``wrong``; None if there are none."""
    stated = _stated(part)
    if set(stated) != set(_stated(wrong)):
        return None
    t, values = part.template, points.generic_values(part, np.random.default_rng(20261128))
    fitted = {n for n, p in t.parameters.items() if values[n] and not p.bath and p.dim not in FIXED}
    thresholds = {
        s.name
        for w in stated.values()
        for step in points.plain(w.expression, named(part)).atoms(sympy.Heaviside)
        for s in step.free_symbols
    }
    units = [n for n, s in t.states.items() if s.within[1] is None and n not in thresholds]
    numbers = sorted(fitted - thresholds)  # no slope leads to the outcome of a threshold
    for free, scaled in ((numbers, []), (numbers, units)):
        found = _fit(part, wrong, values, free, scaled)
        if found is not None:
            return found
    return None


def _fit(part, wrong, values, free, units):
    """Factors of parameters and of units of states, by least squares in their logarithms."""
    if not free:
        return None
    rng, t, stated = np.random.default_rng(20261128), part.template, _stated(part)
    point = sample(part, values, rng, 60)
    point["released"], point["xi"] = np.ones_like(point["v"]), rng.normal(size=np.size(point["v"]))
    function = Function({n: w.expression for n, w in stated.items()}, named(part))
    target = Function({n: w.expression for n, w in _stated(wrong).items()}, named(wrong))(point)
    size = {n: np.max(np.abs(x)) or 1.0 for n, x in target.items()}

    def differences(logs):
        factor = dict(zip([*free, *units], np.exp(logs), strict=True))
        here = {**point, **{n: values[n] * factor[n] for n in free}}
        here.update({n: point[n] / factor[n] for n in units})
        found = function(here)
        unit = {n: factor[w.of] if w.of in units and w.kind != "role" else 1.0 for n, w in stated.items()}
        off = [np.ravel((found[n] * unit[n] - target[n]) / size[n]) for n in stated]
        return np.nan_to_num(np.concatenate(off), nan=1e3)

    def pulled(logs):  # weakly towards 1, where several numbers would do
        return np.concatenate([differences(logs), 1e-10 * logs])

    start = np.zeros(len(free) + len(units))
    bound = np.log(FURTHEST)
    fit = least_squares(
        pulled, start, bounds=(-bound, bound), xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=100
    )
    factors = dict(zip([*free, *units], np.exp(fit.x), strict=True))
    if np.max(np.abs(differences(fit.x))) > SAME:
        return None
    if any(t.parameters[n].sign == "fraction" and values[n] * factors[n] > 1 + 1e-9 for n in free):
        return None
    return {n: round(float(x), 3) for n, x in factors.items() if abs(x - 1) > 1e-3}
