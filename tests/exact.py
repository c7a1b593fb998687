"""The equations of a model integrated by SciPy between events; nothing of a plan is used."""

import heapq

import numpy as np
import sympy
from scipy.integrate import solve_ivp

from brian2_nmda.export.nmodl_text import power_of
from brian2_nmda.symbolic.expressions import numeric, symbol
from brian2_nmda.symbolic.template import Pulse


def exact(model, record, times, spikes, v, post_spikes=(), w=1.0, rtol=1e-11, method="LSODA"):
    """Values of ``record`` in SI units at ``times`` (s), at a fixed voltage (V)."""
    s = model.system
    pulses = sorted({p for _, e in s.expressions() for p in e.atoms(Pulse)}, key=str)
    flags = [f"flag{k}" for k in range(len(pulses))]
    shown = {p: p.args[0] * symbol(f) for p, f in zip(pulses, flags, strict=True)}
    names = list(s.states)
    values = {**s.values(), "v": v}

    def function(expressions):
        whole = sympy.Tuple(*(s.inserted(s.inserted(e).xreplace(shown)) for e in expressions))
        return numeric(whole, [*names, *flags], values)

    rate = function(s.rates[n] for n in names)
    conductance = {r.total_name: w * r.conductance for r in s.receptors}
    current = {
        r.current_name: r.current.xreplace({symbol(r.total_name): conductance[r.total_name]})
        for r in s.receptors
    }
    known = {**conductance, **current}
    shown_values = function(known.get(n, symbol(n)) for n in record)
    jump = {
        kind: [(names.index(n), function([e])) for n, e in changes.items()]
        for kind, changes in (("pre", s.on_spike), ("post", s.on_post_spike))
    }
    timing = [function([p.args[1], p.args[2] if len(p.args) > 2 else sympy.S.One]) for p in pulses]
    y = np.array([s.initial[n] for n in names])
    atol = np.array([10.0 ** (power_of(s.states[n].dim) - 15) for n in names])
    on, until = np.zeros(len(pulses)), np.full(len(pulses), -1.0)
    queue = [(t, "pre") for t in spikes] + [(t, "post") for t in post_spikes] + [(times[-1] + 1e-6, "end")]
    heapq.heapify(queue)
    found, t = [], 0.0
    while queue:
        at, kind = heapq.heappop(queue)
        inside = times[(times > t) & (times <= at)]
        if at > t:
            until_now = np.concatenate([inside, [at]])
            course = solve_ivp(
                lambda _, y, on=tuple(on): np.array(rate(*y, *on), float), (t, at), y, method, until_now,
                rtol=rtol, atol=atol,
            )  # fmt: skip
            assert course.success, course.message
            found += [shown_values(*c, *on) for c in course.y.T[:-1]]
            y, t = course.y[:, -1].copy(), at
        for i, change in jump.get(kind, ()):
            y[i] = change(*y, *on)[0]
        if kind == "pre":
            for k, of in enumerate(timing):
                length, starts = of(*y, *on)
                if starts:
                    on[k], until[k] = 1, t + length
                    heapq.heappush(queue, (until[k], "off"))
        on[until <= t + 1e-13] = 0
    return dict(zip(record, np.array(found, float).T, strict=True))
