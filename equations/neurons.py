"""Fragments for integrate-and-fire neurons."""

from brian2 import ms, mV

from brian2_nmda.equations.sources import SHOUVAL
from brian2_nmda.symbolic.kinds import NeuronFragment
from brian2_nmda.symbolic.part import Parameter, states, v


class BackPropagatingSpike(NeuronFragment):
    r"""The action potential as the spine sees it.

    An integrate-and-fire neuron has no action potential, so its spines would never be depolarised
    beyond threshold. This fragment adds one to the voltage that the receptors see:
    ``v_s = v + A_fast + A_slow``. The newest spike only, as in Shouval et al. (2002); their 2 ms
    delay is dropped.

    Examples
    --------
    >>> from brian2_nmda import BackPropagatingSpike
    >>> spike = BackPropagatingSpike()
    >>> print(spike.neuron_equations().strip().splitlines()[-1])
    v_s = A_fast + A_slow + v : volt

    References
    ----------
    Shouval HZ, Bear MF, Cooper LN (2002). PNAS 99:10831. doi:10.1073/pnas.152343099
    """

    height = Parameter(100 * mV, "height of the spike above v", source=SHOUVAL)
    fast = Parameter(0.75, "fraction that decays fast", source=SHOUVAL, sign="fraction")
    tau_fast = Parameter(3 * ms, "fast decay", source=SHOUVAL)
    tau_slow = Parameter(25 * ms, "slow decay", source=SHOUVAL)

    A_fast, A_slow = states("A_fast A_slow", within=(0, None), unit=mV)
    dA_fast = -A_fast / tau_fast
    dA_slow = -A_slow / tau_slow
    on_spike = {A_fast: fast * height, A_slow: (1 - fast) * height}
    voltage = v + A_fast + A_slow

    summary = "back-propagating action potential for integrate-and-fire neurons"
