"""When the parts of a synapse object act within a time step: all orders are here.

In the slot ``groups`` they are relative to the order of the target, and below it, so that a step of the
target uses what has been summed before. In the slot ``synapses`` they are below the order that Brian2
gives to the pathways of users (-1 at presynaptic and 1 at postsynaptic spikes).
"""

#: Slot ``groups``, before the target's own step. The total conductances are set to zero; each synapse object
#: brings its own zero, and all come before any sum.
ZERO = -20
#: Sums over synapses, and one sum for all targets.
SUM, SUM_FOR_ALL = -11, -10.5
#: What is summed is added to the target.
ADD = -10
#: What synaptic states read of the target, then these states and their events, from the values at the
#: start of the step.
FACTORS, STATES, EVENTS = -0.6, -0.5, -0.4
#: Presynaptic gates and summed kinetics, from the values at the start of the step.
GATES = -0.3

#: Slot ``synapses``. What is sent at a spike is known first, then sent; then the same at the end of a pulse.
GATES_AT_SPIKE, SENT_AT_SPIKE, GATES_AT_END, SENT_AT_END = -1.4, -1.3, -1.2, -1.1
