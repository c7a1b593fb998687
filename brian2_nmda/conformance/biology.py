"""Checks of block, current, calcium, drugs and co-agonist.

Each check is a generator: what it yields are failures in words. It raises `NotApplicable` where it has
nothing to say. Tolerances are relative to the size of the terms that are compared.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy

from brian2_nmda.conformance import points
from brian2_nmda.conformance.points import MOLAR, Function
from brian2_nmda.conformance.reading import named, reads
from brian2_nmda.conformance.regions import draw_states
from brian2_nmda.conformance.sampling import (
    Failures,
    at_values,
    one_number,
)
from brian2_nmda.conformance.subject import NotApplicable, Subject
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.kinds import Antagonist, Block, Calcium, ChannelBlocker, CoAgonist, Receptor
from brian2_nmda.symbolic.part import INPUTS, Part, Template


def _settled(part: Part, point: Mapping[str, Any]) -> dict[str, Any]:
    """``point`` with the states of a part at their steady state, for rates that are linear in the states.

    Raises `NotApplicable` where they are not.
    """
    t = part.template
    moving = [n for n in t.states if t.rates[n] != 0]
    if not moving:
        return dict(point)
    rates = {n: points.plain(t.rates[n], named(part)) for n in moving}
    n = max(np.size(x) for x in point.values())
    flat = {k: np.broadcast_to(x, (n,)) for k, x in point.items()}
    symbols = [symbol(m) for m in moving]
    slopes = {f"{a} {b}": sympy.diff(rates[a], symbol(b)) for a in moving for b in moving}
    if any(e.has(*symbols) for e in slopes.values()):
        raise NotApplicable("kinetics that are not linear in their states")
    zero = {m: np.zeros(n) for m in moving}
    rest = Function(rates)({**flat, **zero})
    slope = Function(slopes)({**flat, **zero})
    a = np.array([[slope[f"{i} {j}"] for j in moving] for i in moving]).transpose(2, 0, 1)
    b = -np.array([rest[i] for i in moving]).T
    try:
        found = np.linalg.solve(a, b[..., None])[..., 0]
    except np.linalg.LinAlgError:
        raise NotApplicable("states without a steady state") from None
    return {**flat, **dict(zip(moving, found.T, strict=True))}


def block(subject: Subject) -> Failures:
    """A block is a fraction that rises with the voltage from 0 to 1 and is 1 without magnesium."""
    said = False
    for part in subject.of_kind(Block):
        t = part.template
        if not (reads(part, "v") or t.parameters):
            continue
        said = True

        def at(values: Mapping[str, float], v: Any, part: Part = part) -> np.ndarray:
            inputs = {
                k: one_number(x) for k, x in points.draw_inputs(points.ALL_INPUTS, subject.rng(), 1).items()
            }
            point = _settled(part, {**inputs, **values, "v": np.asarray(v, float)})
            return np.broadcast_to(
                Function({"B": part.template.roles["block"]}, named(part))(point)["B"], np.shape(v)
            )

        grid = np.linspace(-0.3, 0.3, 1201)
        physiological = {n: 1.0 for n, p in t.parameters.items() if p.bath and p.dim is MOLAR}  # 1 mM
        for which, values in at_values(part, subject):
            where = f"{part.name} ({which})"
            B = at(values, grid)
            if np.any(~((B > 0) & (B <= 1))):
                bad = np.argmax(~((B > 0) & (B <= 1)))
                yield f"{where}: block = {B[bad]:.4g} at {grid[bad] * 1e3:g} mV, expected 0 < block <= 1."
                continue
            if np.any(np.diff(B) < -1e-12):
                yield f"{where}: block falls with the voltage; magnesium is driven out by depolarisation."
            # 31 e-folds of a slope of .062/mV lie in 500 mV; a slope that is half as steep leaves 1e-2
            if B[0] > 0.02 or B[-1] < 0.98:
                yield (
                    f"{where}: block goes from {B[0]:.3g} at -300 mV to {B[-1]:.3g} at 300 mV, "
                    "expected 0 to 1."
                )
            elif which == points.REFERENCE:
                yield from _blocks_at_rest(part, at({**values, **physiological}, grid), grid)
            yield from _at_one_site(part, where, values, at)
            for name, p in t.parameters.items():
                if not p.bath or p.dim is not MOLAR:  # a temperature does not block
                    continue
                if np.any(at({**values, name: 0.0}, grid) != 1):
                    yield (
                        f"{where}: block is not exactly 1 with {name} = 0; write it so that {name} "
                        "divides nothing."
                    )
                if np.any(at({**values, name: 2 * values[name]}, grid) > B + 1e-15):
                    yield f"{where}: more {name} blocks less."
    if not said:
        raise NotApplicable("no block")


def _at_one_site(part: Part, where: str, values: Mapping[str, float], at: Callable[..., Any]) -> Failures:
    """Blocked over free channels rise with a power of the concentration, as at one site (or by Hill).

    Several sites are stated by ``cooperative = '<reason>'``.
    """
    if str(getattr(part, "cooperative", "") or "").strip():
        return
    parameters = part.template.parameters
    for name in (n for n, p in parameters.items() if p.bath and p.dim is MOLAR):
        doses = 2.0 ** np.arange(-2, 3)
        ratios = [1 / at({**values, name: x}, np.array([-0.07, -0.04])) - 1 for x in doses]
        slopes = np.diff(np.log(ratios), axis=0) / np.log(2)
        if not np.all(np.isfinite(slopes)) or np.any(np.ptp(slopes, axis=0) > 1e-6):
            yield (
                f"{where}: blocked over free channels (1/block - 1) rise with the power "
                f"{slopes[0, 0]:.3g} of {name} at a quarter of a millimolar and with {slopes[-1, 0]:.3g} "
                "at four, expected one power: a channel is plugged at one site; check how often the factor "
                "is taken, or state cooperative = '<reason>'."
            )


def _blocks_at_rest(part: Part, B: np.ndarray, grid: np.ndarray) -> Failures:
    """In 1 mM magnesium most channels are blocked at rest and most conduct at the peak of a spike."""
    rest, peak = np.interp([-0.07, 0.05], grid, B)
    if rest > 0.5:
        yield (
            f"{part.name}: there is no block at rest: at -70 mV and 1 mM magnesium {100 * rest:.0f} % of the "
            "open channels conduct, expected less than half (Jahr & Stevens: 4 %); check the sign and the "
            "size of what is added to the voltage."
        )
    if peak < 0.5:
        yield (
            f"{part.name}: there is no relief of the block: at 50 mV and 1 mM magnesium {100 * peak:.0f} % "
            "of the open channels conduct, expected more than half."
        )


def current(subject: Subject) -> Failures:
    """The current vanishes at E, has the sign of v - E, and is proportional to what is open."""
    for part in subject.of_kind(Receptor):
        t = part.template
        for which, values in at_values(part, subject):
            where = f"{part.name} ({which})"
            rng = subject.rng()
            point = {**points.draw_inputs(points.ALL_INPUTS, rng, 100), **values}
            point["conductance"] = point["conductance"] + 1e-10

            def flow(
                t: Template = t, part: Part = part, point: Mapping[str, Any] = point, **changes: Any
            ) -> np.ndarray:
                here = {**point, **changes}
                return Function({"I": t.roles["current"]}, named(part))(here)["I"]

            E = values["E"]
            size = np.max(np.abs(flow()))
            at_E = np.max(np.abs(flow(v=np.full(100, E))))
            if not at_E <= 1e-12 * size:
                yield (
                    f"{where}: the current at E = {E * 1e3:.4g} mV is {at_E:.3g} A, expected 0; write "
                    "(v - E)."
                )
            above, below = flow(v=np.full(100, E + 0.02)), flow(v=np.full(100, E - 0.02))
            if not (np.all(above > 0) and np.all(below < 0)):
                yield f"{where}: the current is not outward above E and inward below; write + ...*(v - E)."
            for name in ("conductance", "block"):
                twice = flow(**{name: 2 * point[name]})
                if np.any(np.abs(twice - 2 * flow()) > 1e-12 * np.abs(2 * flow())):
                    yield f"{where}: the current is not proportional to '{name}'."
            conductance = Function({"G": t.roles["conductance"]}, named(part))
            G = conductance(point)["G"]
            for name in ("activation", "gmax"):
                if name in values or name == "activation":
                    twice = conductance({**point, name: 2 * point[name]})["G"]
                    if np.any(np.abs(twice - 2 * G) > 1e-12 * np.abs(2 * G)) or np.any(G <= 0):
                        yield f"{where}: the conductance is not proportional to '{name}'."


def calcium(subject: Subject) -> Failures:
    """Calcium flows in below its reversal potential, not without open channels; the pool relaxes to rest."""
    for part in subject.of_kind(Calcium):
        t = part.template
        for which, values in at_values(part, subject):
            where = f"{part.name} ({which})"
            inputs = points.draw_inputs(points.ALL_INPUTS, subject.rng(), 200)
            point = {**points.draw_needs(t, inputs, subject.rng(), 200), **inputs, **values}
            point["G_open"] = point["G_open"] + 1e-11
            point["v"] = -0.03 - 0.07 * subject.rng().random(200)  # below any reversal potential in use
            point.update(draw_states(part, {k: one_number(x) for k, x in point.items()}, subject.rng(), 200))
            resting = Function({"rest": t.roles["resting"]}, named(part))(point)["rest"]
            if "Ca" in t.states:
                point["Ca"] = resting * 1.3
            current = Function({"I": t.roles["current"]}, named(part))
            flow = current(point)["I"]
            if not np.all(flow < 0):
                yield (
                    f"{where}: no influx (inward, negative current) at {-30:g} to {-100:g} mV with "
                    "open channels."
                )
            if np.any(current({**point, "G_open": np.zeros(200)})["I"] != 0):
                yield f"{where}: the calcium current is not 0 with closed channels."
            twice = current({**point, "G_open": 2 * point["G_open"]})["I"]
            if np.any(np.abs(twice - 2 * flow) > 1e-12 * np.abs(2 * flow)):
                yield f"{where}: the calcium current is not proportional to the open conductance."
            if "Ca" not in t.states:
                continue
            rate = Function({"r": t.rates["Ca"]}, named(part))
            closed = {**point, "I_Ca": np.zeros(200), "G_open": np.zeros(200)}
            size = np.max(np.abs(rate(closed)["r"]))
            at_rest = rate({**closed, "Ca": resting})["r"]
            if not np.all(np.abs(at_rest) <= 1e-12 * size):
                yield (
                    f"{where}: without current dCa/dt = {np.max(np.abs(at_rest)):.3g} mM/s at rest, "
                    "expected 0."
                )
            for offset in (1e-4, -1e-5):
                if not np.all(offset * rate({**closed, "Ca": resting + offset})["r"] < 0):
                    yield f"{where}: calcium {'above' if offset > 0 else 'below'} rest does not return to it."
            if reads(part, "I_Ca") and not np.all(
                rate({**closed, "I_Ca": np.full(200, -1e-12)})["r"] > rate(closed)["r"]
            ):
                yield (
                    f"{where}: an inward (negative) calcium current of 1 pA does not raise dCa/dt; write "
                    "-...*I_Ca."
                )
            if {"F", "V"} <= set(values) and reads(part, "I_Ca"):
                bound = 1 + values.get("kappa", 0.0)
                expected = -1 / (2 * values["F"] * values["V"] * bound)
                I_Ca = np.full(200, -1e-12)
                rise = rate({**closed, "I_Ca": I_Ca})["r"] - rate(closed)["r"]
                terms = np.abs(rate(closed)["r"]) + np.abs(expected * I_Ca)
                if np.any(np.abs(rise - expected * I_Ca) > 1e-12 * terms):
                    yield (
                        f"{where}: 1 pA raises calcium by {rise[0]:.6g} mM/s, expected I/(2 F V (1 + "
                        "kappa)) = "
                        f"{expected * I_Ca[0]:.6g} mM/s."
                    )


def _doses(part: Part) -> list[str]:
    """Concentrations that may be zero: the drug or ligand itself, not its constants."""
    parameters = part.template.parameters
    return [n for n, p in parameters.items() if p.dim is MOLAR and p.sign == "nonnegative"]


def _brought(part: Part) -> list[str]:
    """Concentrations that other parts give."""
    return [n for n, need in part.template.needs.items() if need.dim is MOLAR and need.port not in INPUTS]


def _effect(part: Part, values: Mapping[str, float], subject: Subject, settle: bool) -> dict[str, np.ndarray]:
    t = part.template
    inputs = points.draw_inputs(points.ALL_INPUTS, subject.rng(), 60)
    point = {**points.draw_needs(t, inputs, subject.rng(), 60), **inputs, **values}
    point["T"] = point["T"] + 0.01
    if settle:
        point = _settled(part, point)
    else:
        for name, state in t.states.items():
            point[name] = Function({"x": state.initial}, named(part))(point)["x"]
    roles = {n: t.roles[n] for n in type(part)._roles if n in t.roles}
    found = Function(roles, named(part))(point)
    if "transmitter" in found:
        found["transmitter"] = found["transmitter"] / point["T"]
    found["rates"] = (
        sum(np.abs(x) for x in Function(t.rates, named(part))(point).values()) if t.rates else 0.0
    )
    return found


def drug(subject: Subject) -> Failures:
    """Without the drug nothing changes, exactly; more of it never acts less."""
    for part in subject.of_kind((Antagonist, ChannelBlocker)):
        doses = _doses(part)
        if not doses:
            yield f"{part.name}: no parameter is a concentration that may be 0 (sign='nonnegative')."
            continue
        for which, values in at_values(part, subject):
            where = f"{part.name} ({which})"
            off = _effect(part, {**values, **dict.fromkeys(doses, 0.0)}, subject, settle=False)
            for name, x in off.items():
                expected = 0 if name == "rates" else 1
                if np.any(x != expected):
                    what = "a state moves" if name == "rates" else f"'{name}' is changed"
                    yield (
                        f"{where}: {what} although {', '.join(doses)} = 0; a drug that is not there "
                        "does nothing."
                    )
            for dose in doses:
                course = [
                    _effect(part, {**values, dose: values[dose] * f}, subject, settle=True)
                    for f in (1e-3, 0.1, 1.0, 10.0, 1e3)
                ]
                for name in course[0]:
                    if name == "rates":
                        continue
                    xs = np.array([np.broadcast_to(c[name], (60,)) for c in course])
                    if np.any(np.diff(xs, axis=0) > 1e-12) or not np.any(xs[-1] < xs[0]):
                        yield f"{where}: '{name}' does not fall as {dose} rises."


def coagonist(subject: Subject) -> Failures:
    """Without ligand no channel can open, with plenty all can, and in between more is more."""
    for part in subject.of_kind(CoAgonist):
        doses = [n for n in _doses(part) if n not in part.competing]
        if not doses:
            yield f"{part.name}: no parameter is a concentration that may be 0 (sign='nonnegative')."
            continue
        for which, values in at_values(part, subject):
            where = f"{part.name} ({which})"
            scale = points.generic(
                part.template.parameters, subject.rng(), 0.0
            )  # a size where the value is 0

            def occupancy(
                factor: float, part: Part = part, values: Any = values, scale: Any = scale, doses: Any = doses
            ) -> np.ndarray:
                here = {**values, **{n: scale[n] * factor for n in doses}}
                here |= {n: points.TYPICAL[MOLAR] * factor for n in _brought(part)}
                return np.broadcast_to(_effect(part, here, subject, settle=True)["occupancy"], (60,))

            if np.any(occupancy(0.0) != 0):
                yield f"{where}: occupancy is not 0 without ligand."
            if np.any(np.abs(occupancy(1e9) - 1) > 1e-3):
                yield f"{where}: occupancy does not reach 1 at saturating {', '.join(doses)}."
            course = np.array([occupancy(f) for f in (1e-4, 1e-2, 1.0, 1e2)])
            if np.any(np.diff(course, axis=0) < -1e-15) or np.any(course[-1] <= course[0]):
                yield f"{where}: occupancy does not rise with {', '.join(doses)}."
            for name in part.competing:
                drugged = [
                    _effect(part, {**values, name: x}, subject, settle=True)["occupancy"]
                    for x in (0.0, scale[name], 100 * scale[name])
                ]
                if np.any(np.diff(np.broadcast_arrays(*drugged), axis=0) >= 0):
                    yield f"{where}: '{name}' competes for the sites, but occupancy does not fall with it."
