"""Pictures of a model: its plan, its parts, its schemes. Arrows are counted, boxes may not overlap."""

from itertools import combinations, pairwise

import pytest
from brian2 import second
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, ModelError
from brian2_nmda.equations import (
    CalciumIntegrator,
    FiveStateNMDA,
    GradedEnzymes,
    KampaNMDA,
    ProteinSynthesis,
    Scaffold,
    ScaffoldedInsertion,
    SpineCalcium,
    TsodyksMarkram,
)
from brian2_nmda.plotting import plot_parts, plot_plan, plot_scheme
from brian2_nmda.protocols import demo_model


def boxes(axes):
    """Names in boxes, with what they cover on paper."""
    FigureCanvasAgg(axes.figure).draw()
    kept = [t for t in axes.texts if t.get_bbox_patch() is not None and t.get_fontsize() == 9]
    return {t.get_text(): t.get_window_extent() for t in kept}


def arrows(axes):
    return [t.arrow_patch for t in axes.texts if getattr(t, "arrow_patch", None) is not None]


def labels(axes):
    return {t.get_text() for t in axes.texts if t.get_fontsize() == 8}


def test_the_plan_as_a_table():
    """Each cell of the plan is there, word for word; columns do not run into each other."""
    model = demo_model()
    axes = plot_plan(model)
    found = [" ".join(t.get_text().split()) for t in axes.texts]
    expected = [" ".join(cell.split()) for row in model.plan.table for cell in row.values()]
    assert found[:5] == list(model.plan.table[0])
    assert found[5:] == expected
    FigureCanvasAgg(axes.figure).draw()
    columns = [[t.get_window_extent() for t in axes.texts[k::5]] for k in range(5)]
    for left, right in pairwise(columns):
        assert max(b.x1 for b in left) < min(b.x0 for b in right)
    assert plot_plan(model.plan, axes=Figure().add_subplot()).texts


def test_the_parts_of_the_default_model():
    """By hand: two receptors read T of a spike; calcium drives a rule, which changes one of them."""
    axes = plot_parts(demo_model())
    found = boxes(axes)
    assert set(found) == {
        "presynaptic spike", "TransmitterPulse", "AMPA", "BioNMDA", "JahrStevens\n(NMDA)", "SpineCalcium",
        "CalciumIntegrator\n(Ca_eff)", "AutonomousEnzymes", "RelativeInsertion\n(AMPA)",
    }  # fmt: skip
    assert labels(axes) == {"T", "block_NMDA", "g_NMDA", "Ca", "Ca_eff", "K_autonomous", "n_AMPA"}
    # spike, T twice, block twice, g, Ca twice, Ca_eff, K, n
    assert len(arrows(axes)) == 11
    assert found["presynaptic spike"].x0 == min(b.x0 for b in found.values())


@pytest.mark.parametrize(
    "model",
    [
        demo_model(),
        GlutamateSynapse(
            [AMPA(), BioNMDA()],
            release=TsodyksMarkram(),
            calcium=SpineCalcium(integrator=CalciumIntegrator(tau=2.8 * second)),
            plasticity=ScaffoldedInsertion.preset("graded enzymes"),
            parts=[GradedEnzymes(), Scaffold(), ProteinSynthesis()],
        ),
    ],
)
def test_boxes_of_parts_do_not_overlap_and_no_arrow_goes_through_one(model):
    axes = plot_parts(model)
    found = boxes(axes)
    assert not [(a, b) for (a, x), (b, y) in combinations(found.items(), 2) if x.overlaps(y)]
    for arrow in arrows(axes):  # from box to box: what it starts and ends at is left out of its path
        path = arrow.get_path().transformed(arrow.get_transform()).interpolated(50).vertices
        assert not [name for name, box in found.items() if any(box.contains(x, y) for x, y in path)]


def test_schemes():
    """Lester and Jahr (1992): C0 - C1 - C2, from which it opens or desensitises; each arrow has two heads."""
    axes = plot_scheme(GlutamateSynapse(FiveStateNMDA()))
    found = boxes(axes)
    assert list(found) == ["C0", "C1", "C2", "D", "O"]
    assert labels(axes) == {"Rb T sites", "Ru", "Rb T", "Ru sites", "Rd", "Rr", "Ro", "Rc"}
    assert len(arrows(axes)) == 4
    xs = [found[n].x0 for n in ("C0", "C1", "C2")]
    assert xs == sorted(xs)
    kampa = boxes(plot_scheme(GlutamateSynapse(KampaNMDA())))
    assert len(kampa) == 10
    assert not [(a, b) for (a, x), (b, y) in combinations(kampa.items(), 2) if x.overlaps(y)]


def test_a_part_alone():
    assert set(boxes(plot_scheme(FiveStateNMDA()))) == {"C0", "C1", "C2", "D", "O"}
    assert "BioNMDA" in boxes(plot_parts(BioNMDA()))
    assert plot_plan(BioNMDA()).texts


def test_which_scheme():
    with pytest.raises(ModelError, match="there are none"):
        plot_scheme(GlutamateSynapse(BioNMDA()))
    both = GlutamateSynapse([FiveStateNMDA(label="A"), KampaNMDA(label="B")])
    with pytest.raises(ModelError, match="there are A, B"):
        plot_scheme(both)
    assert plot_scheme(both, "B").get_title(loc="left") == "scheme of B"


def test_what_has_no_such_picture():
    with pytest.raises(ModelError, match="this picture is of a GlutamateSynapse or a part; found 3"):
        plot_parts(3)
