"""Results of the literature, each reproduced by a model of the package and compared with it number by number.

A landmark is a module with two functions: ``landmark(short=False)`` simulates and returns a `Landmark`, whose
rows have the value of the model beside the published one; ``draw(found)`` returns its figure. The command
``brian2-nmda landmarks`` runs them all; the scripts in ``examples/landmarks`` run one each.

>>> from brian2_nmda.protocols.landmarks import LANDMARKS
>>> found = LANDMARKS['jahr_stevens'].landmark()  # doctest: +SKIP
>>> print(found)  # doctest: +SKIP
"""

from types import ModuleType

from brian2_nmda.protocols.landmarks import (
    bcm,
    bistable_receptors,
    brunel_wang,
    channel_blockers,
    dendritic_spike,
    graupner_brunel,
    jahr_stevens,
    ltp_ltd_antagonist,
    rate_scaling,
    shouval_inductions,
    silent_synapse,
    spike_timing,
    subunit_summation,
    tagging_and_capture,
    wang_decision,
)

#: All landmarks by name, in the order of the table.
LANDMARKS: dict[str, ModuleType] = {
    "jahr_stevens": jahr_stevens,
    "subunit_summation": subunit_summation,
    "ltp_ltd_antagonist": ltp_ltd_antagonist,
    "shouval_inductions": shouval_inductions,
    "graupner_brunel": graupner_brunel,
    "spike_timing": spike_timing,
    "bcm": bcm,
    "rate_scaling": rate_scaling,
    "bistable_receptors": bistable_receptors,
    "tagging_and_capture": tagging_and_capture,
    "silent_synapse": silent_synapse,
    "channel_blockers": channel_blockers,
    "dendritic_spike": dendritic_spike,
    "brunel_wang": brunel_wang,
    "wang_decision": wang_decision,
}
