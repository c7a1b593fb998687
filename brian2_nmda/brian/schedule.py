"""When the parts of a synapse object act within a time step: all orders are here.

They are whole numbers, since Brian2's ``scheduling_summary()`` prints no others.

In the slot ``groups`` they are relative to the order of the target, and below it: a step of the target uses
what has been summed before. Each synapse object brings its own zero, so all zeros come before any sum.

==================  ==========================================================================
``ZERO``            the total conductances of the target are set to zero
``SUM``             sums over the synapses of each target
``SUM_FOR_ALL``     one sum for all targets
``ADD``             what was summed is added to the target, and what was sent decays
``ZERO_AT_PLACES``  sums over the synapses of a dendrite, an astrocyte, ... are set to zero
``SUM_AT_PLACES``   what each synapse object brings to them
``ADD_AT_PLACES``   the sum of all objects, if the group of the place is the user's
``FACTORS``         what synaptic states read of the target is computed once for each target
``STATES``          synaptic states are advanced, from the values at the start of the step
``PROPAGATORS``     those of schemes that are advanced by the propagators of their targets, which others
                    read at the start of the step
``EVENTS``          events of synaptic states (a condition that becomes true)
``GATES``           presynaptic gates and summed kinetics are advanced
``PLACES``          states of places are advanced, from the values at the start of the step; then their
                    events (``EVENTS_AT_PLACES``)
``DRAWS``           how many molecules react in this step
``SUMS_OF_DRAWS``   how many the synapses of a place take and bring back
``DECISIONS``       whether the place has as many
``CHANGES``         new numbers of molecules
0                   the target's own step, which the user's groups of the same order share
==================  ==========================================================================

What the user's own synapses sum on the target (at -1 by Brian2's default) is summed after the synaptic
states: if the voltage that they see depends on it, they see that of the step before.

In the slot ``synapses`` they are below the order that Brian2 gives to pathways at presynaptic spikes (-1),
so that what a spike opens is on the target before any pathway of the user's acts. Pathways at postsynaptic
spikes follow (1).

==================  ==========================================================================
``UPDATE_RULES``    rules that are advanced at spikes only, before anything reads them
``GATES_AT_SPIKE``  gates are advanced to the spike, and know what they send
``SENT_AT_SPIKE``   it is added to the targets
``GATES_AT_END``    the same two at the end of a pulse
``SENT_AT_END``
-1                  pathways at presynaptic spikes, the user's and those of the model that send nothing
1                   pathways at postsynaptic spikes
``TRACES``          traces of postsynaptic spikes, after all that reads them at the same spike
==================  ==========================================================================

In the slot ``start``, rules catch up before anything else of the user's (``CATCH_UP``); in the slot ``end``
what lets monitors update what they record is prepared after the monitors (``MONITORS``).
"""

ZERO, SUM, SUM_FOR_ALL, ADD = -30, -22, -21, -20
ZERO_AT_PLACES, SUM_AT_PLACES, ADD_AT_PLACES = -16, -15, -14
FACTORS, STATES, PROPAGATORS, EVENTS, GATES, PLACES, EVENTS_AT_PLACES = -13, -12, -11, -10, -9, -8, -7
DRAWS, SUMS_OF_DRAWS, DECISIONS, CHANGES = -6, -5, -4, -3

UPDATE_RULES = -7
GATES_AT_SPIKE, SENT_AT_SPIKE, GATES_AT_END, SENT_AT_END = -6, -5, -4, -3
TRACES = 2

CATCH_UP = -1
MONITORS = 1_000_000_000
