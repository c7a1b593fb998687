"""Receptors: NMDA receptors and the AMPA receptors that share their cleft.

NMDA receptors are ionotropic. Conductances are ``gmax`` times the open fraction; the current is
``I = gmax*activation*block*(v - E)``, outward positive.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import sympy
from brian2 import Hz, mM, ms, mV, nS
from brian2.units.fundamentalunits import Quantity
from sympy import exp, log

from brian2_nmda.equations.magnesium import JahrStevens
from brian2_nmda.equations.sources import (
    BLUE_BRAIN_EMS,
    BRAINPY,
    BRUNEL_WANG,
    DAINAUSKAS,
    DESTEXHE_AMPA,
    DESTEXHE_NMDA,
    DRAVID_2C,
    HANSEN,
    NEST_BW,
    SHOUVAL_CODE,
    WANG_2002,
    WANG_BRIAN,
    WOLF,
    YEUNG,
)
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import exprel, numeric, symbol
from brian2_nmda.symbolic.kinds import Receptor
from brian2_nmda.symbolic.part import Parameter, Preset, T, define, released, states

_TUNED = "chosen for the tetanus experiment of this package"


def _of_networks(
    wang: Mapping[str, float], brunel: Mapping[str, float], **times: tuple[float, float]
) -> dict[str, Preset]:
    """Presets of the networks of Wang (2002) and of Brunel & Wang (2001), conductances in nS by synapse.

    ``times`` are the time constants that the two networks do not share, in ms.
    """
    found = {}
    for k, (network, source, sizes) in enumerate(
        (("Wang 2002", WANG_BRIAN, wang), ("Brunel & Wang 2001", BRUNEL_WANG, brunel))
    ):
        of_network = {n: pair[k] * ms for n, pair in times.items()}
        for synapse, size in sizes.items():
            found[f"{network}, {synapse}"] = Preset(source, {"gmax": size * nS, **of_network})
    return found


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
    on_spike = {x: x + released}
    activation = s

    def mean_activation(self, rate: Quantity, terms: int = 40) -> float:
        r"""Mean of s under Poisson input, in the approximation of Brunel & Wang (2001), psi(nu).

        With ``z = alpha*tau_x``, ``N = nu*z*tau_s`` and ``a = tau_x*(1 + N)/tau_s``,

        .. math:: \psi = \frac{N}{1+N}\left[1 + \frac{1}{1+N} \sum_{n \ge 1}
                  \frac{(-z)^n}{(n+1)!} \frac{n!}{(a+1) \cdots (a+n)}\right]

        It neglects correlations between x and s: 1 to 5 % above the exact mean for ``z = 1``, and not
        usable for ``z`` well above 1 (45 % too high at 1 Hz for ``z = 4``).

        Parameters
        ----------
        rate : Quantity
            Presynaptic rate.
        terms : int
            Terms of the sum.

        Examples
        --------
        >>> from brian2 import Hz
        >>> from brian2_nmda import WangNMDA
        >>> round(WangNMDA().mean_activation(10*Hz), 5)
        0.41104

        References
        ----------
        Brunel N, Wang XJ (2001). J Comput Neurosci 11:63. doi:10.1023/A:1011204814320
        """
        nu, alpha, tau_x, tau_s = map(symbol, ("nu", "alpha", "tau_x", "tau_s"))
        z = alpha * tau_x
        load = nu * z * tau_s
        a = tau_x * (1 + load) / tau_s
        term, total = sympy.S.One, sympy.S.Zero
        for n in range(1, terms + 1):
            term = -term * z / (a + n)
            total += term / (n + 1)
        return _at_rate(self, load / (1 + load) * (1 + total / (1 + load)), rate)

    presets: ClassVar[Mapping[str, Preset]] = _of_networks(
        {"onto pyramidal cells": 0.165, "onto interneurons": 0.13},
        {"onto pyramidal cells": 0.327, "onto interneurons": 0.258},
    )
    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "saturating NMDA gate driven by spikes (Wang 1999, 2002); presets of his networks"


def _at_rate(receptor: Receptor, expression: sympy.Expr, rate: Quantity) -> float:
    """The value of an expression of the presynaptic rate ``nu``."""
    if not isinstance(rate, Quantity) or rate.dim is not Hz.dim or not float(rate) >= 0:
        raise ModelError(f"{receptor.name}: rate has to be a rate, e.g. 10*Hz, found {rate!r}.")
    return float(numeric(expression, [], {**receptor.template.values(), "nu": float(rate)})())


def _asymptotic_jump(z: sympy.Expr, r: sympy.Expr, terms: int = 40) -> sympy.Expr:
    """``z**r * (lower incomplete gamma function of 1 - r at z)``, by a series of positive terms.

    After Kummer's transformation it is ``z exp(-z) sum_n z**n/((1-r)(2-r)...(n+1-r))``.
    """
    total = sympy.S.One
    for n in range(terms, 0, -1):
        total = 1 + z / (n + 1 - r) * total
    return z * exp(-z) / (1 - r) * total


class WangJumpNMDA(Receptor):
    r"""Wang's gate with an instantaneous rise, as in NEST's ``iaf_bw_2001`` (once ``iaf_wang_2002``).

    .. math:: \dot s = -s/\tau_s, \quad s \to s + k_0 + k_1 s \text{ at a spike}

    ``k_0`` and ``k_1`` are those for which s agrees with `WangNMDA` long after an isolated spike. With
    ``z = alpha*tau_x`` and ``r = tau_x/tau_s``, ``k_0`` is z exp(-z) (1/(1-r) + z/((1-r)(2-r)) +
    z**2/((1-r)(2-r)(3-r)) + ...) to its 41st term, and ``k_1`` is exp(-z) - 1.

    The rise is lost (5.6 % too high 5 ms after a spike), x is taken as 0 at each spike, and s can exceed 1
    by 2.6 % at very high rates. ``alpha*tau_x`` may be at most 10 (series), ``tau_x`` has to be
    below ``tau_s``.

    References
    ----------
    NEST, ``iaf_bw_2001``; Brunel N, Wang XJ (2001). J Comput Neurosci 11:63. doi:10.1023/A:1011204814320
    """

    tau_x = Parameter(2 * ms, "rise time constant", source=NEST_BW)
    tau_s = Parameter(100 * ms, "decay time constant", source=NEST_BW)
    alpha = Parameter(0.5 / ms, "saturation rate", source=NEST_BW)
    gmax = Parameter(0.165 * nS, "maximal conductance, recurrent onto pyramidal cells",
                     source=WANG_2002, sign="nonnegative")  # fmt: skip

    s = states("s", within=(0, None))
    ds = -s / tau_s
    k_0 = define(_asymptotic_jump(alpha * tau_x, tau_x / tau_s), meaning="jump from 0")
    k_1 = define(exp(-alpha * tau_x) - 1, meaning="loss by saturation")
    on_spike = {s: s + released * (k_0 + k_1 * s)}
    activation = s

    def mean_activation(self, rate: Quantity) -> float:
        """Mean of s under Poisson input, exact for this model: ``nu*tau_s*k0/(1 - nu*tau_s*k1)``.

        Examples
        --------
        >>> from brian2 import Hz
        >>> from brian2_nmda.equations import WangJumpNMDA
        >>> round(WangJumpNMDA().mean_activation(10*Hz), 5)
        0.39728
        """
        s, tau_s, nu = map(symbol, ("s", "tau_s", "nu"))
        jump = self.template.on_spike["s"].xreplace({released: sympy.S.One}) - s
        named = {symbol(n): d.expression for n, d in self.template.definitions.items()}
        jump = jump.xreplace(named)
        k_0 = jump.xreplace({s: sympy.S.Zero})
        k_1 = sympy.diff(jump, s)
        return _at_rate(self, nu * tau_s * k_0 / (1 - nu * tau_s * k_1), rate)

    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "Wang's gate with a jump per spike (NEST's iaf_bw_2001)"


class FirstOrderNMDA(Receptor):
    r"""First-order NMDA kinetics, the simplest scheme of Destexhe, Mainen and Sejnowski.

    .. math:: \dot r = \alpha [T] (1 - r) - \beta r

    Use it with ``TransmitterPulse.preset('Destexhe 1998')``; where Destexhe ignores spikes within 2 ms of
    the last release, here they prolong the pulse.

    References
    ----------
    Destexhe A, Mainen ZF, Sejnowski TJ (1998). Kinetic models of synaptic transmission. In: Methods in
    Neuronal Modeling, 2nd ed., MIT Press, pp. 1-25.
    """

    alpha = Parameter(0.072 / (mM * ms), "binding rate", source=DESTEXHE_NMDA, sign="nonnegative")
    beta = Parameter(0.0066 / ms, "unbinding rate", source=DESTEXHE_NMDA)
    gmax = Parameter(0.2 * nS, "maximal conductance", source=_TUNED, status="fitted",
                     sign="nonnegative")  # fmt: skip

    r = states("r", within=(0, 1))
    dr = alpha * T * (1 - r) - beta * r
    activation = r

    presets: ClassVar[Mapping[str, Preset]] = {
        "Destexhe 1998": Preset(DESTEXHE_NMDA, {"alpha": 0.072 / (mM * ms), "beta": 0.0066 / ms}),
        "GluN2A, Dainauskas 2023": Preset(DAINAUSKAS, {"alpha": 0.5 / (mM * ms), "beta": 0.024 / ms}),
        "GluN2B, Dainauskas 2023": Preset(DAINAUSKAS, {"alpha": 0.1 / (mM * ms), "beta": 0.0075 / ms}),
        "GluN2C, Dainauskas 2023": Preset(DAINAUSKAS, {"alpha": 0.1 / (mM * ms), "beta": 0.002 / ms}),
        "GluN2D, Dainauskas 2023": Preset(DAINAUSKAS, {"alpha": 0.1 / (mM * ms), "beta": 0.002 / ms}),
    }
    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "first-order NMDA kinetics (Destexhe); subunit presets"


class ShouvalNMDA(Receptor):
    r"""NMDA receptor of Shouval, Bear & Cooper (2002): each spike opens half of what is closed.

    .. math::

        \dot N_f = -N_f/\tau_f \qquad \dot N_s = -N_s/\tau_s \qquad
        \text{at a spike: } N_f \to N_f + I_f P_0 (1 - N_f - N_s), \;
        N_s \to N_s + (1 - I_f) P_0 (1 - N_f - N_s)

    References
    ----------
    Shouval HZ, Bear MF, Cooper LN (2002). PNAS 99:10831. doi:10.1073/pnas.152343099
    """

    P_0 = Parameter(0.5, "fraction of the closed receptors that a spike opens", source=SHOUVAL_CODE,
                    sign="fraction")  # fmt: skip
    I_f = Parameter(0.5, "fraction that closes fast", source=SHOUVAL_CODE, sign="fraction")
    tau_f = Parameter(50 * ms, "fast closing", source=SHOUVAL_CODE)
    tau_s = Parameter(200 * ms, "slow closing", source=SHOUVAL_CODE)
    gmax = Parameter(1 * nS, "conductance to which the influx of ShouvalCalcium refers", status="assumed",
                     source="arbitrary: the paper has no conductance", sign="nonnegative")  # fmt: skip

    opened = states("opened", within=(0, 1), meaning="fraction opened by the last spike")
    N_f, N_s = states("N_f N_s", within=(0, 1))
    dopened = 0
    dN_f = -N_f / tau_f
    dN_s = -N_s / tau_s
    on_spike = {
        opened: released * P_0 * (1 - N_f - N_s),
        N_f: N_f + I_f * opened,
        N_s: N_s + (1 - I_f) * opened,
    }
    activation = N_f + N_s

    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "saturating two-pool NMDA receptor (Shouval et al. 2002)"


class YeungNMDA(Receptor):
    r"""NMDA receptor of Yeung et al. (2004): every spike restarts the same course; nothing adds.

    .. math:: A(t) = I_f e^{-\Delta/\tau_f} + (1 - I_f) e^{-\Delta/\tau_s}

    with the time since the last spike.

    References
    ----------
    Yeung LC, Shouval HZ, Blais BS, Cooper LN (2004). PNAS 101:14943. doi:10.1073/pnas.0405555101
    """

    I_f = Parameter(0.7, "fraction that closes fast", source=YEUNG, sign="fraction")
    tau_f = Parameter(50 * ms, "fast closing", source=YEUNG)
    tau_s = Parameter(200 * ms, "slow closing", source=YEUNG)
    gmax = Parameter(1 * nS, "conductance to which the influx of YeungCalcium refers", status="assumed",
                     source="arbitrary: the script has no conductance", sign="nonnegative")  # fmt: skip

    A_f, A_s = states("A_f A_s", within=(0, 1))
    dA_f = -A_f / tau_f
    dA_s = -A_s / tau_s
    on_spike = {A_f: A_f + released * (I_f - A_f), A_s: A_s + released * (1 - I_f - A_s)}
    activation = A_f + A_s

    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "NMDA receptor restarted by each spike (Yeung et al. 2004)"


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


class ExponentialAMPA(Receptor):
    r"""AMPA conductance that jumps at a spike and decays: Brian2's ``g += w`` with ``dg/dt = -g/tau``.

    .. math:: \dot g = -g/\tau, \quad g \to g + 1 \text{ at a spike}

    Spikes add without a bound. A spike opens ``w*gmax``, so give ``gmax`` the increment of the script (or
    ``gmax=1*nS`` and the increment in nS as ``w``). Put two with ``label=`` into one synapse for two time
    constants.

    References
    ----------
    Wang XJ (2002). Neuron 36:955. doi:10.1016/S0896-6273(02)01092-9
    """

    tau = Parameter(2 * ms, "decay time constant", source=NEST_BW)
    gmax = Parameter(0.05 * nS, "conductance that a spike opens, recurrent onto pyramidal cells",
                     source=WANG_2002, sign="nonnegative")  # fmt: skip

    g = states("g", within=(0, None))
    dg = -g / tau
    on_spike = {g: g + released}
    activation = g

    presets: ClassVar[Mapping[str, Preset]] = _of_networks(
        {"onto pyramidal cells": 0.05, "onto interneurons": 0.04,
         "external onto pyramidal cells": 2.1, "external onto interneurons": 1.62},
        {"onto pyramidal cells": 0.104, "onto interneurons": 0.081,
         "external onto pyramidal cells": 2.08, "external onto interneurons": 1.62},
    )  # fmt: skip
    default_label = "AMPA"
    summary = "AMPA conductance with a jump and one exponential; presets of Wang's networks"


class ExponentialGABA(ExponentialAMPA):
    """GABA-A conductance that jumps at a spike and decays; see `ExponentialAMPA`.

    It reverses at -70 mV. Give inhibitory neurons a model of their own; ``post_equations(excitatory,
    inhibitory)`` puts both on one target.

    References
    ----------
    Wang XJ (2002). Neuron 36:955. doi:10.1016/S0896-6273(02)01092-9
    """

    tau = Parameter(5 * ms, "decay time constant", source=NEST_BW)
    gmax = Parameter(1.3 * nS, "conductance that a spike opens, onto pyramidal cells", source=WANG_2002,
                     sign="nonnegative")  # fmt: skip
    E = Parameter(-70 * mV, "reversal potential", source=NEST_BW, sign="real")

    presets: ClassVar[Mapping[str, Preset]] = _of_networks(
        {"onto pyramidal cells": 1.3, "onto interneurons": 1.0},
        {"onto pyramidal cells": 1.25, "onto interneurons": 0.973},
        tau=(5, 10),
    )
    default_label = "GABA"
    summary = "GABA-A conductance with a jump and one exponential; presets of Wang's networks"


class _TwoExponential(Receptor):
    """Equations of a linear conductance; see `TwoExponentialNMDA`."""

    s, g = states("s g", within=(0, None))
    tau_rise = Parameter(1 * ms, "rise time constant")
    tau_decay = Parameter(10 * ms, "decay time constant")
    ds = -s / tau_rise
    dg = -g / tau_decay + s * exp(1 / exprel(log(tau_decay / tau_rise))) / tau_rise
    on_spike = {s: s + released}
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

    presets: ClassVar[Mapping[str, Preset]] = {
        name: Preset(source, {"tau_rise": rise * ms, "tau_decay": decay * ms})
        for name, rise, decay, source in (
            ("Blue Brain cortex", 0.29, 43, BLUE_BRAIN_EMS),
            (
                "Blue Brain hippocampus",
                9,
                61,
                f"{BLUE_BRAIN_EMS} (hippocampus/mod)",
            ),
            ("GluSynapse", 0.29, 70, "github:BlueBrain/neurodamus-models common/mod/GluSynapse.mod"),
            ("Wang-like", 2, 100, BRAINPY),
            ("Hill & Tononi 2005", 4, 40, "github:nest/nest-simulator models/ht_neuron.cpp"),
            ("NeuroML example", 1, 13.3333, "github:NeuroML/NeuroML2 example of blockingPlasticSynapse"),
            ("Polsky 2004", 5, 90, "doi:10.1038/nn1253"),
            ("Durstewitz & Gabriel 2006", 2.3, 95, "github:ModelDBRepository/181967 nmda.mod"),
            ("Wolf 2005", 5.63 / 2, 320 / 2, f"{WOLF} (5.63 and 320 ms, divided by its qfact of 2: 35 degC)"),
            ("Bianchi 2012", 3, 150, "github:ModelDBRepository/157157 nmdaca.mod"),
        )
    } | {
        # the rise time constant for which 10 to 90 % of the peak take the measured 3.9, 14.9, 6.2 and 3.9 ms
        name: Preset(source, {"tau_rise": rise * ms, "tau_decay": decay * ms}, status="converted")
        for name, rise, decay, source in (
            ("GluN2A, oocytes", 2.2225, 87, HANSEN),
            ("GluN2B, oocytes", 7.9265, 548, HANSEN),
            ("GluN2D, oocytes", 2.8562, 5714, HANSEN),
            ("GluN2C, HEK cells", 1.9333, 319, DRAVID_2C),
        )
    }
    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "linear two-exponential NMDA conductance; fourteen presets, four of subunits"


class TwoExponentialAMPA(_TwoExponential):
    """Linear AMPA conductance with exponential rise and decay; see `TwoExponentialNMDA`."""

    tau_rise = Parameter(0.2 * ms, "rise time constant", source=BLUE_BRAIN_EMS)
    tau_decay = Parameter(1.7 * ms, "decay time constant", source=BLUE_BRAIN_EMS)
    gmax = Parameter(0.5 * nS, "peak conductance of one spike", source=_TUNED, status="fitted",
                     sign="nonnegative")  # fmt: skip

    default_label = "AMPA"
    summary = "linear two-exponential AMPA conductance"
