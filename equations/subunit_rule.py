"""A rule that reads two kinds of NMDA receptor instead of calcium, in two parts.

`SubunitDetector` makes two drives of the receptors, `SubunitSTDP` a weight of the drives and the voltage.
"""

from brian2 import ms, mV, nS
from sympy import Heaviside

from brian2_nmda.equations.sources import DAINAUSKAS_RULE
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import Parameter, Part, conductance, define, gives, needs, states, v

_REFERENCE = "a choice: gmax of FirstOrderNMDA; the code has a density of 1e-3"


class SubunitDetector(Part):
    r"""Drives of potentiation and depression from GluN2A and GluN2B (Dainauskas et al. 2023).

    .. math::

        H_{LTP} = \left[\frac{q_{LTP}^4}{K_{LTP}^4 + q_{LTP}^4} - \theta_{LTP}\right]_+ \qquad
        H_{LTD} = \left[\frac{q_{LTD}^2}{K_{LTD}^2 + q_{LTD}^2} - \theta_{LTD}\right]_+

        \tau_\theta \dot\theta_{LTP} = b_{LTP} H_{LTD} - \theta_{LTP} \qquad
        \tau_\theta \dot\theta_{LTD} = b_{LTD} H_{LTP} - \theta_{LTD}

    ``q_LTP`` and ``q_LTD`` follow two mixtures of the unblocked conductances of both receptors, relative to
    ``g_ref``: potentiation mostly GluN2B with 20 ms, depression mostly GluN2A with 1 s. Each activation
    ``H`` slides the threshold of the other, so that potentiation switches depression off within
    milliseconds. The Hill coefficients are 4 and 2. The drives are ``A_LTP H_LTP`` and ``A_LTD H_LTD``.

    The receptors have to be labelled ``GluN2A`` and ``GluN2B``, with ``gmax = g_ref`` at the published
    strength; a smaller ``gmax`` is the hypofunction that the paper studies. Write
    ``FirstOrderNMDA.preset('GluN2A, Dainauskas 2023', label='GluN2A')``, the same for GluN2B, and
    ``release=TransmitterPulse.preset('Destexhe 1998')``.

    References
    ----------
    Dainauskas JJ, Marie H, Migliore M, Saudargiene A (2023). Front Synaptic Neurosci 15:1113957.
    doi:10.3389/fnsyn.2023.1113957
    """

    A_LTP = Parameter(1 / (mV * ms), "amplitude of potentiation", source=DAINAUSKAS_RULE, sign="nonnegative")
    A_LTD = Parameter(100 / (mV * ms), "amplitude of depression", source=DAINAUSKAS_RULE, sign="nonnegative")
    share_LTP = Parameter(0.2, "share of GluN2A in potentiation; the rest is GluN2B", source=DAINAUSKAS_RULE,
                          sign="fraction")  # fmt: skip
    share_LTD = Parameter(0.8, "share of GluN2A in depression; the rest is GluN2B", source=DAINAUSKAS_RULE,
                          sign="fraction")  # fmt: skip
    g_ref = Parameter(0.2 * nS, "conductance of either receptor with all channels open", status="assumed",
                      source=_REFERENCE)  # fmt: skip
    K_LTP = Parameter(0.11, "half activation of potentiation, relative to g_ref", status="converted",
                      source=f"{DAINAUSKAS_RULE} (11e-5 / 1e-3)")  # fmt: skip
    K_LTD = Parameter(0.09, "half activation of depression, relative to g_ref", status="converted",
                      source=f"{DAINAUSKAS_RULE} (9e-5 / 1e-3)")  # fmt: skip
    tau_LTP = Parameter(20 * ms, "trace of the receptors of potentiation", source=DAINAUSKAS_RULE)
    tau_LTD = Parameter(1000 * ms, "trace of the receptors of depression", source=DAINAUSKAS_RULE)
    b_LTP = Parameter(10.0, "by how much depression raises theta_LTP", source=DAINAUSKAS_RULE,
                      sign="nonnegative")  # fmt: skip
    b_LTD = Parameter(1000.0, "by how much potentiation raises theta_LTD", source=DAINAUSKAS_RULE,
                      sign="nonnegative")  # fmt: skip
    tau_theta = Parameter(100 * ms, "sliding of the thresholds", source=DAINAUSKAS_RULE)

    g_A = needs("conductance_GluN2A", nS, meaning="conductance of GluN2A")
    g_B = needs("conductance_GluN2B", nS, meaning="conductance of GluN2B")
    B_A = needs("block_GluN2A", meaning="unblocked fraction of GluN2A")
    B_B = needs("block_GluN2B", meaning="unblocked fraction of GluN2B")
    r_A = define(g_A * B_A / g_ref, meaning="unblocked conductance of GluN2A, relative to g_ref")
    r_B = define(g_B * B_B / g_ref, meaning="unblocked conductance of GluN2B, relative to g_ref")

    q_LTP = states("q_LTP", within=(0, None), meaning="trace of the receptors of potentiation")
    q_LTD = states("q_LTD", within=(0, None), meaning="trace of the receptors of depression")
    theta_LTP = states("theta_LTP", within=(0, b_LTP), meaning="sliding threshold of potentiation")
    theta_LTD = states("theta_LTD", within=(0, b_LTD), meaning="sliding threshold of depression")
    _above_LTP = q_LTP**4 / (K_LTP**4 + q_LTP**4) - theta_LTP
    _above_LTD = q_LTD**2 / (K_LTD**2 + q_LTD**2) - theta_LTD
    H_LTP = define(_above_LTP * Heaviside(_above_LTP), meaning="activation of potentiation, 0 to 1")
    H_LTD = define(_above_LTD * Heaviside(_above_LTD), meaning="activation of depression, 0 to 1")

    dq_LTP = (share_LTP * r_A + (1 - share_LTP) * r_B - q_LTP) / tau_LTP
    dq_LTD = (share_LTD * r_A + (1 - share_LTD) * r_B - q_LTD) / tau_LTD
    dtheta_LTP = (b_LTP * H_LTD - theta_LTP) / tau_theta
    dtheta_LTD = (b_LTD * H_LTP - theta_LTD) / tau_theta
    potentiation_drive = gives(A_LTP * H_LTP, unit=1 / (mV * ms), meaning="Potentiation per depolarisation.")
    depression_drive = gives(A_LTD * H_LTD, unit=1 / (mV * ms), meaning="Depression per depolarisation.")

    default_label = "subunits"
    summary = "drives of plasticity from GluN2A and GluN2B (Dainauskas et al. 2023)"


class SubunitSTDP(Plasticity):
    r"""Voltage-based rule with a drive of potentiation and one of depression (Dainauskas et al. 2023).

    .. math::

        \dot W = D_{LTP} u_{LTP} (W_{max} - W) - D_{LTD} u_{LTD}\, x\, (W - W_{min})

    The drives ``D`` are the ports ``potentiation_drive`` and ``depression_drive``, which `SubunitDetector`
    gives. ``u_LTP`` and ``u_LTD`` are the depolarisation above two thresholds, filtered with ``tau_u``; they
    live on the target. ``x`` decays after presynaptic spikes. The rule wants the voltage of a dendrite that
    has spikes. Its rates are fast (several per ms), so the weight is relaxed exponentially within a step.

    The code adds to ``x`` a height of 1 over one of its time steps of 0.1 ms; ``width`` is that step, so
    that here depression does not depend on the time step.

    References
    ----------
    Dainauskas JJ, Marie H, Migliore M, Saudargiene A (2023). Front Synaptic Neurosci 15:1113957.
    doi:10.3389/fnsyn.2023.1113957
    """

    tau_u = Parameter(10 * ms, "filter of the depolarisations", source=DAINAUSKAS_RULE)
    v_LTP = Parameter(-65 * mV, "threshold of the voltage of potentiation", source=DAINAUSKAS_RULE,
                      sign="real")  # fmt: skip
    v_LTD = Parameter(-67 * mV, "threshold of the voltage of depression", source=DAINAUSKAS_RULE,
                      sign="real")  # fmt: skip
    tau_x = Parameter(15 * ms, "presynaptic trace", source=DAINAUSKAS_RULE)
    width = Parameter(0.1 * ms, "duration of what a spike adds to the trace", status="converted",
                      source=f"{DAINAUSKAS_RULE} (height 1 over one step)")  # fmt: skip
    W_min = Parameter(0.4, "weight towards which depression goes", source=DAINAUSKAS_RULE, sign="nonnegative")
    W_max = Parameter(2.0, "weight towards which potentiation goes", source=DAINAUSKAS_RULE)

    D_LTP = needs("potentiation_drive", 1 / (mV * ms), meaning="potentiation per depolarisation")
    D_LTD = needs("depression_drive", 1 / (mV * ms), meaning="depression per depolarisation")
    u_LTP, u_LTD = states("u_LTP u_LTD", within=(0, None), unit=mV, meaning="filtered depolarisation")
    x = states("x", within=(0, None), meaning="presynaptic trace")
    W = states("W", within=(W_min, W_max), initial=1, meaning="weight relative to the start")
    du_LTP = ((v - v_LTP) * Heaviside(v - v_LTP) - u_LTP) / tau_u
    du_LTD = ((v - v_LTD) * Heaviside(v - v_LTD) - u_LTD) / tau_u
    dx = -x / tau_x
    dW = D_LTP * u_LTP * (W_max - W) - D_LTD * u_LTD * x * (W - W_min)
    on_spike = {x: x + width / tau_x}
    conductance = conductance * W

    summary = "voltage-based rule with the drives of two subunits (Dainauskas et al. 2023)"
