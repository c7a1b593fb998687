"""Presynaptic expression of plasticity: what changes the release instead of the receptors.

The two halves of a rule are two parts, ``release=CostaRelease(), plasticity=CostaPlasticity()``, which meet
through the port ``retrograde``: what the postsynaptic side tells the terminal.
"""

from collections.abc import Mapping
from typing import ClassVar

from brian2 import ms

from brian2_nmda.equations.release import TransmitterPulse
from brian2_nmda.equations.sources import COSTA
from brian2_nmda.symbolic.expressions import clip
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import Parameter, Preset, Pulse, conductance, gives, needs, states

_CHOICE = "a free choice; the script starts each synapse elsewhere"


class CostaRelease(TransmitterPulse):
    r"""Presynaptic half of the rule of Costa et al. (2015): a retrograde signal changes the release.

    .. math::

        \text{pre: } U \to \left[U + \eta_U\,(d_+ x_+ y_+ - d_- y_- y_+)\right]_{U_{min}}^{U_{max}}
        \qquad \dot R = (1 - R)/\tau_r \qquad \dot u = (U - u)/\tau_u

    A spike releases ``u R`` as it finds them; then ``U`` changes, ``R`` loses what was released, and ``u``
    grows by ``U (1 - u)``. The bracket is the port ``retrograde``, which `CostaPlasticity` gives; it is read
    before the spike has increased ``x_+``.

    References
    ----------
    Costa RP, Froemke RC, Sjostrom PJ, van Rossum MCW (2015). eLife 4:e09457. doi:10.7554/eLife.09457
    """

    eta_U = Parameter(0.15, "learning rate of the release probability", source=COSTA, sign="nonnegative")
    U_min = Parameter(0.0, "smallest release probability", source=COSTA, sign="fraction")
    U_max = Parameter(1.0, "largest release probability", source=COSTA, sign="fraction")
    U_0 = Parameter(0.5, "release probability at the start", status="assumed", source=_CHOICE,
                    sign="fraction")  # fmt: skip
    tau_r = Parameter(200 * ms, "recovery from depression", source=COSTA)
    tau_u = Parameter(50 * ms, "decay of facilitation", source=COSTA)

    retrograde = needs("retrograde", meaning="signal to the terminal")
    U = states("U", within=(U_min, U_max), initial=U_0, meaning="release probability of a rested synapse")
    u = states("u", within=(0, 1), initial=U_0, meaning="release probability now")
    R = states("R", within=(0, 1), initial=1, meaning="fraction of vesicles available")
    emitted = states("emitted", within=(0, 1), meaning="fraction released by the last spike")
    dU = 0
    du = (U - u) / tau_u
    dR = (1 - R) / tau_r
    demitted = 0
    on_spike = {
        emitted: u * R,
        U: clip(U + eta_U * retrograde, U_min, U_max),
        R: R - emitted,
        u: u + U * (1 - u),
    }
    amount = emitted
    concentration = Pulse(TransmitterPulse.peak * emitted, TransmitterPulse.duration, emitted)

    presets: ClassVar[Mapping[str, Preset]] = {}
    summary = "release that a retrograde signal changes (Costa et al. 2015)"


class CostaPlasticity(Plasticity):
    r"""Postsynaptic half of the rule of Costa et al. (2015), with the traces of both halves.

    .. math::

        \text{post: } A \to \left[A + \eta_A c_+ x_+ y_-\right]_{A_{min}}^{A_{max}} \qquad
        \text{retrograde} = d_+ x_+ y_+ - d_- y_- y_+

    ``x_p`` grows by 1 at a presynaptic spike, ``y_p`` and ``y_m`` at a postsynaptic one, each after it was
    read; ``A`` multiplies the conductance. With `CostaRelease` the weight of the paper is ``U A``. The script
    also subtracts half of the mean change of a neuron's synapses from each, a normalisation of its network
    that is left out here.

    References
    ----------
    Costa RP, Froemke RC, Sjostrom PJ, van Rossum MCW (2015). eLife 4:e09457. doi:10.7554/eLife.09457
    """

    d_m = Parameter(0.1771, "presynaptic depression", source=COSTA, sign="nonnegative")
    d_p = Parameter(0.1548, "presynaptic potentiation", source=COSTA, sign="nonnegative")
    c_p = Parameter(0.0618, "postsynaptic potentiation", source=COSTA, sign="nonnegative")
    eta_A = Parameter(0.15, "learning rate of the postsynaptic factor", source=COSTA, sign="nonnegative")
    A_min = Parameter(0.0, "smallest postsynaptic factor", source=COSTA, sign="nonnegative")
    A_max = Parameter(2.0, "largest postsynaptic factor", source=COSTA)
    A_0 = Parameter(1.0, "postsynaptic factor at the start", status="assumed", source=_CHOICE)
    tau_xp = Parameter(66.6 * ms, "presynaptic trace", source=COSTA)
    tau_yp = Parameter(230.2 * ms, "slow postsynaptic trace", source=COSTA)
    tau_ym = Parameter(32.7 * ms, "fast postsynaptic trace", source=COSTA)

    x_p = states("x_p", within=(0, None), meaning="presynaptic trace")
    y_p = states("y_p", within=(0, None), meaning="slow postsynaptic trace")
    y_m = states("y_m", within=(0, None), meaning="fast postsynaptic trace")
    A = states("A", within=(A_min, A_max), initial=A_0, meaning="postsynaptic factor")
    dx_p = -x_p / tau_xp
    dy_p = -y_p / tau_yp
    dy_m = -y_m / tau_ym
    dA = 0
    on_spike = {x_p: x_p + 1}
    on_post_spike = {A: clip(A + eta_A * c_p * x_p * y_m, A_min, A_max), y_p: y_p + 1, y_m: y_m + 1}
    retrograde = gives(d_p * x_p * y_p - d_m * y_m * y_p, meaning="signal to the terminal")
    conductance = conductance * A

    summary = "traces and receptors of a rule with a retrograde signal (Costa et al. 2015)"
