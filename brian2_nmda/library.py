"""The models of `brian2_nmda.equations` as a list, and one of them by its name."""

import difflib
from typing import Any

import brian2_nmda.equations
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.kinds import (
    Antagonist,
    Block,
    Calcium,
    ChannelBlocker,
    CoAgonist,
    NeuronFragment,
    Plasticity,
    Receptor,
    Release,
)
from brian2_nmda.symbolic.part import Part

#: What each kind of part is called, in the order of the list.
_KINDS = {
    Receptor: "receptor",
    Block: "block",
    Release: "release",
    CoAgonist: "co-agonist",
    Antagonist: "antagonist",
    ChannelBlocker: "channel blocker",
    Calcium: "calcium",
    Plasticity: "plasticity",
    NeuronFragment: "neuron",
}
#: What a part of no kind is called that lives at no place: the integrator of a calcium pool.
_PLACELESS = "calcium"


def models() -> list[dict[str, str | list[str]]]:
    """List all models that come with the package.

    Returns
    -------
    list of dict
        Rows with ``name``, ``kind``, ``summary`` and ``presets``, by kind and name.

    Examples
    --------
    >>> from brian2_nmda import models
    >>> [row['name'] for row in models() if row['kind'] == 'release']
    ['AmbientTransmitter', 'ChindemiRelease', 'CostaRelease', 'ModulatedRelease', 'RodriguesRelease',
     'StochasticRelease', 'TransmitterPulse', 'TsodyksMarkram']
    """
    classes = [getattr(brian2_nmda.equations, n) for n in sorted(brian2_nmda.equations.__all__)]
    order = list(dict.fromkeys([*_KINDS.values(), *map(_kind, classes)]))
    rows = [
        {"name": c.__name__, "kind": _kind(c), "summary": c.summary, "presets": list(c.presets)}
        for c in classes
    ]
    return sorted(rows, key=lambda r: order.index(r["kind"]))


def _kind(part: type[Part]) -> str:
    known = (name for base, name in _KINDS.items() if issubclass(part, base))
    return next(known, part.place or _PLACELESS)


def find_model(name: str, preset: str | None = None) -> Any:
    """A model with its default parameters, or those of a preset.

    Parameters
    ----------
    name : str
        As listed by `models`, or ``GlutamateSynapse``: one with an AMPA and an NMDA receptor.
    preset : str, optional

    Raises
    ------
    ModelError
        If there is no such model or preset.
    """
    if name == "GlutamateSynapse" and preset is None:
        from brian2_nmda.model import GlutamateSynapse  # late: a model knows Brian2 objects

        return GlutamateSynapse([brian2_nmda.equations.AMPA(), brian2_nmda.equations.BioNMDA()])
    known = brian2_nmda.equations.__all__
    if name not in known:
        lower = {n.lower(): n for n in known}
        close = [lower[n] for n in difflib.get_close_matches(name.lower(), lower)]
        raise ModelError(
            f"there is no model '{name}'."
            + (f" Did you mean '{close[0]}'?" if close else f" There are {', '.join(known)}.")
        )
    part = getattr(brian2_nmda.equations, name)
    return part() if preset is None else part.preset(preset)
