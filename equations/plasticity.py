"""Plasticity: the number of AMPA receptors on the membrane is the stored weight."""

from brian2 import psiemens as pS
from brian2 import second, umolar
from sympy import Heaviside, Min

from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import Ca_eff, Event, Parameter, g_initial, states

_TUNED = "chosen for the tetanus experiment of this package"
_GAMMA = "assumed; single-channel conductances of AMPA receptors are 10 to 30 pS"


class ReceptorInsertion(Plasticity):
    r"""Calcium-dependent insertion and removal of AMPA receptors.

    .. math::

        \dot n = k_{ins} H(Ca_{eff} - \theta_p)(n_{max} - n) - k_{rem} H(Ca_{eff} - \theta_d)(n - n_{min})

    High calcium (CaMKII) inserts, moderate calcium (phosphatases) removes. The receptor's
    conductance becomes ``n*gamma*activation``; at the start ``n = gmax/gamma``.
    """

    gamma = Parameter(25 * pS, "unitary conductance", source=_GAMMA, status="assumed")
    k_ins = Parameter(0.40 / second, "insertion rate", source=_TUNED, status="fitted",
                      sign="nonnegative")  # fmt: skip
    k_rem = Parameter(5.7e-4 / second, "removal rate", source=_TUNED, status="fitted",
                      sign="nonnegative")  # fmt: skip
    theta_p = Parameter(1.8 * umolar, "threshold of insertion", source=_TUNED, status="fitted")
    theta_d = Parameter(0.12 * umolar, "threshold of removal", source=_TUNED, status="fitted")
    n_min = Parameter(10.0, "receptors that always stay", source=_TUNED, status="fitted",
                      sign="nonnegative")  # fmt: skip
    n_max = Parameter(40.0, "places for receptors", source=_TUNED, status="fitted")

    n = states("n", within=(n_min, n_max), initial=g_initial / gamma, meaning="AMPA receptors")
    dn = k_ins * Heaviside(Ca_eff - theta_p) * (n_max - n) - k_rem * Heaviside(Ca_eff - theta_d) * (n - n_min)
    conductance = n * gamma * symbol("activation")

    summary = "AMPA receptors inserted at high, removed at moderate calcium"


class CoincidenceInsertion(Plasticity):
    r"""Discrete insertion: five receptors per coincidence event.

    An event is an upward crossing of ``theta_p`` by ``Ca_eff``; it is re-armed when ``Ca_eff`` falls
    below ``theta_d``. There is no removal event.
    """

    gamma = Parameter(25 * pS, "unitary conductance", source=_GAMMA, status="assumed")
    step = Parameter(5.0, "receptors inserted per event", status="assumed",
                     source="the text this package was started from")  # fmt: skip
    theta_p = Parameter(1.8 * umolar, "threshold of an event", source=_TUNED, status="fitted")
    theta_d = Parameter(0.12 * umolar, "re-arms below", source=_TUNED, status="fitted")
    n_max = Parameter(40.0, "places for receptors", source=_TUNED, status="fitted")

    n = states("n", within=(0, n_max), initial=g_initial / gamma, meaning="AMPA receptors")
    armed = states("armed", within=(0, 1), initial=1, meaning="1 when an event may happen")
    dn = 0
    darmed = 0
    events = (
        Event(armed * Heaviside(Ca_eff - theta_p), {n: Min(n + step, n_max), armed: 0}),
        Event(Heaviside(theta_d - Ca_eff), {armed: 1}),
    )
    conductance = n * gamma * symbol("activation")

    summary = "five AMPA receptors per coincidence event, no removal"
