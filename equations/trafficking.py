"""Traffic of AMPA receptors: slots that hold them, and a pool that the synapses of a dendrite share."""

from collections.abc import Mapping
from typing import ClassVar

from brian2 import second
from sympy import floor

from brian2_nmda.equations.sources import TRIESCH
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import (
    Parameter,
    Part,
    Preset,
    Reaction,
    Total,
    conductance,
    counts,
    define,
    gives,
    needs,
    states,
)

_minute = 60 * second


class ReceptorPool(Part):
    r"""Receptors of a dendrite that its synapses compete for (Triesch, Vo & Hafner 2018).

    .. math:: \dot p = \gamma - \delta\, p - \sum (\text{receptors that enter slots})

    It lives once per ``dendrite``: ``model.synapses(..., places={'dendrite': 4})``, and which one a synapse
    belongs to is ``S.dendrite_index``. At equilibrium a fraction ``F`` of the ``slots`` of the dendrite is
    filled and the pool holds ``phi`` receptors per filled slot; that sets synthesis and binding.

    References
    ----------
    Triesch J, Vo AD, Hafner AS (2018). eLife 7:e37836. doi:10.7554/eLife.37836
    """

    place = "dendrite"
    slots = Parameter(180.0, "slots of the dendrite at the start", source=f"{TRIESCH} (40 + 60 + 80)")
    F = Parameter(0.5, "filled fraction of the slots at equilibrium", source=TRIESCH, sign="fraction")
    phi = Parameter(2.67, "receptors of the pool per receptor in a slot", source=TRIESCH)
    delta = Parameter(1 / (14 * _minute), "internalisation from the pool", source=TRIESCH, sign="nonnegative")

    entering = needs("entering", 1 / second, meaning="receptors that enter the slots of a synapse")
    synthesis = define(delta * F * slots * phi, unit=1 / second, meaning="externalisation into the pool")
    p = states("p", within=(None, None), initial=F * slots * phi, meaning="receptors in the pool")
    dp = synthesis - delta * p - Total(entering)
    pool = gives(p)
    affinity = gives(1 / (phi * slots * (1 - F)), meaning="binding per receptor of the pool over unbinding")

    relaxes: ClassVar[str] = "the pool is in balance only with synapses that are filled to F"
    presets: ClassVar[Mapping[str, Preset]] = {"F = 0.9": Preset(TRIESCH, {"F": 0.9})}
    summary = "receptor pool of a dendrite (Triesch et al. 2018)"


class SlotInsertion(Plasticity):
    r"""Receptors bind to free slots of the scaffold and leave them (Triesch, Vo & Hafner 2018).

    .. math:: \dot n = k_{off} \left[a\, k\, p\,(s - n) - n\right]

    ``p`` receptors are in the pool of the dendrite (`ReceptorPool`), whose affinity is ``k``; ``s`` slots are
    in the synapse, as many as its scaffold of PSD-95 has. ``a`` enhances insertion, as after potentiation.
    Declare ``slots`` per synapse to let synapses differ. The conductance grows with ``n``; with ``n_ref``
    receptors it is that of the receptor.

    References
    ----------
    Triesch J, Vo AD, Hafner AS (2018). eLife 7:e37836. doi:10.7554/eLife.37836
    """

    k_off = Parameter(1 / (43 * second), "unbinding from a slot", source=f"{TRIESCH} (60/43 per minute)")
    slots = Parameter(60.0, "slots of the synapse", source=TRIESCH)
    a = Parameter(1.0, "enhancement of the insertion", source=TRIESCH, sign="nonnegative")
    n_ref = Parameter(30.0, "receptors with the conductance of the receptor", status="converted",
                      source=f"{TRIESCH} (half of 60 slots)")  # fmt: skip

    pool, affinity = needs("pool"), needs("affinity")
    n = states("n", within=(0, None), initial=n_ref, meaning="receptors in slots")
    flow = define(
        k_off * (a * affinity * pool * (slots - n) - n), unit=1 / second, meaning="receptors that enter"
    )
    dn = flow
    entering = gives(flow, unit=1 / second)
    conductance = conductance * n / n_ref
    receptors = gives(n, combine="sum", meaning="Receptors of the synapse.")

    relaxes: ClassVar[str] = "its slots are in balance only with a pool that was made for them"
    summary = "receptors in slots, fed by a pool (Triesch et al. 2018)"


class CountedSlots(Plasticity):
    r"""Whole receptors in whole slots, fed by the pool of a dendrite (Triesch, Vo & Hafner 2018).

    .. math::

        pool + free \rightleftharpoons n \qquad \varnothing \rightleftharpoons pool

    The two equations of `SlotInsertion` and `ReceptorPool` as reactions: a receptor of the pool binds a free
    slot with ``a k_off/(phi all_slots (1 - F))`` per pair, and leaves it with ``k_off``. Each synapse keeps
    ``free + n`` slots; what the synapses of a dendrite take is missing in its pool. With
    ``deterministic=True`` it is the continuous model.

    It needs ``places={'dendrite': ...}``, and ``S.dendrite_index`` says which one a synapse belongs to. For
    synapses that differ set ``S.free_AMPA`` and ``S.n_AMPA``. What is held over a step costs
    ``k_off*dt/2`` of a change; a step in which a slot fills or empties with more than 10 % is refused.

    References
    ----------
    Triesch J, Vo AD, Hafner AS (2018). eLife 7:e37836. doi:10.7554/eLife.37836
    """

    k_off = Parameter(1 / (43 * second), "unbinding from a slot", source=f"{TRIESCH} (60/43 per minute)")
    a = Parameter(1.0, "enhancement of the insertion", source=TRIESCH, sign="nonnegative")
    all_slots = Parameter(180.0, "slots of the dendrite at the start", source=f"{TRIESCH} (40 + 60 + 80)")
    F = Parameter(0.5, "filled fraction of the slots at equilibrium", source=TRIESCH, sign="fraction")
    phi = Parameter(2.67, "receptors of the pool per receptor in a slot", source=TRIESCH)
    delta = Parameter(1 / (14 * _minute), "internalisation from the pool", source=TRIESCH, sign="nonnegative")
    free_0 = Parameter(30.0, "free slots at the start, of which whole ones count", status="converted",
                       source=f"{TRIESCH} (half of 60 slots)", sign="nonnegative")  # fmt: skip
    n_ref = Parameter(30.0, "receptors at the start, with the conductance of the receptor",
                      status="converted", source=f"{TRIESCH} (half of 60 slots)")  # fmt: skip
    pool_0 = Parameter(240.0, "receptors in the pool at the start, of which whole ones count",
                       source=f"{TRIESCH} (2.67 times half of 180 slots)", status="converted",
                       sign="nonnegative")  # fmt: skip

    pool = counts("pool", initial=floor(pool_0), place="dendrite", meaning="receptors in the pool")
    free = counts("free", initial=floor(free_0), meaning="free slots of the synapse")
    n = counts("n", initial=floor(n_ref), meaning="receptors in slots")
    binding = define(a * k_off / (phi * all_slots * (1 - F)), unit=1 / second,
                     meaning="binding of one receptor to one slot")  # fmt: skip
    reactions = (
        Reaction(pool, n, binding, k_off, partner=free),
        Reaction(None, pool, delta * F * all_slots * phi, delta),
    )
    conductance = conductance * n / n_ref

    relaxes: ClassVar[str] = "its slots are in balance only with a pool that was made for them"
    presets: ClassVar[Mapping[str, Preset]] = {
        "F = 0.9": Preset(
            f"{TRIESCH} (54 of 60 slots filled, 2.67 times 162 in the pool)",
            {"F": 0.9, "free_0": 6.0, "n_ref": 54.0, "pool_0": 433.0},
            status="converted",
        )
    }
    summary = "whole receptors in whole slots, pool of a dendrite (Triesch et al. 2018)"
