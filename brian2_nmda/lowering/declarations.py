"""What a user says about synapses before connectivity, weights and delays are known."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from brian2_nmda.symbolic.errors import ModelError


@dataclass(frozen=True)
class Declarations:
    """What the user says before connectivity, weights and delays are known.

    Attributes
    ----------
    delay : {'uniform', 'per_synapse'}
    w : {'per_synapse', 'shared', 'constant'}
    per_synapse : frozenset of str
        Parameters with one value per synapse.
    method : str or None
        A state updater registered with Brian2 instead of the default.
    optimize : bool
    tolerance : float or None
        Error of an open fraction that the plan may make to be faster; ``None`` for exact plans.
    same_steps : bool
        Whether source, synapses and target have one time step.
    single_precision : bool
        Whether the preference ``core.default_float_dtype`` is not float64.
    jumping_w : bool
        Whether the user's statements change ``w`` at spikes.
    efficacy : {'now', 'at_spikes'}
        Whether a rule of plasticity scales what is open now, or what a spike opens.
    read_by_user : frozenset of str
        Names in equations that the user adds to the synapses.
    read_at_post : frozenset of str
        Names in the statements that the user adds at postsynaptic spikes.
    shared_post : bool
        Whether all synapses of a neuron see its spikes at once, without a delay of their own.
    in_blocks : bool
        Whether calcium, and what follows from it, is to be advanced in blocks of time steps.
    read_at_pre : frozenset of str
        Names in the statements that the user adds at presynaptic spikes.
    tables : bool
        Whether the target of the code can take propagators from tables; see `brian2_nmda.lowering.tables`.
    on_target : frozenset of str
        Variables of the target.
    """

    delay: str = "uniform"
    w: str = "per_synapse"
    per_synapse: frozenset[str] = frozenset()
    method: str | None = None
    optimize: bool = True
    tolerance: float | None = None
    same_steps: bool = True
    single_precision: bool = False
    jumping_w: bool = False
    efficacy: str = "now"
    read_by_user: frozenset[str] = frozenset()
    read_at_post: frozenset[str] = frozenset()
    shared_post: bool = True
    in_blocks: bool = False
    read_at_pre: frozenset[str] = frozenset()
    tables: bool = False
    on_target: frozenset[str] = frozenset()

    @property
    def stepped_because(self) -> str | None:
        """Why no conductance is sent at spikes, whatever its kinetics."""
        if not self.optimize:
            return "optimize=False"
        if self.tolerance is None:
            return "tolerance=None"
        if self.method is not None:
            return f"method='{self.method}'"
        if not self.same_steps:
            return "source, synapses and target have different time steps"
        if self.single_precision:
            return "amplitudes that cancel need more digits than float32 has"
        return None

    def check_per_synapse(self, parameters: Iterable[str], on_target: Iterable[str]) -> None:
        """Check the names in ``per_synapse`` against all parameters, and those that act on the target.

        Raises
        ------
        ModelError
            If a parameter does not exist or belongs to the target.
        """
        parameters, on_target = list(parameters), set(on_target)
        for name in sorted(self.per_synapse):
            if name not in parameters:
                raise ModelError(
                    f"per_synapse=['{name}']: no such parameter; the parameters are {', '.join(parameters)}."
                    + "".join(f" Did you mean '{n}'?" for n in get_close_matches(name, parameters, 1))
                )
            if name in on_target:
                raise ModelError(
                    f"per_synapse=['{name}']: this parameter acts on the target, where the synapses are "
                    f"summed already; use post_equations(per_neuron=['{name}'])."
                )
