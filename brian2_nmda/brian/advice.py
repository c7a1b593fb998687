"""What to write instead of a name that Brian2 refuses on a group to which a model has given equations."""

import sys
from difflib import get_close_matches
from typing import Any

from brian2.core.preferences import prefs
from brian2.core.variables import Subexpression
from brian2.groups.group import VariableOwner
from brian2.synapses.synapses import Synapses

from brian2_nmda.brian.internals import advise_on_recording, advise_on_unknown_names
from brian2_nmda.brian.target import TargetEquations, base_group
from brian2_nmda.symbolic.errors import model_error_in
from brian2_nmda.symbolic.expressions import unit_text


class Advising(VariableOwner):
    """Synapses with a plan, which say where a variable of it is that they do not have."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            plan = self.__dict__.get("plan")
            found = plan and plan.instead(name.removesuffix("_"))
            if not found:
                raise
            raise AttributeError(f"'{self.name}' has no variable '{name}'. {found}") from None


def of_target(group: Any, name: str) -> str | None:
    """Where a name of the model is, if it is no variable of its target; ``None`` if nothing is known."""
    equations = vars(group).get("user_equations")
    found = equations.elsewhere.get(name) if isinstance(equations, TargetEquations) else None
    return found and f"'{group.name}' has no variable '{name}'. {found}"


def of_recorded(group: Any, name: str) -> str | None:
    """How to record what a monitor refuses."""
    if not isinstance(group, Synapses):
        return of_target(group, name)
    if not hasattr(group, "plan"):  # synapses of the user's own
        return None
    variable = group.variables.get(name)
    if variable is None and (found := group.plan.instead(name)):
        return f"'{group.name}' has no variable '{name}'. {found}"
    if variable is None:
        close = get_close_matches(name, sorted(group.variables), 1)
        hint = f"'{group.name}' has no variable '{name}'. Did you mean '{close[0]}'?" if close else None
        return of_target(base_group(group.target), name) or hint
    if not isinstance(variable, Subexpression):
        return None
    unit = unit_text(variable.dim)
    return (
        f"'{name}' of '{group.name}' is an expression of what lives on the source or the target, which "
        f"Brian2 cannot record there. Let the synapses store it: model.synapses(..., model='{name}_seen = "
        f"{name} : {unit} (constant over dt)'), and record '{name}_seen'."
    )


def show_without_banner() -> None:
    """Let an uncaught `ModelError` be shown without Brian2's words about a possible bug of its own, and last.

    Brian2 keeps the debug file, as it does where its preference switches these words off for all errors. What
    is found at the start of a run is wrapped by Brian2 in an error about the object that found it.
    """
    before, banner = sys.excepthook, "logging.display_brian_error_message"

    def excepthook(kind: Any, error: BaseException, traceback: Any) -> None:
        cause = model_error_in(error)
        shown = prefs[banner]
        try:
            prefs[banner] = shown and cause is None
            before(kind, error, traceback)
        finally:
            prefs[banner] = shown
        if cause is not None and cause is not error:
            print(f"\nModelError: {cause}", file=sys.stderr)

    sys.excepthook = excepthook


def register() -> None:
    """Let Brian2 give this advice with the errors that it raises."""
    show_without_banner()
    advise_on_unknown_names(of_target)
    advise_on_recording(of_recorded)
