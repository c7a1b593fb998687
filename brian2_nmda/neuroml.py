"""Synapses of NeuroML2 files as models. The standard library reads them: three elements need no schema."""

import re
from pathlib import Path
from xml.etree import ElementTree

from brian2.units.allunits import (
    mmolar,
    molar,
    msecond,
    msiemens,
    mvolt,
    nsiemens,
    psiemens,
    second,
    siemens,
    usiemens,
    volt,
)
from brian2.units.fundamentalunits import Quantity, get_dimensions

from brian2_nmda.equations import MagnesiumBlock, TsodyksMarkram, TwoExponentialAMPA, TwoExponentialNMDA
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.symbolic.errors import ModelError

__all__ = ["from_neuroml"]

READ = ("expTwoSynapse", "alphaSynapse", "blockingPlasticSynapse")
_UNITS = {
    "s": second, "ms": msecond, "V": volt, "mV": mvolt, "S": siemens, "mS": msiemens, "uS": usiemens,
    "nS": nsiemens, "pS": psiemens, "M": molar, "mM": mmolar, "mol_per_m3": mmolar,
    "mol_per_cm3": 1000 * molar, "": Quantity(1.0),
}  # fmt: skip


def from_neuroml(source: str | Path, id: str) -> GlutamateSynapse:
    """Read a synapse of a NeuroML2 file into a model.

    ``expTwoSynapse`` and ``alphaSynapse`` become a `TwoExponentialAMPA` (of equal time constants for the
    latter), ``blockingPlasticSynapse`` a `TwoExponentialNMDA`, with a `MagnesiumBlock` for a
    ``voltageConcDepBlockMechanism`` and `TsodyksMarkram` for a ``tsodyksMarkramDepFacMechanism``. Their
    equations are the same: the ``U`` that a spike finds in NeuroML is the ``u`` that it leaves here.

    Parameters
    ----------
    source : str or Path
        The file, or its text.
    id : str
        Of the synapse in it.

    Returns
    -------
    GlutamateSynapse
        A synapse whose weight is that of the connection.

    Raises
    ------
    ModelError
        If there is no such synapse, or it has something that would be read as something else.

    Examples
    --------
    >>> from brian2_nmda.neuroml import from_neuroml
    >>> text = '''<neuroml><expTwoSynapse id="fast" gbase="0.5nS" erev="0mV" tauRise="0.2ms"
    ...     tauDecay="2ms"/></neuroml>'''
    >>> from_neuroml(text, "fast").receptors[0].tau_decay
    2. * msecond
    """
    text = source if isinstance(source, str) and source.lstrip().startswith("<") else None
    try:
        root = ElementTree.fromstring(Path(source).read_text() if text is None else text)
    except ElementTree.ParseError as error:
        raise ModelError(f"from_neuroml: this is no XML: {error}.") from error
    found = [e for e in root.iter() if e.get("id") == id]
    if len(found) != 1:
        raise ModelError(f"from_neuroml: {len(found)} elements have the id '{id}', one is needed.")
    element = found[0]
    kind = _kind(element)
    if kind not in READ:
        raise ModelError(f"from_neuroml: '{id}' is a {kind}; what is read is {', '.join(READ)}.")
    times = ("tau", "tau") if kind == "alphaSynapse" else ("tauRise", "tauDecay")
    values = {"gmax": _value(element, "gbase", siemens), "E": _value(element, "erev", volt)}
    for name, attribute in zip(("tau_rise", "tau_decay"), times, strict=True):
        values[name] = _value(element, attribute, second)
    if kind != "blockingPlasticSynapse":
        return GlutamateSynapse(TwoExponentialAMPA(**values))
    block, release = None, None
    for child in element:
        if _kind(child) == "blockMechanism":
            block = _block(child)
        elif _kind(child) == "plasticityMechanism":
            release = _release(child)
        elif _kind(child) not in ("notes", "annotation", "property"):
            raise ModelError(f"from_neuroml: '{id}' has a '{_kind(child)}', which is not read.")
    receptor = TwoExponentialAMPA(**values) if block is None else TwoExponentialNMDA(block=block, **values)
    return GlutamateSynapse(receptor) if release is None else GlutamateSynapse(receptor, release=release)


def _kind(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _typed(element: ElementTree.Element, expected: str, more: str = "") -> None:
    if element.get("type") != expected:
        raise ModelError(
            f"from_neuroml: a {_kind(element)} of type '{element.get('type')}' is not read, only '{expected}'"
            f"{more}."
        )


def _block(element: ElementTree.Element) -> MagnesiumBlock:
    _typed(element, "voltageConcDepBlockMechanism")
    if element.get("species", "mg").lower() not in ("mg", "mg2+"):
        raise ModelError(f"from_neuroml: a block by '{element.get('species')}', here magnesium blocks.")
    return MagnesiumBlock(
        Mg=_value(element, "blockConcentration", molar),
        K=_value(element, "scalingConc", molar),
        k=1 / _value(element, "scalingVolt", volt),
    )


def _release(element: ElementTree.Element) -> TsodyksMarkram:
    more = " (without facilitation, tau_f would be 0)"
    _typed(element, "tsodyksMarkramDepFacMechanism", more)
    return TsodyksMarkram(
        U=float(_value(element, "initReleaseProb", Quantity(1.0))),
        tau_f=_value(element, "tauFac", second),
        tau_d=_value(element, "tauRec", second),
    )


def _value(element: ElementTree.Element, name: str, like: Quantity) -> Quantity:
    """An attribute such as ``0.5 nS``, of the dimensions that it must have."""
    text = element.get(name)
    if text is None:
        raise ModelError(f"from_neuroml: {_kind(element)} has no {name}.")
    match = re.fullmatch(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\w*)\s*", text)
    unit = None if match is None else _UNITS.get(match[2])
    if match is None or unit is None or get_dimensions(unit) is not get_dimensions(like):
        raise ModelError(f"from_neuroml: {name} of {_kind(element)} is '{text}', which is no such quantity.")
    return float(match[1]) * unit
