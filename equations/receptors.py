"""Receptors: NMDA receptors and the AMPA receptors that share their cleft.

NMDA receptors are ionotropic. Conductances are ``gmax`` times the open fraction; the current is
``I = gmax*activation*block*(v - E)``, outward positive.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from brian2 import mM, ms, nS
from sympy import exp, log

from brian2_nmda.equations.magnesium import JahrStevens
from brian2_nmda.equations.sources import BLUE_BRAIN_EMS, BRAINPY, DESTEXHE_AMPA, WANG_2002
from brian2_nmda.symbolic.expressions import exprel
from brian2_nmda.symbolic.kinds import Receptor
from brian2_nmda.symbolic.part import Parameter, T, states

_TUNED = "chosen for the tetanus experiment of this package"


class BioNMDA(Receptor):
    r"""Second-order NMDA receptor kinetics driven by a square transmitter pulse.

    .. math::

        \dot x = \alpha_2 [T] (1 - x) - \beta_2 x \qquad
        \dot g = \alpha_1 x (1 - g) - \beta_1 g

    ``g`` is a *normalised activation*: one pulse uses 75 % of its range, so a 100 Hz train raises
    it little. Measured open probabilities are .04 to .5; scale ``gmax`` accordingly.

    References
    ----------
    BrainPy, ``brainpy.dyn.BioNMDA``, which follows Ermentrout & Terman (2010), Mathematical
    Foundations of Neuroscience.
    """

    alpha1 = Parameter(2 / ms, "opening rate of g", source=BRAINPY, sign="nonnegative")
    beta1 = Parameter(0.01 / ms, "closing rate of g", source=BRAINPY)
    alpha2 = Parameter(1 / (mM * ms), "binding rate of x", source=BRAINPY, sign="nonnegative")
    beta2 = Parameter(0.5 / ms, "unbinding rate of x", source=BRAINPY)
    gmax = Parameter(0.2 * nS, "maximal conductance", source=_TUNED, status="fitted",
                     sign="nonnegative")  # fmt: skip

    x, g = states("x g", within=(0, 1))
    dx = alpha2 * T * (1 - x) - beta2 * x
    dg = alpha1 * x * (1 - g) - beta1 * g
    activation = g

    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "second-order NMDA kinetics, saturating (BrainPy's BioNMDA)"


class WangNMDA(Receptor):
    r"""Saturating NMDA gate of Wang (1999), Brunel & Wang (2001) and Wang (2002).

    .. math::

        \dot x = -x/\tau_x, \quad x \to x + 1 \text{ at a spike} \qquad
        \dot s = \alpha x (1 - s) - s/\tau_s

    ``x`` jumps and has no upper bound, so no error bound of the integrator is known; its order is 4.

    References
    ----------
    Wang XJ (2002). Neuron 36:955. doi:10.1016/S0896-6273(02)01092-9
    """

    tau_x = Parameter(2 * ms, "rise time constant", source=WANG_2002)
    tau_s = Parameter(100 * ms, "decay time constant", source=WANG_2002)
    alpha = Parameter(0.5 / ms, "saturation rate", source=WANG_2002, sign="nonnegative")
    gmax = Parameter(0.165 * nS, "maximal conductance, recurrent onto pyramidal cells",
                     source=WANG_2002, sign="nonnegative")  # fmt: skip

    x = states("x", within=(0, None))
    s = states("s", within=(0, 1))
    dx = -x / tau_x
    ds = alpha * x * (1 - s) - s / tau_s
    on_spike = {x: x + 1}
    activation = s

    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "saturating NMDA gate driven by spikes (Wang 1999, 2002)"


class AMPA(Receptor):
    r"""First-order AMPA receptor kinetics driven by the shared transmitter pulse.

    .. math:: \dot g = \alpha [T] (1 - g) - \beta g

    References
    ----------
    Destexhe A, Mainen ZF, Sejnowski TJ (1998). Kinetic models of synaptic transmission. In: Methods in
    Neuronal Modeling, 2nd ed., MIT Press, pp. 1-25.
    """

    alpha = Parameter(1.1 / (mM * ms), "binding rate", source=DESTEXHE_AMPA,
                      sign="nonnegative")  # fmt: skip
    beta = Parameter(0.19 / ms, "unbinding rate", source=DESTEXHE_AMPA)
    gmax = Parameter(0.5 * nS, "maximal conductance: 20 receptors of 25 pS", source=_TUNED,
                     status="fitted", sign="nonnegative")  # fmt: skip

    g = states("g", within=(0, 1))
    dg = alpha * T * (1 - g) - beta * g
    activation = g

    default_label = "AMPA"
    summary = "first-order AMPA kinetics (Destexhe family)"


class _TwoExponential(Receptor):
    """Equations of a linear conductance; see `TwoExponentialNMDA`."""

    s, g = states("s g", within=(0, None))
    tau_rise = Parameter(1 * ms, "rise time constant")
    tau_decay = Parameter(10 * ms, "decay time constant")
    ds = -s / tau_rise
    dg = -g / tau_decay + s * exp(1 / exprel(log(tau_decay / tau_rise))) / tau_rise
    on_spike = {s: s + 1}
    activation = g


class TwoExponentialNMDA(_TwoExponential):
    r"""Linear NMDA conductance with exponential rise and decay, peak-normalised.

    One spike gives ``g = f (exp(-t/tau_decay) - exp(-t/tau_rise))`` with the factor ``f`` for which
    the peak is 1; spikes add. The equations stay exact where both time constants are equal (then
    ``g`` is an alpha function).
    """

    tau_rise = Parameter(0.29 * ms, "rise time constant", source=BLUE_BRAIN_EMS)
    tau_decay = Parameter(43 * ms, "decay time constant", source=BLUE_BRAIN_EMS)
    gmax = Parameter(0.2 * nS, "peak conductance of one spike", source=_TUNED, status="fitted",
                     sign="nonnegative")  # fmt: skip

    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "linear two-exponential NMDA conductance"


class TwoExponentialAMPA(_TwoExponential):
    """Linear AMPA conductance with exponential rise and decay; see `TwoExponentialNMDA`."""

    tau_rise = Parameter(0.2 * ms, "rise time constant", source=BLUE_BRAIN_EMS)
    tau_decay = Parameter(1.7 * ms, "decay time constant", source=BLUE_BRAIN_EMS)
    gmax = Parameter(0.5 * nS, "peak conductance of one spike", source=_TUNED, status="fitted",
                     sign="nonnegative")  # fmt: skip

    default_label = "AMPA"
    summary = "linear two-exponential AMPA conductance"
