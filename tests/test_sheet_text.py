"""What `show` prints can be typed back, and says where things are; messages for what is written often.

Held against: the expression that the library has; names that the synapses have; plain words.
"""

import numpy as np
import pytest
import sympy

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, ModelError, models
from brian2_nmda.export.sheet import _text, sheet
from brian2_nmda.library import find_model
from brian2_nmda.symbolic.expressions import numeric, unit_text


def same(first: sympy.Expr, second: sympy.Expr) -> bool:
    """Whether two expressions are written alike, or have the same values."""
    if first == second:
        return True
    names = sorted({x.name for x in (first + second).free_symbols})
    values = np.random.default_rng(5).uniform(-2, 2, size=(50, len(names)))
    f, g = (numeric(e, names, {}) for e in (first, second))
    with np.errstate(all="ignore"):
        return np.allclose([f(*v) for v in values], [g(*v) for v in values], rtol=1e-9, equal_nan=True)


NAMES = [row["name"] for row in models()]


@pytest.mark.parametrize("name", NAMES)
def test_printed_equations_are_accepted_by_replace(name):
    part = find_model(name)
    shown = sheet(part)
    for left, expression in part.own_equations.items():
        text = _text(expression)
        assert f"    {left} = {text}" in shown
        state = left[1:-3] if left.endswith("/dt") else None
        tables = (*part.template.reactions, *part.template.exchanges)
        if state and any(state in (str(s) for s in (*r.states, r.partner)) for r in tables):
            continue  # derived: its table is shown and edited instead
        if left in part.template.roles:
            again = part.replace(**{left: text})
        else:
            records = {**part.template.definitions, **part.template.gives, **part.template.states}
            again = part.replace(f"{left} = {text} : {unit_text(records[state or left].dim)}")
        assert same(again.own_equations[left], expression)


def test_rates_of_a_table_say_what_to_write():
    with pytest.raises(ModelError, match="reaction table"):
        find_model("FiveStateNMDA").replace("dO/dt = C2*Ro - O*Rc : 1")


@pytest.mark.parametrize(
    "name, texts",
    [
        ("BackPropagatingSpike", ["A_fast of the neuron"]),
        ("Memantine", ["S.b_memantine_NMDA", "0.53/s", "0.32/(mM ms)", "Set ``P`` to the open fraction"]),
        ("BioNMDA", ["1/(mM ms)", "2/ms", "10/s", "normalised activation"]),
        (
            "WangJumpNMDA",
            [
                "    k_0 = ... (jump from 0; 1519 characters",
                "In full:",
                "z exp(-z) (1/(1-r) + z/((1-r)(2-r))",
            ],
        ),
        ("GlutamateSynapse", ["I_NMDA = ", "I_AMPA = "]),
    ],
)
def test_sheet_says(name, texts):
    shown = sheet(find_model(name))
    for text in texts:
        assert text in shown
    assert "mHz" not in shown and "S.A_fast" not in shown


def test_factors_stand_apart_in_latex():
    assert r"\mathrm{activation} \, \mathrm{gmax}" in BioNMDA().latex()


def test_a_model_given_as_text():
    with pytest.raises(ModelError, match=r"'BioNMDA'.*write BioNMDA\(\), without quotes"):
        GlutamateSynapse("BioNMDA")


def test_equations_of_two_models_added():
    a, b = GlutamateSynapse(AMPA()), GlutamateSynapse(BioNMDA())
    with pytest.raises(ModelError, match=r"post_equations\(a, b\)"):
        a.post_equations() + b.post_equations()
