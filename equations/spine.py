"""The spine as a structure: its volume follows its receptors, and weak contacts are lost and come back.

Rules that count receptors (`ReceptorInsertion`, `KinaseDrivenInsertion`, `SlotInsertion` and others) give
their number to the port ``receptors``, which the parts of this module read.
"""

from collections.abc import Mapping
from typing import ClassVar

from brian2 import Mohm, second
from sympy import Heaviside, Max

from brian2_nmda.equations.sources import ACKER, DEGER
from brian2_nmda.symbolic.kinds import Head, Plasticity
from brian2_nmda.symbolic.part import (
    Parameter,
    Part,
    Preset,
    Reaction,
    conductance,
    counts,
    gives,
    needs,
    states,
)

_day = 86400 * second


class SpineVolume(Part):
    r"""Volume of the spine head, which follows the number of receptors, and dilutes calcium.

    .. math:: \dot s = \frac{\max(n/n_{ref},\, s_{min}) - s}{\tau}

    ``s`` is the volume relative to ``V`` of the calcium pool, one with the port ``spine_size`` such as
    `BufferedCalcium`: the same current raises calcium by ``1/s``. That strength and volume are
    proportional is a rule of thumb of structural plasticity; ``n`` is the port ``receptors``. Extrusion and
    the concentration of buffers stay as they are, and what growing dilutes in minutes is left out.
    """

    n_ref = Parameter(20.0, "receptors of a head of the volume V", status="assumed",
                      source="n at the start of ReceptorInsertion, 0.5 nS/25 pS")  # fmt: skip
    s_min = Parameter(0.1, "smallest volume", status="assumed",
                      source="a spine without receptors keeps a head")  # fmt: skip
    tau = Parameter(300 * second, "time constant of the volume", status="assumed",
                    source="5 min in LTP.py of github:triesch/synaptic-competition")  # fmt: skip

    receptors = needs("receptors", meaning="receptors of the synapse")
    before = needs("spine_size", meaning="volume without this part")
    _goal = Max(receptors / n_ref, s_min)
    s = states("s", within=(s_min, None), initial=_goal, meaning="volume, relative to V")
    ds = (_goal - s) / tau
    spine_size = gives(before * s, combine="chain")

    default_label = "spine"
    relaxes: ClassVar[str] = "it follows the number of receptors"
    summary = "volume of the spine head that follows the receptors and dilutes calcium"


class ContactTurnover(Plasticity):
    r"""A contact with few receptors is lost, and a lost one comes back, each by chance.

    .. math::

        present \to absent \text{ at } k_{loss} H(n_{weak} - n), \qquad
        absent \to present \text{ at } \lambda

    The conductance is multiplied by ``present``, which is 0 or 1. After Deger, Seeholzer & Gerstner (2016),
    whose contacts are deleted as soon as their weight is below 0 and created anew at the constant rate
    ``lambda`` (``creation``); here a contact with fewer than ``n_weak`` receptors, just above the bound of
    its rule, is lost at a rate. ``n`` is the port ``receptors``; write the rule that gives it before this
    one. A contact that comes back has the receptors that the rule has left it, so it is lost soon again
    unless the rule strengthens it. ``deterministic=True`` follows the probability of being present.

    References
    ----------
    Deger M, Seeholzer A, Gerstner W (2016). arXiv:1609.05730
    """

    creation = Parameter(0.028 / _day, "rate at which a lost contact comes back",
                         source=f"{DEGER} (lambda)", sign="nonnegative")  # fmt: skip
    k_loss = Parameter(1 / _day, "rate at which a weak contact is lost", status="assumed",
                       source="published: at once, if the weight is below 0", sign="nonnegative")  # fmt: skip
    n_weak = Parameter(11.0, "receptors below which a contact is weak", status="assumed",
                       source="a tenth above n_min of ReceptorInsertion")  # fmt: skip

    receptors = needs("receptors", meaning="receptors of the synapse")
    present = counts("present", initial=1, within=(0, 1), meaning="1 while there is a contact")
    absent = counts("absent", within=(0, 1), meaning="1 while there is none")
    reactions = (Reaction(present, absent, k_loss * Heaviside(n_weak - receptors), creation),)
    conductance = conductance * present

    relaxes: ClassVar[str] = "weak contacts are lost at rest, too"
    summary = "loss of weak contacts, creation of new ones, by chance (after Deger et al. 2016)"


class SpineNeck(Head):
    r"""A spine neck with a resistance, so that the receptors depolarise their head more than the dendrite.

    .. math:: v_{head} = v - R \sum_k G_k(v_{head})\,(v_{head} - E_k)

    Receptors, block, calcium and all other parts on the synapse read ``v_head`` as ``v``; parts of the
    neuron read that of the target, which gets the current through the neck. In it ``I_<label>`` of one
    receptor is its share: where reversal potentials differ, only the sum of all is the current. A weight
    ``w`` counts such heads, each with the neck ``R``; ``per_synapse=['R_neck']`` gives each synapse its own.

    Blocks have to be smooth in the voltage: `HillTononiBlock` is refused. To record ``v_head`` let the
    synapses store it: ``model.synapses(..., model='seen = v_head : volt (constant over dt)')``.

    The head has no capacitance: it would lag by ``R C``, near 1 us (2.8 fF and 255 MOhm in
    `RodriguesElectrics`), a hundredth of a time step. Calcium currents, of channels too, carry no charge
    into it. The equation is solved within 1e-4 mV as long as ``R`` times the conductance of each receptor is
    below 0.3, and within 0.02 mV below 1. Above 4 an NMDA receptor can hold the head in two states, of which
    this does not know the history.

    ``R`` is the mean of necks on basal dendrites of pyramidal cells in layer 5, from voltage-sensitive dye
    (23 to 420 MOhm); photobleaching of the same cells gave 204 (52 to 521) MOhm.

    References
    ----------
    Acker CD, Hoyos E, Loew LM (2016). EPSPs measured in proximal dendritic spines of cortical pyramidal
    neurons. eNeuro 3. PMC4874537
    """

    R = Parameter(179 * Mohm, "resistance of the neck", source=ACKER, sign="nonnegative")
    resistance = R

    presets: ClassVar[Mapping[str, Preset]] = {
        "photobleaching": Preset(ACKER, {"R": 204 * Mohm}),
    }
    default_label = "neck"
    summary = "resistance of a spine neck: the head has a voltage of its own"
