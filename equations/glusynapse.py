"""Calcium-based plasticity of a neocortical synapse (Chindemi et al. 2022), link by link.

`ChindemiCalcium` is the spine with a slow integrator, `ChindemiPlasticity` the efficacy and its expression on
the AMPA receptors, `ChindemiRelease` that on the release. The receptors are
``TwoExponentialNMDA.preset('GluSynapse', block=MagnesiumBlock.preset('Chindemi 2022'))`` and one of AMPA.
Calcium channels of the spine are a link of their own, and not in this module.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from brian2 import coulomb, mM, mole, ms, mV, nmolar, second, umetre, umolar
from sympy import Heaviside

from brian2_nmda.equations.calcium import CalciumIntegrator
from brian2_nmda.equations.release import TransmitterPulse
from brian2_nmda.equations.sources import CHINDEMI, CHINDEMI_FIT, CODATA, FUHRMANN, SABATINI
from brian2_nmda.symbolic.kinds import Calcium, Plasticity
from brian2_nmda.symbolic.part import (
    Ca_eff,
    G_open,
    I_Ca,
    Parameter,
    Preset,
    Pulse,
    conductance,
    define,
    gives,
    needs,
    states,
    v,
)


class ChindemiIntegrator(CalciumIntegrator):
    r"""Leaky integrator of spine calcium in Chindemi et al. (2022).

    .. math:: \frac{d Ca_{eff}}{dt} = \frac{(Ca - Ca_{rest}) - Ca_{eff}}{\tau}

    The paper has the integral itself (a concentration times a time), which is ``tau*Ca_eff``. Thresholds are
    multiples of peaks of the same quantity, so the factor changes nothing.

    References
    ----------
    Chindemi G et al. (2022). Nat Commun 13:3038. doi:10.1038/s41467-022-30214-w
    """

    tau = Parameter(278.3177658387 * ms, "time constant of the integrator", source=CHINDEMI_FIT,
                    status="fitted")  # fmt: skip

    summary = "slow memory of spine calcium (Chindemi et al. 2022)"


class ChindemiCalcium(Calcium):
    r"""Calcium that enters a spine through NMDA receptors, as in Chindemi et al. (2022).

    .. math::

        I_{Ca} = P_f\, G\,(v - E) \qquad P_f = \frac{f\, z\, [Ca]_o}{z\, [Ca]_o + M} \qquad
        \frac{d Ca}{dt} = -\frac{I_{Ca}}{2 F V (1 + \kappa)} - \frac{Ca - Ca_{rest}}{\tau}

    ``G`` is the open, unblocked conductance. With 2 mM outside, 5.05 % of it conducts calcium, with a driving
    force of its own. One full release onto 0.55 nS at -70 mV raises calcium to 1.079 uM.

    References
    ----------
    Chindemi G et al. (2022). Nat Commun 13:3038. doi:10.1038/s41467-022-30214-w
    """

    f = Parameter(0.6, "largest fraction of the conductance", source=CHINDEMI, sign="fraction")
    Ca_o = Parameter(2 * mM, "calcium outside", source=CHINDEMI, bath=True)
    z_squared = Parameter(4.0, "square of the valence of calcium", source=CHINDEMI)
    M = Parameter(120 / 1.38 * mM, "weight of the monovalent ions", source=f"{CHINDEMI} (120/1.38)",
                  status="converted")  # fmt: skip
    E = Parameter(40 * mV, "potential at which its current reverses", source=CHINDEMI, sign="real")
    V = Parameter(0.087 * umetre**3, "volume of the spine head", source=CHINDEMI)
    kappa = Parameter(24.0, "calcium bound per free calcium", source=SABATINI, sign="nonnegative")
    tau = Parameter(12 * ms, "decay time constant of the pool", source=CHINDEMI)
    rest = Parameter(70 * nmolar, "resting calcium", source=SABATINI, sign="nonnegative")
    F = Parameter(96485.33212 * coulomb / mole, "Faraday constant", source=CODATA)

    P_f = define(f * z_squared * Ca_o / (z_squared * Ca_o + M), meaning="fraction of the conductance")
    current = P_f * G_open * (v - E)
    resting = rest
    Ca = states("Ca", within=(None, None), unit=mM, initial=rest, bare=True,
                meaning="free calcium in the spine head")  # fmt: skip
    dCa = -I_Ca / (2 * F * V * (1 + kappa)) - (Ca - rest) / tau

    _children: ClassVar[Mapping[str, Any]] = {"integrator": ChindemiIntegrator}
    _child_kinds: ClassVar[Mapping[str, type]] = {"integrator": CalciumIntegrator}
    summary = "spine calcium through NMDA receptors (Chindemi et al. 2022)"


_MEASURE = "an example: the peak of Ca_eff at a lone spike is measured at each synapse"


class ChindemiPlasticity(Plasticity):
    r"""Efficacy with two thresholds of integrated calcium, expressed within minutes (Chindemi et al. 2022).

    .. math::

        \tau_{ind}\, \dot\rho &= -\rho(1-\rho)(\rho_* - \rho) + \gamma_p (1-\rho) H(Ca_{eff} - \theta_p)
        - \gamma_d\, \rho\, H(Ca_{eff} - \theta_d)

        \tau_{exp}\, \dot m &= 1 + \rho\,(m_p - 1) - m \qquad
        \theta_d = a_{00} C_{pre} + a_{01} C_{post}, \quad \theta_p = a_{10} C_{pre} + a_{11} C_{post}

    ``Cpre`` and ``Cpost`` are the peaks of ``Ca_eff`` that a lone presynaptic spike (with full release) and
    a lone back-propagating spike cause at this synapse: run each once, with this rule or without, and set
    ``per_synapse=['Cpre', 'Cpost']`` where synapses differ. ``m`` multiplies the conductance, which the
    receptor has for a depressed synapse (``rho = 0``); `ChindemiRelease` expresses the same ``efficacy`` on
    the release. Read out ``rho``: expression lags by ``tau_exp``. For a synapse that starts potentiated set
    ``S.rho_AMPA = 1`` and ``S.m_AMPA`` to ``m_p``.

    The default is a synapse on a basal dendrite; the preset "apical" has the other two rows of the fit.

    References
    ----------
    Chindemi G et al. (2022). Nat Commun 13:3038. doi:10.1038/s41467-022-30214-w
    """

    Cpre = Parameter(0.25 * umolar, "peak of Ca_eff at a lone presynaptic spike", status="assumed",
                      source=_MEASURE, sign="nonnegative")  # fmt: skip
    Cpost = Parameter(0.1 * umolar, "peak of Ca_eff at a lone postsynaptic spike", status="assumed",
                       source=_MEASURE, sign="nonnegative")  # fmt: skip
    a00 = Parameter(1.0018099627, "Cpre in the threshold of depression", source=CHINDEMI_FIT,
                    status="fitted", sign="nonnegative")  # fmt: skip
    a01 = Parameter(1.9535568661, "Cpost in the threshold of depression", source=CHINDEMI_FIT,
                    status="fitted", sign="nonnegative")  # fmt: skip
    a10 = Parameter(1.1593870631, "Cpre in the threshold of potentiation", source=CHINDEMI_FIT,
                    status="fitted", sign="nonnegative")  # fmt: skip
    a11 = Parameter(2.4827933785, "Cpost in the threshold of potentiation", source=CHINDEMI_FIT,
                    status="fitted", sign="nonnegative")  # fmt: skip
    gamma_d = Parameter(101.5387594661, "strength of depression", source=CHINDEMI_FIT, status="fitted",
                        sign="nonnegative")  # fmt: skip
    gamma_p = Parameter(216.1841700668, "strength of potentiation", source=CHINDEMI_FIT, status="fitted",
                        sign="nonnegative")  # fmt: skip
    tau_ind = Parameter(70 * second, "time constant of the efficacy", source=CHINDEMI)
    rho_star = Parameter(0.5, "boundary between the two basins", source=CHINDEMI, sign="fraction")
    tau_exp = Parameter(100 * second, "time constant of the expression", source=CHINDEMI)
    m_p = Parameter(2.0, "conductance of a potentiated synapse over that of a depressed one", source=CHINDEMI)

    theta_d = define(a00 * Cpre + a01 * Cpost, unit=umolar, meaning="threshold of depression")
    theta_p = define(a10 * Cpre + a11 * Cpost, unit=umolar, meaning="threshold of potentiation")
    rho = states("rho", within=(0, 1), meaning="efficacy")
    m = states("m", within=(0, None), initial=1, meaning="conductance relative to a depressed synapse")
    drho = (
        -rho * (1 - rho) * (rho_star - rho)
        + gamma_p * (1 - rho) * Heaviside(Ca_eff - theta_p)
        - gamma_d * rho * Heaviside(Ca_eff - theta_d)
    ) / tau_ind
    dm = (1 + rho * (m_p - 1) - m) / tau_exp
    efficacy = gives(rho, meaning="Efficacy, 0 (depressed) to 1 (potentiated).")
    conductance = conductance * m

    presets: ClassVar[Mapping[str, Preset]] = {
        "apical": Preset(
            f"{CHINDEMI_FIT} (a20, a21, a30, a31)",
            {"a00": 1.1267343377, "a01": 2.4559713296, "a10": 5.2356637311, "a11": 1.7822214534},
            status="fitted",
        )
    }
    summary = "thresholds of integrated calcium, slow expression (Chindemi et al. 2022)"


class ChindemiRelease(TransmitterPulse):
    r"""Release whose utilisation follows the efficacy of the synapse (Chindemi et al. 2022).

    .. math::

        \tau_{exp}\, \dot U = U_d + \rho\,(U_p - U_d) - U \qquad
        \dot u = -u/\tau_f, \quad u \to u + U (1 - u) \qquad \dot R = (1 - R)/\tau_d, \quad R \to R (1 - u)

    ``rho`` is the port ``efficacy`` of `ChindemiPlasticity`. As in `TsodyksMarkram` this is the mean over
    many release sites; the published synapse draws each site by chance. ``U`` starts at rest for the
    efficacy that a synapse starts with; after setting ``S.rho_AMPA`` set ``S.U_T``, too.

    References
    ----------
    Chindemi G et al. (2022). Nat Commun 13:3038. doi:10.1038/s41467-022-30214-w

    Fuhrmann G et al. (2002). J Neurophysiol 87:140. doi:10.1152/jn.00258.2001
    """

    U_d = Parameter(0.2, "utilisation of a depressed synapse", source=CHINDEMI, sign="fraction")
    U_p = Parameter(0.8, "utilisation of a potentiated synapse", source=CHINDEMI, sign="fraction")
    tau_exp = Parameter(100 * second, "time constant of the expression", source=CHINDEMI)
    tau_f = Parameter(10 * ms, "decay of facilitation", source=FUHRMANN)
    tau_d = Parameter(100 * ms, "recovery from depression", source=FUHRMANN)

    rho = needs("efficacy", meaning="efficacy of the synapse")
    U = states("U", within=(0, 1), initial=U_d + rho * (U_p - U_d), meaning="utilisation of a rested synapse")
    u, emitted = states("u emitted", within=(0, 1))
    R = states("R", within=(0, 1), initial=1, meaning="fraction of vesicles available")
    dU = (U_d + rho * (U_p - U_d) - U) / tau_exp
    du = -u / tau_f
    dR = (1 - R) / tau_d
    demitted = 0
    on_spike = {u: u + U * (1 - u), emitted: u * R, R: R - emitted}
    amount = emitted
    concentration = Pulse(TransmitterPulse.peak * emitted, TransmitterPulse.duration, emitted)

    presets: ClassVar[Mapping[str, Preset]] = {}
    summary = "release that follows the efficacy of the synapse (Chindemi et al. 2022)"
