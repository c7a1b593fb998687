"""Drugs at the NMDA receptor: ``BioNMDA(antagonist=DAP5(), blocker=Memantine())``.

A concentration is a parameter, ``conc_<drug>_<label>``: set it between runs, or give a `TimedArray` to
switch a drug during a run. At ``conc=0*uM`` a drug changes nothing, exactly.
"""

from brian2 import coulomb, joule, kelvin, mole, mV, second, umolar
from sympy import exp

from brian2_nmda.equations.sources import ANTAGONIST_KI, BLANPIED, CODATA, GILLING
from brian2_nmda.symbolic.kinds import Antagonist, ChannelBlocker
from brian2_nmda.symbolic.part import Parameter, T, activation, block, states, v


class DAP5(Antagonist):
    r"""D-AP5, a competitive antagonist at the two glutamate sites.

    Receptors that bind transmitter see ``T/(1 + [A]/K_i)``, Gaddum's equation: exact under steady
    agonist, where the Schild slope is 1 and ``pA2 = -log10(K_i)``. For a brief pulse it assumes that the
    antagonist equilibrates faster than the pulse and so understates the block: with 50 uM and a pulse of
    0.5 ms, of the peak response of BioNMDA to one spike 1.4 % is left, and more of that to a train, since it
    saturates (11 % of 1 s at 100 Hz). Receptors that jump at spikes keep the fraction
    ``(1 + [A]/K_i)^{-2}`` whose sites are both free.

    ``K_i`` differs between subunits (about .28, .46, 1.6, 3.7 uM for GluN2A to 2D, unverified).
    """

    conc = Parameter(50 * umolar, "concentration", status="assumed", sign="nonnegative",
                     source="the usual dose in slices")  # fmt: skip
    Ki = Parameter(0.28 * umolar, "dissociation constant, GluN2A", status="assumed", source=ANTAGONIST_KI)

    transmitter = T / (1 + conc / Ki)
    available = (1 + conc / Ki) ** -2

    default_label = "DAP5"
    summary = "competitive antagonist at the glutamate site"


class Memantine(ChannelBlocker):
    r"""Memantine, a blocker of open channels that is partly trapped when they close.

    .. math::

        \dot b = k_{on} [B]\, \frac{a}{P}\, B_{Mg}(v) (1 - b)
               - k_{off}\, e^{z \delta F (v - v_0)/(R \Theta)}
                 \left(u + (1 - u)\, \frac{a}{P}\right) b

    ``b`` is the blocked fraction, ``a`` the open fraction, ``B_Mg`` the fraction not blocked by
    magnesium (which competes). ``kon`` and ``koff`` are the *apparent* rates, measured under steady
    agonist, when the fraction ``P`` of the receptors is open: then ``a = P``, without magnesium and at
    ``v_0`` the block sets in with the rate ``kon [B] + koff``, and ``koff/kon`` blocks half. For 10 uM that
    is 268 ms and 86 %; the fast component of the onset measured beside the rates is 273 +- 25 ms. The 1.7 uM
    of ``koff/kon`` are more than the IC50 quoted there, about 1 uM. A channel that is open binds with
    ``kon/P``. Without agonist only the fraction ``u`` of the blocked channels lets the drug go.

    Set ``P`` to the open fraction of your receptor under steady saturating agonist: about 1 for the
    normalised activations (BioNMDA, Wang), .22 for the five-state scheme.

    References
    ----------
    Gilling KE et al. (2009). Neuropharmacology 56:866. doi:10.1016/j.neuropharm.2009.01.012
    """

    conc = Parameter(10 * umolar, "concentration", source=GILLING, sign="nonnegative")
    kon = Parameter(0.32 / (umolar * second), "apparent binding rate with agonist", source=GILLING)
    koff = Parameter(0.53 / second, "apparent unbinding rate with agonist", source=GILLING)
    untrapped = Parameter(1 / 6, "fraction that leaves without agonist", source=BLANPIED,
                          sign="fraction")  # fmt: skip
    P = Parameter(1.0, "open fraction under steady saturating agonist", status="assumed",
                  source="normalised activation")  # fmt: skip
    delta = Parameter(0.90, "fraction of the field sensed at the site", source=GILLING)
    z = Parameter(1.0, "valence", source=GILLING)
    v_0 = Parameter(-70 * mV, "potential at which the rates hold", source=GILLING, sign="real")
    temperature = Parameter(295 * kelvin, "temperature", status="assumed",
                            source="room temperature")  # fmt: skip
    F = Parameter(96485.33212 * coulomb / mole, "Faraday constant", source=CODATA)
    R = Parameter(8.314462618 * joule / (mole * kelvin), "gas constant", source=CODATA)

    b = states("b", within=(0, 1), meaning="blocked fraction")
    db = kon * conc * activation / P * block * (1 - b) - (
        koff
        * exp(z * delta * F * (v - v_0) / (R * temperature))
        * (untrapped + (1 - untrapped) * activation / P)
        * b
    )
    unblocked = 1 - b

    default_label = "memantine"
    summary = "open-channel blocker, partly trapped"


class Ketamine(Memantine):
    """Ketamine, an open-channel blocker that is fully trapped; see `Memantine` for the equations.

    References
    ----------
    Gilling KE et al. (2009). Neuropharmacology 56:866. doi:10.1016/j.neuropharm.2009.01.012
    """

    kon = Parameter(0.15 / (umolar * second), "apparent binding rate with agonist", source=GILLING)
    koff = Parameter(0.22 / second, "apparent unbinding rate with agonist", source=GILLING)
    untrapped = Parameter(0.0, "fraction that leaves without agonist", source=GILLING,
                          sign="fraction")  # fmt: skip
    delta = Parameter(0.79, "fraction of the field sensed at the site", source=GILLING)

    default_label = "ketamine"
    summary = "open-channel blocker, fully trapped"
