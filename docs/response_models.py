"""Synapses in which parts are shown: for the figures of the model reference."""

from collections.abc import Callable
from typing import Any

from brian2_nmda import equations as lib
from brian2_nmda.conformance.subject import synapse_for
from brian2_nmda.model import GlutamateSynapse

SUBUNITS = ("GluN2A", "GluN2B")


def _subunits(detector: Any, rule: Any) -> GlutamateSynapse:
    receptors = [lib.AMPA(), *(lib.FirstOrderNMDA.preset(f"{k}, Dainauskas 2023", label=k) for k in SUBUNITS)]
    return GlutamateSynapse(receptors, lib.TransmitterPulse.preset("Destexhe 1998"), None, rule, detector)


def _late(*rules: Any, parts: Any = ()) -> GlutamateSynapse:
    return GlutamateSynapse(lib.TwoExponentialAMPA(), plasticity=list(rules), parts=list(parts))


def _calcium(rules: Any, *parts: Any, calcium: Any = None) -> GlutamateSynapse:
    pool = lib.SpineCalcium() if calcium is None else calcium
    return GlutamateSynapse([lib.AMPA(), lib.BioNMDA()], calcium=pool, plasticity=rules, parts=list(parts))


def _astrocyte(part: Any) -> GlutamateSynapse:
    site = {"coagonist": lib.DSerineSite()} if part.name == "DSerineRelease" else {}
    release = lib.ModulatedRelease() if not site else None
    return GlutamateSynapse(lib.BioNMDA(**site), release=release, parts=[lib.GChIAstrocyte(), part])


#: Models in which a part does its work, where the smallest synapse of the tests gives it constants to read.
COMPANY: dict[str, Callable[[Any], GlutamateSynapse]] = {
    "LatePhase": lambda p: _late(p, parts=[lib.ProteinSynthesis()]),
    "ProteinSynthesis": lambda p: _late(lib.LatePhase(), parts=[p]),
    "TagTriC": lambda p: _late(p, parts=[lib.TriggeredProtein()]),
    "ReceptorPool": lambda p: _late(lib.SlotInsertion(), parts=[p]),
    "SubunitDetector": lambda p: _subunits(p, lib.SubunitSTDP()),
    "SubunitSTDP": lambda p: _subunits(lib.SubunitDetector(), p),
    "RodriguesReadout": lambda p: _calcium(p, lib.RodriguesEnzymes()),
    "KinaseDrivenInsertion": lambda p: _calcium(p, lib.GradedEnzymes()),
    "CastellaniPhosphorylation": lambda p: _calcium(p, lib.CastellaniEnzymes()),
    "RelativeInsertion": lambda p: _calcium(p, lib.UnsaturatedEnzymes()),
    "ScaffoldedInsertion": lambda p: _calcium(p, lib.GradedEnzymes(), lib.Scaffold(), lib.ProteinSynthesis()),
    "Scaffold": lambda p: _calcium(lib.ScaffoldedInsertion(), lib.GradedEnzymes(), p, lib.ProteinSynthesis()),
    "SpineVolume": lambda p: _calcium(
        lib.KinaseDrivenInsertion(), lib.CastellaniEnzymes(), p, calcium=lib.BufferedCalcium()
    ),
    "Gliotransmission": _astrocyte,
    "AdenosineDepression": _astrocyte,
    "DSerineRelease": _astrocyte,
}


#: Until when (s) a course is shown, where that is not of its kind: a weight that never stops, say.
END = {"SynapticScaling": 300.0, "SubunitDetector": 3.0}
#: Times its initial value at which a state starts, so that there is something to see.
START = {"ReceptorPool": ("p_ReceptorPool", 0.5), "CountedSlots": ("n_AMPA", 0.5), "Scaffold": ("n_AMPA", 2)}
#: Levels of constant inputs, where one of the usual size does nothing.
LEVEL = {"TriggeredProtein": 100.0}
#: The state that is shown as the weight.
WEIGHT = {
    "CastellaniPhosphorylation": "p2_AMPA",
    "ContactTurnover": "present_AMPA",
    "RelativeInsertion": "r_AMPA",
    "TagTriC": "high_AMPA",
}


def model_of(part: Any) -> GlutamateSynapse:
    """A synapse in which the part does its work."""
    return COMPANY.get(part.name, synapse_for)(part)
