"""Synapses of NeuroML2, held against the closed forms of its component types (Synapses.xml of NeuroML2)."""

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from brian2_nmda import ModelError
from brian2_nmda.neuroml import from_neuroml

exact = run_path(str(Path(__file__).with_name("exact.py")))["exact"]

TEXT = """<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="file">
  <expTwoSynapse id="two" gbase="0.5nS" erev="-5 mV" tauRise="1ms" tauDecay="0.005 s"/>
  <alphaSynapse id="alpha" gbase="500 pS" erev="0mV" tau="2ms"/>
  <blockingPlasticSynapse id="nmda" gbase=".8e-3uS" erev="0mV" tauRise="1e-3s" tauDecay="13.3333ms">
    <notes>three</notes>
    <plasticityMechanism type="tsodyksMarkramDepFacMechanism" initReleaseProb="0.4" tauRec="80ms"
        tauFac="50ms"/>
    <blockMechanism type="voltageConcDepBlockMechanism" species="mg" blockConcentration="1.2 mM"
        scalingConc="1.9205441817997078 mol_per_m3" scalingVolt="16.129032258064516 mV"/>
  </blockingPlasticSynapse>
</neuroml>"""
SPIKES = np.array([2.0, 12.0, 17.0, 60.0])
V = -40.0


TIMES = np.arange(0.35, 90, 0.7)


def course(id, text=TEXT):
    """Total conductance in nS and current in pA of the model that was read, at -40 mV."""
    model = from_neuroml(text, id)
    label = model.receptors[0].label
    names = [f"g_total_{label}", f"I_{label}"]
    found = exact(model, names, TIMES * 1e-3, SPIKES * 1e-3, V * 1e-3, np.array([]), w=1.5)
    return found[names[0]] * 1e9, found[names[1]] * 1e12


def waveform(t, rise, decay):
    peak = np.log(decay / rise) * rise * decay / (decay - rise)
    factor = 1 / (np.exp(-peak / decay) - np.exp(-peak / rise))
    return np.where(t > 0, factor * (np.exp(-t / decay) - np.exp(-t / rise)), 0)


def test_two_exponentials():
    g, current = course("two")
    expected = 1.5 * 0.5 * sum(waveform(TIMES - s, 1, 5) for s in SPIKES)
    assert np.abs(g - expected).max() < 1e-8 * expected.max()
    assert np.abs(current - expected * (V + 5)).max() < 1e-8 * np.abs(expected * (V + 5)).max()


def test_alpha_function():
    g, _ = course("alpha")
    since = np.maximum(TIMES[:, None] - SPIKES, 0)
    expected = 1.5 * 0.5 * (since / 2 * np.exp(1 - since / 2)).sum(axis=1)
    assert np.abs(g - expected).max() < 1e-8 * expected.max()


def plastic():
    """R*U at each spike by NeuroML's own rule: used first, then R falls and U rises towards 1."""
    R, U, last, found = 1.0, 0.4, None, []
    for s in SPIKES:
        if last is not None:
            R = 1 - (1 - R) * np.exp(-(s - last) / 80)
            U = 0.4 + (U - 0.4) * np.exp(-(s - last) / 50)
        found.append(R * U)
        R, U, last = R * (1 - U), U + 0.4 * (1 - U), s
    return found


def test_block_and_plasticity():
    g, current = course("nmda")
    expected = sum(
        1.5 * 0.8 * f * waveform(TIMES - s, 1, 13.3333) for s, f in zip(SPIKES, plastic(), strict=True)
    )
    block = 1 / (1 + 1.2 / 1.9205441817997078 * np.exp(-V / 16.129032258064516))
    assert np.abs(g - expected).max() < 1e-8 * expected.max()
    assert np.abs(current - block * expected * V).max() < 1e-8 * np.abs(block * expected * V).max()
    assert len(set(np.round(plastic(), 3))) == 4


def test_a_wrong_number_in_the_file_is_seen():
    g, _ = course("nmda", TEXT.replace('tauFac="50ms"', 'tauFac="51ms"'))
    right, _ = course("nmda")
    assert np.abs(g - right).max() > 1e-4 * right.max()


def test_a_file(tmp_path):
    path = tmp_path / "synapses.nml"
    path.write_text(TEXT)
    assert repr(from_neuroml(path, "two")) == repr(from_neuroml(TEXT, "two"))
    alpha = from_neuroml(str(path), "alpha").receptors[0]
    assert alpha.tau_rise == alpha.tau_decay


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tsodyksMarkramDepFacMechanism", "tsodyksMarkramDepMechanism", "without facilitation"),
        ("voltageConcDepBlockMechanism", "myBlock", "of type 'myBlock' is not read"),
        ('species="mg"', 'species="zn"', "a block by 'zn'"),
        ("13.3333ms", "13.3333mV", "tauDecay of blockingPlasticSynapse is '13.3333mV'"),
        ('gbase=".8e-3uS" ', "", "has no gbase"),
        ("blockingPlasticSynapse", "stdpSynapse", "is a stdpSynapse; what is read is expTwoSynapse"),
        ("<notes>three</notes>", "<other/>", "has a 'other'"),
        ('id="nmda"', 'id="two"', "0 elements have the id 'nmda'"),
        ("<neuroml", "<", "no XML"),
    ],
)
def test_refused_in_words(old, new, said):
    with pytest.raises(ModelError, match=said):
        from_neuroml(TEXT.replace(old, new), "nmda")
