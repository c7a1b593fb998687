"""The neuron of the experiments, public so that it can be changed or replaced."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brian2 import NeuronGroup, Quantity, ms, mV, nS, pF
from brian2.equations.equations import Equations

from brian2_nmda.equations import BackPropagatingSpike
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.symbolic.errors import ModelError

#: Variables that an experiment sets where a protocol asks for it, and the line that declares them.
HOOKS = {
    "clamped": "clamped : 1  # 1 under voltage clamp",
    "v_command": "v_command : volt  # what the clamp holds",
    "I_injected": "I_injected : amp  # depolarises where it is positive",
    "g_inhibition": "dg_inhibition/dt = -g_inhibition/(10*ms) : siemens",
    "inhibition": "inhibition : 1  # 0 in a blocker of inhibition",
}

_MEMBRANE = """
dv/dt = (1 - clamped)*(g_L*(E_L - v) - I_syn - g_inhibition*(v - E_i) + I_injected)/C_m
        + clamped*(v_command - v)/tau_clamp : volt (unless refractory)
dg_inhibition/dt = -g_inhibition/tau_i : siemens
clamped : 1
v_command : volt
I_injected : amp
inhibition : 1
"""
#: Of the tetanus experiment as well. Fitted with the rule of `demo_model`: a long time constant (60 ms), so
#: that the pulses of a burst add up and fire the neuron although a test EPSP is far below threshold.
MEMBRANE = {
    "C_m": 250 * pF,
    "g_L": 4.2 * nS,
    "E_L": -70 * mV,
    "v_th": -58 * mV,
    "v_reset": -60 * mV,
}
#: The time constant and the reversal of inhibition and the time constant of the clamp are assumed.
_NAMESPACE = MEMBRANE | {
    "tau_i": 10 * ms,
    "E_i": -75 * mV,
    "tau_clamp": 1 * ms,
}


@dataclass(frozen=True)
class Neuron:
    """A neuron holds equations, to which those of the synapses are added.

    Parameters
    ----------
    equations : str
        With ``dv/dt``, from which ``I_syn`` is subtracted. For protocols that need them also
        ``clamped : 1`` and ``v_command : volt`` (voltage clamp), ``I_injected : amp``, ``g_inhibition``
        (siemens) and ``inhibition : 1``.
    threshold, reset : str
        Condition of a spike, and the statements that follow it, as in a `NeuronGroup`.
    rest : Quantity
        Potential at the start.
    refractory : Quantity or False
        Duration without spikes after a spike; ``False`` for none.
    method : str
        State updater of Brian2 for the equations.
    v : str
        The voltage that the synapses see.
    force : str
        Statement that makes the neuron spike in the next time step.
    namespace : mapping
        Values of the names that the equations use, with their units.

    Examples
    --------
    >>> from brian2 import mV
    >>> from brian2_nmda.protocols import Neuron
    >>> mine = Neuron('dv/dt = (-70*mV - v)/(15*ms) - I_syn/(150*pF) : volt', 'v > -50*mV', 'v = -65*mV',
    ...               rest=-70*mV, v='v')
    """

    equations: str
    threshold: str
    reset: str
    rest: Quantity
    refractory: Any = False
    method: str = "euler"
    v: str = "v"
    force: str = "v = 20*mV"
    namespace: Mapping[str, Any] = field(default_factory=dict)

    def check(self, needed: Mapping[str, str]) -> None:
        """Raise a ModelError if a variable is missing; ``needed`` says what each is needed for."""
        declared = set(Equations(self.equations).names)
        for name, why in needed.items():
            if name not in declared:
                line = HOOKS.get(name, f"d{name}/dt = ...")
                raise ModelError(f"the neuron has no variable '{name}', needed for {why}; add '{line}'.")

    def group(self, n: int, model: GlutamateSynapse, per_neuron: list[str], **kwargs: Any) -> NeuronGroup:
        """``n`` of these neurons with the equations that the synapses of a model need."""
        neurons = NeuronGroup(
            n,
            self.equations + model.post_equations(v=self.v, per_neuron=per_neuron),
            threshold=self.threshold,
            reset=self.reset,
            refractory=self.refractory,
            method=self.method,
            namespace=dict(self.namespace),
            **kwargs,
        )
        neurons.v = self.rest
        return neurons


def demo_neuron(**values: Quantity) -> Neuron:
    """Make the integrate-and-fire neuron of the tetanus experiment, with a back-propagating spike.

    It can be clamped, given current, and inhibited. Under clamp it does not spike.

    Parameters
    ----------
    **values : Quantity
        Other values of its constants: ``C_m``, ``g_L``, ``E_L``, ``v_th``, ``v_reset``, ``tau_i``, ``E_i``,
        ``tau_clamp``. With ``C_m=200*pF, g_L=10*nS, v_th=-54*mV`` it is the neuron to which `GradedEnzymes`
        and `UnsaturatedEnzymes` were fitted.

    Raises
    ------
    ModelError
        If it has no constant of that name.

    Examples
    --------
    >>> from brian2_nmda.protocols import demo_neuron
    >>> demo_neuron().v
    'v_s'
    """
    unknown = sorted(set(values) - set(_NAMESPACE))
    if unknown:
        raise ModelError(f"the demo's neuron has no constant '{unknown[0]}'; it has {', '.join(_NAMESPACE)}.")
    constants, spike = _NAMESPACE | values, BackPropagatingSpike()
    return Neuron(
        equations=_MEMBRANE + spike.neuron_equations(),
        threshold="v > v_th and clamped < 0.5",
        reset="v = v_reset\n" + spike.reset(),
        rest=constants["E_L"],
        refractory=3 * ms,
        v="v_s",
        namespace=constants,
    )
