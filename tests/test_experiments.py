"""Experiments on protocols: one small NumPy run that all tests share, and a C++ one against prototypes."""

import csv
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from brian2 import BrianObjectException, Hz, NeuronGroup, ms, mV, nA, nS, pF, prefs, second, umolar
from brian2.core.clocks import defaultclock
from brian2.devices.device import RuntimeDevice, get_device
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    ModelError,
    ReceptorInsertion,
    SpineCalcium,
    cli,
)
from brian2_nmda.equations import DAP5, TripletSTDP
from brian2_nmda.plotting import (
    plot_block,
    plot_epsps,
    plot_frequency_curve,
    plot_iv,
    plot_over_time,
    plot_rule,
    plot_stdp_window,
)
from brian2_nmda.protocols import (
    Experiment,
    Neuron,
    Result,
    control,
    demo_model,
    demo_neuron,
    devices as devices_module,
    drug,
    pairing_at_voltage,
    pairings,
    pulses,
    rest,
    saving,
    switch,
    tetanus,
)
from brian2_nmda.protocols.weights import Weight, weight_of

pytestmark = pytest.mark.xdist_group(__name__)  # one process: the fixture takes long

SHORT = {
    "baseline": 0.22 * second,
    "follow_up": 0.3 * second,
    "test_period": 0.1 * second,
    "settling": 0.02 * second,
    "dt": 0.25 * ms,
}
FEW = {"A": 20, "B": 20}  # fibres: tests in such quick succession would else make the neuron fire
AFTER = 0.22  # s; the induction begins then
FAST = demo_neuron(C_m=200 * pF, g_L=10 * nS, v_th=-54 * mV)  # forgets a pulse before the next one comes
CONDITIONS = {
    "pairs": pairings(10 * ms, n=2, frequency=20 * Hz),
    "held": pairing_at_voltage(pulses=2, frequency=50 * Hz, before=20 * ms),
    "held in D-AP5": pairing_at_voltage(pulses=2, frequency=50 * Hz, before=20 * ms).within(drug("D-AP5")),
    "weak": pulses(2, 100 * Hz).with_fibres(A=10),
    "current": rest(60 * ms).injected(0.4 * nA),
    "inhibited": control().within(switch("inhibition", 0, start=-0.1 * second)),
    "control": control().within(switch("inhibition", 0)),
}
NAMES = list(CONDITIONS)


@pytest.fixture(scope="module")
def result():
    """There is a weak inhibition, which a blocker takes away in the last two conditions."""
    defaultclock.dt = 0.05 * ms
    target = prefs.codegen.target
    try:
        found = Experiment(CONDITIONS, neuron=FAST, pathways=FEW, inhibition=0.02 * nS, **SHORT).run("numpy")
        assert defaultclock.dt == 0.05 * ms
        assert prefs.codegen.target == target
        assert isinstance(get_device(), RuntimeDevice)
    finally:
        defaultclock.dt = 0.1 * ms
    return found


def spikes(result, name):
    return np.asarray(result.spikes[NAMES.index(name)])


# -- what is done arrives --------------------------------------------------------------------------


def test_forced_spikes_come_when_they_are_due(result):
    assert_allclose(spikes(result, "pairs"), AFTER + np.array([0.010, 0.060]), atol=1e-9)
    assert spikes(result, "control").size == 0


def test_under_clamp_there_are_no_spikes_and_calcium_enters(result):
    assert spikes(result, "held").size == 0
    peak = result.peak_Ca[:, 0] / umolar
    assert peak[NAMES.index("held")] > 3 * peak[NAMES.index("control")]
    assert result.change("held") > 0.05
    # B was tested 45 ms before, and what is left of that is unblocked as well
    assert result.change("held", "B") < 0.8 * result.change("held")
    assert peak[NAMES.index("held")] > 1.5 * (result.peak_Ca[NAMES.index("held"), 1] / umolar)
    # 50 uM leave T/(1 + 50/.28) to bind: little calcium enters, even at 0 mV
    assert peak[NAMES.index("held in D-AP5")] < 0.05 * peak[NAMES.index("held")]
    assert abs(result.change("held in D-AP5")) < 0.01 * result.change("held")


def test_current_depolarises(result):
    """0.4 nA are 40 mV above rest on 10 nS: from rest it would fire after C/g ln(40/24) = 10.2 ms."""
    found = spikes(result, "current")
    assert AFTER < found[0] < AFTER + 0.0105
    assert AFTER + 0.05 < found[-1] < AFTER + 0.06


def test_fibres_scale_the_epsp(result):
    weak, control_ = (result.slope[NAMES.index(n), 0, 0] / mV * ms for n in ("weak", "control"))
    assert 1.9 < control_ / weak < 2.0  # 20 fibres against 10; the driving force makes them differ a little


def test_inhibition_cuts_the_epsp_until_it_is_blocked(result):
    amplitude = np.asarray(result.amplitude / mV)[:, 0]
    control_, inhibited = amplitude[NAMES.index("control")], amplitude[NAMES.index("inhibited")]
    assert control_[0] > 1.01 * inhibited[0]  # before the blocker
    assert_allclose(control_[-1], inhibited[-1], rtol=1e-3)


def test_epsp_against_the_prototype(result):
    """5.255 mV of 20 fibres, by a hand-written C++ program in steps of 0.05 ms; 0.25 ms cost 0.4 %."""
    name = NAMES.index("control")
    assert_allclose(result.amplitude[name, 0, 0] / mV, 5.255, rtol=0.006)
    t = result.epsp_time / ms
    assert_allclose([t[0], t[-1]], [-2, 29.75])
    assert_allclose(np.asarray(result.epsp)[name, 0, 0, t <= 0], 0, atol=1e-12)


def test_tests_of_the_induction_are_missing(result):
    tested = np.isfinite(result.slope[:, 0])
    assert tested[NAMES.index("control")].all()
    assert not tested[NAMES.index("pairs")].all()
    assert result.weight.shape[:2] == (7, 2)
    assert_allclose(result.weight_time[-1], result.end)


# -- what is printed, drawn and saved --------------------------------------------------------------


def test_table(result):
    lines = result.table().splitlines()
    assert len(lines) == 2 + 14 + 1
    assert lines[0].split() == ["condition", "EPSP", "slope", "(mV/ms)", "n_AMPA", "peak", "Ca", "spikes"]
    assert lines[2].startswith("pairs ") and lines[2].endswith(" 2")


def test_files(result, tmp_path):
    rows = list(csv.reader(result.to_csv(tmp_path / "a.csv").open()))
    assert rows[0][:4] == ["condition", "pathway", "time_after_induction_s", "slope_mV_per_ms"]
    assert len(rows) == 1 + np.isfinite(result.slope).sum()
    assert_allclose(float(rows[1][3]), result.slope[0, 0, 0] / mV * ms, rtol=1e-8)
    with np.load(result.to_npz(tmp_path / "a.npz")) as data:
        assert_array_equal(data["weight"], np.asarray(result.weight))
        assert_array_equal(data["spikes pairs"], spikes(result, "pairs"))
        assert '"epsp": "V"' in str(data["units"])
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "a.npz"]
    assert (tmp_path / "a.csv").stat().st_mode & 0o444 == 0o444


def test_xarray(result):
    pytest.importorskip("xarray")
    data = result.to_xarray()
    assert data.slope.sel(condition="pairs", pathway="A").shape == (result.test_time.shape[1],)
    assert data.epsp.attrs["units"] == "V"


def test_a_file_is_there_as_a_whole_or_not_at_all(tmp_path):
    def broken(path):
        path.write_text("half")
        raise OSError("the disk is full")

    kept = tmp_path / "kept.csv"
    kept.write_text("old")
    with pytest.raises(OSError, match="full"):
        saving.write_whole(kept, broken)
    assert kept.read_text() == "old"
    assert os.listdir(tmp_path) == ["kept.csv"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nowhere/a.csv", "no folder"),
        ("a.txt", "end in .csv"),
        (".", "is a folder"),
        ("file/a.csv", "no folder"),
    ],
)
def test_files_that_cannot_be_written(result, name, problem, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=problem):
        result.to_csv(name)


def series(result, kind):
    """The result as if its conditions were a series."""
    named = tuple(replace(p, scanned=(kind, x)) for p, x in zip(result.protocols, range(-3, 4), strict=True))
    return replace(result, protocols=named)


def test_figures(result):
    axes = result.plot().axes
    assert all(a.get_xlabel() or not a.get_xticklabels() for a in axes)
    assert all(a.get_ylabel() for a in axes)
    assert len(axes) == 2 * 7 + 1
    last = np.arange(result.epsp.shape[2]) == result.epsp.shape[2] - 1
    factors = np.where(last, np.linspace(0.2, 9, 7)[:, None], 1)[:, None, :, None]
    for panel in replace(result, epsp=factors * result.epsp).plot().axes[:14:2]:  # they share an axis
        low, high = panel.get_ylim()
        drawn = np.concatenate([x.get_ydata() for x in panel.lines if x.get_linestyle() == "None"])
        assert low < drawn.min() and drawn.max() < high
    over_time = plot_over_time(result, "held in D-AP5")
    assert {t.get_text() for t in over_time.texts} == {"D-AP5", "clamped"}
    _, after = plot_epsps(result, "weak").lines
    assert np.isfinite(after.get_ydata()).all()
    window = series(result, "interval")
    drawn = plot_stdp_window(window)
    line = np.concatenate([x.get_ydata() for x in drawn.lines[2:]])
    assert_allclose(line, [result.change(n) for n in NAMES])
    assert window.plot().axes[0].get_xlabel() == "post minus pre (ms)"
    assert "Hz" in plot_frequency_curve(series(result, "frequency")).get_xlabel()
    with pytest.raises(ModelError, match="no series over one frequency"):
        plot_frequency_curve(window)
    with pytest.raises(ModelError, match="no condition 'x'; it has pairs"):
        plot_over_time(result, "x")


def test_curves_of_models():
    """Jahr and Stevens: at 0 mV and 1 mM 1/(1 + 1/3.57) is left; the current reverses at E."""
    model = demo_model()
    free, blocked = (x for x in plot_block(model).lines)
    assert_allclose(free.get_ydata(), 1)
    assert_allclose(np.interp(0, blocked.get_xdata(), blocked.get_ydata()), 1 / (1 + 1 / 3.57), rtol=1e-6)
    iv = plot_iv(model, g=2 * nS).lines[-1]
    k = np.searchsorted(iv.get_xdata(), -20)
    expected = 2 * -20 / (1 + np.exp(0.062 * 20) / 3.57)
    assert_allclose(iv.get_ydata()[k], expected, rtol=1e-6)
    rule = plot_rule(model, {"test": 1 * umolar})
    Ca, rate = rule.lines[1].get_data()
    on, P = 80 * (Ca**4 / (12.5**4 + Ca**4)) ** 2, Ca**4 / (0.23**4 + Ca**4)
    K = 50 * on / (1 + 50 * on)  # steady kinase; 100 % more or 20 % less than 20
    assert_allclose(rate, 60 * 20 * (0.0115 * K - 0.009 * P * 0.2), rtol=1e-6)
    assert rule.get_ylabel() == "dn_AMPA/dt (1/min)"
    with pytest.raises(ModelError, match="there is no 'block_X'"):
        plot_block(model, "X")
    with pytest.raises(ModelError, match="no rule whose weight"):
        plot_rule(GlutamateSynapse(AMPA()))


def test_what_stands_for_the_weight():
    """A rule's number of receptors, also where it is a definition; else the state of the rule."""
    model = demo_model()
    weight = Weight(model, weight_of(model))
    assert (weight.name, weight.states) == ("n_AMPA", ["n_0_AMPA", "r_AMPA"])
    assert_allclose(weight.values({"r_AMPA": [1, 1.5], "n_0_AMPA": [20, 10]}), [20, 15])
    rate = {s.name for s in weight.rate.free_symbols}
    assert {"K_autonomous", "Ca_eff", "r_AMPA", "n_0_AMPA"} < rate
    insertion = GlutamateSynapse([AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=ReceptorInsertion())
    assert Weight(insertion, weight_of(insertion)).states == ["n_AMPA"]
    assert weight_of(GlutamateSynapse(AMPA(), plasticity=TripletSTDP())) == "W_AMPA"
    assert weight_of(GlutamateSynapse(AMPA())) is None
    with pytest.raises(ModelError, match="no definition that reads states alone"):
        Weight(model, "block_NMDA")


# -- what is refused -------------------------------------------------------------------------------

_DRIVEN = "dv/dt = (-70*mV - v)/(20*ms) + (I_injected - I_syn)/C_m : volt\nI_injected : amp"
PLAIN = Neuron(
    "dv/dt = (-70*mV - v)/(20*ms) - I_syn/(200*pF) : volt", "v > -50*mV", "v = -60*mV", rest=-70 * mV
)


def test_the_demo_neuron_has_no_such_constant():
    assert float(demo_neuron(C_m=100 * pF).namespace["C_m"]) == 1e-10
    with pytest.raises(ModelError, match="no constant 'C'; it has C_m, g_L"):
        demo_neuron(C=100 * pF)


@pytest.mark.parametrize(
    ("conditions", "given", "problem"),
    [
        ([], {}, "at least one protocol"),
        ({"x": 3}, {}, "condition 'x' is no protocol"),
        ([tetanus(), tetanus()], {}, "names of their own"),
        (tetanus(), {"pathways": {"A": 0}}, "positive number of fibres"),
        (tetanus(), {"pathways": {"B": 1}}, "stimulates pathway A"),
        (tetanus(), {"weight": "x"}, "weight='x' is no state"),
        (tetanus(), {"dt": 0 * ms}, "dt has to be positive"),
        (tetanus(), {"dt": 20 * ms}, "fall into one step"),
        (tetanus(), {"baseline": 3}, "baseline has to be a quantity"),
        (tetanus(), {"window": (1, 1) * ms}, "for the slope"),
        (tetanus(), {"inhibition": 1 * mV}, "inhibition has to be"),
    ],
)
def test_refused_when_it_is_made(conditions, given, problem):
    with pytest.raises(ModelError, match=problem):
        Experiment(conditions, **given)


@pytest.mark.parametrize(
    ("protocol", "given", "problem"),
    [
        (tetanus().with_fibres(C=3), {}, "fibres of 'C', which is no pathway"),
        (tetanus().clamped(0 * mV), {"neuron": PLAIN}, "no variable 'clamped', needed for a voltage clamp"),
        (tetanus().injected(1 * nA), {"neuron": PLAIN}, "'I_injected'"),
        (tetanus(), {"neuron": PLAIN, "inhibition": 1 * nS}, "'inhibition', needed for inhibition"),
        (tetanus().within(switch("inhibition", 0)), {}, "the experiment has none"),
        (tetanus().within(switch("nothing", 0)), {}, "no parameter or state 'nothing'"),
        (tetanus().within(switch("Mg", 0)), {}, "'Mg' has the dimension"),
        (tetanus().within(drug("memantine")), {}, "no receptor with memantine"),
    ],
)
def test_refused_before_it_runs(protocol, given, problem):
    with pytest.raises(ModelError, match=problem):
        Experiment(protocol, **given).run("numpy")


def test_refused_targets_and_folders(monkeypatch, tmp_path):
    short = Experiment(tetanus())
    with pytest.raises(ModelError, match="target has to be one of"):
        short.run("gpu")
    (tmp_path / "file").write_text("")
    for folder, problem in ((tmp_path, "not empty"), (tmp_path / "file", "is a file")):
        with pytest.raises(ModelError, match=problem):
            short.build(folder)
    with pytest.raises(ModelError, match="cannot be written"):
        short.build(tmp_path / "file" / "project")
    monkeypatch.setattr(devices_module.shutil, "which", lambda tool: None)
    with pytest.raises(ModelError, match=r"needs make and g\+\+"):
        short.run()
    assert isinstance(get_device(), RuntimeDevice)


def test_another_neuron_and_a_rule_of_spikes():
    """Triplet STDP on a plain neuron: the weight after two pairs by the published sums, written out here.

    With 0.4 nA it fires after 20 ms ln(40/20) = 13.9 ms, and from then on each 20 ms ln(30/20) = 8.1 ms.
    """
    model = GlutamateSynapse(AMPA(gmax=0.5 * nS), plasticity=TripletSTDP())
    neuron = replace(PLAIN, equations=_DRIVEN, namespace={"C_m": 200 * pF})
    conditions = [pairings(10 * ms, n=2, frequency=20 * Hz), rest(60 * ms).injected(0.4 * nA)]
    found = Experiment(conditions, model, neuron=neuron, pathways={"A": 30}, window=(1, 4) * ms, **SHORT).run(
        "numpy"
    )
    assert_allclose(found.spikes[1] / second - AFTER, 1e-3 * (13.86 + 8.11 * np.arange(6)), atol=1e-3)
    assert found.weight_name == "W_AMPA"
    assert found.peak_Ca is None
    assert_allclose(found.spikes[0] / second, AFTER + np.array([0.010, 0.060]), atol=1e-9)
    p = {n: v.base() for n, v in model.system.parameters.items()}
    r1 = r2 = o1 = o2 = 0.0
    W, last = 1.0, 0.0
    tests = [
        t for t, ok in zip(found.test_time[0] / second, np.isfinite(found.slope[0, 0]), strict=True) if ok
    ]
    events = [(t, "pre") for t in (*tests, AFTER, AFTER + 0.05)]
    events += [(t, "post") for t in (AFTER + 0.01, AFTER + 0.06)]
    for t, kind in sorted(events):
        dt, last = t - last, t
        r1, r2 = r1 * np.exp(-dt / p["tau_plus_AMPA"]), r2 * np.exp(-dt / p["tau_x_AMPA"])
        o1, o2 = o1 * np.exp(-dt / p["tau_minus_AMPA"]), o2 * np.exp(-dt / p["tau_y_AMPA"])
        if kind == "pre":
            W -= o1 * (p["A2m_AMPA"] + p["A3m_AMPA"] * r2)
            r1, r2 = r1 + 1, r2 + 1
        else:
            W += r1 * (p["A2p_AMPA"] + p["A3p_AMPA"] * o2)
            o1, o2 = o1 + 1, o2 + 1
    assert_allclose(found.weight_pair("pairs of +10 ms")[1], W, rtol=1e-9)


# -- in C++ ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_tetanus_experiment_as_protocols(tmp_path):
    """Two independent prototypes gave 30.2 receptors and 36 spikes for the tetanus, 20.0 in D-AP5 and 31.76
    for the weak input beside a strong one; after the wash-out of D-AP5 the second of two tetani is the first.
    """
    flags = "codegen.cpp.extra_compile_args_gcc"
    before = prefs[flags]
    prefs[flags] = [*(f for f in before if not f.startswith("-O")), "-O3"]
    twice = tetanus().repeated(2, every=60 * second)
    experiment = Experiment(
        {
            "tetanus": tetanus(),
            "in D-AP5": tetanus().within(drug("D-AP5")),
            "weak and strong": tetanus().with_fibres(A=8).beside(tetanus().on("B")),
            "in D-AP5, then without": twice.within(drug("D-AP5", stop=30 * second)),
            "held at rest": tetanus().clamped(-70 * mV, stop=4 * second),
        },
        model=GlutamateSynapse(
            [AMPA(gmax=0.5 * nS), BioNMDA(gmax=0.2 * nS, antagonist=DAP5())],
            calcium=SpineCalcium(),
            plasticity=ReceptorInsertion(),
        ),
        pathways={"A": 30, "B": 30},
        baseline=60 * second,
        follow_up=60 * second,
    )
    try:
        result = experiment.run()
        assert isinstance(get_device(), RuntimeDevice)
        folder = experiment.build(tmp_path / "project", make=False)
    finally:
        prefs[flags] = before
    assert_allclose(result.weight_pair("tetanus")[1], 30.2, rtol=2e-3)
    assert len(result.spikes[0]) == 36
    assert_allclose(result.weight_pair("in D-AP5")[1], 20.0, rtol=1e-3)
    assert_allclose(result.weight_pair("weak and strong")[1], 31.76, rtol=2e-3)
    assert_allclose(result.weight_pair("in D-AP5, then without")[1], 30.2, rtol=5e-3)
    assert -1 < result.change("held at rest") <= 0
    assert all(abs(result.change(c, "B")) < 0.5 for c in result.conditions if c != "weak and strong")
    assert_allclose(np.nanmax(result.amplitude[0, 0] / mV), 10.71, rtol=5e-3)
    assert (folder / "main.cpp").exists()
    assert (folder / "makefile").exists()


# -- the command -----------------------------------------------------------------------------------


def run_command(monkeypatch, result, *arguments):
    asked = []

    def run(self, target="cpp_standalone", report=False):
        asked.append(self)
        if isinstance(result, BaseException):
            raise result
        return result

    monkeypatch.setattr(Experiment, "run", run)
    monkeypatch.setattr(Result, "plot", lambda self: Figure())  # test_figures looks at the real one
    return cli.main([*arguments]), asked


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["theta-burst"], ["theta burst", "control"]),
        (["tetanus", "--trains", "4", "--drug", "D-AP5"], ["4 x tetanus", "the same in D-AP5", "control"]),
        (["frequency-curve", "--frequencies", "1", "10"], ["1 Hz", "10 Hz"]),
        (["stdp", "--intervals", "-10", "10", "--pairs", "5"], ["-10 ms", "+10 ms"]),
        (["pairing", "--voltages", "-70", "0"], ["pairing at -70 mV", "pairing at 0 mV"]),
    ],
)
def test_commands(arguments, names, result, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    status, (experiment,) = run_command(monkeypatch, result, *arguments, "--save", "data.npz")
    assert status == 0
    assert list(experiment.conditions) == names
    printed = capsys.readouterr()
    assert result.table() in printed.out
    assert "side by side" in printed.err
    assert sorted(os.listdir(tmp_path)) == [*sorted(["data.npz", f"{arguments[0]}.png"])]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["theta-burst", "--out", "nowhere/a.png"], "no folder 'nowhere'"),
        (["theta-burst", "--out", "a.pgn"], "'.pgn' is not one of"),
        (["theta-burst", "--save", "a.xls"], "end in .npz or .csv"),
        (["theta-burst", "--bursts", "0"], "whole number"),
        (["tetanus", "--drug", "AP7"], "no drug 'AP7'"),
        (["stdp", "--intervals", "1500"], "do not fit"),
        (["frequency-curve", "--dt", "30"], "fall into one step"),
        (["tetanus", "--baseline", "0.1"], "baseline has to last"),
        (["plan", "BioNMDAs"], "Did you mean 'BioNMDA'"),
        (["plan", "BackPropagatingSpike"], "has no plan"),
        (["standalone", "."], "not empty"),
    ],
)
def test_commands_explain_wrong_input(arguments, problem, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept").write_text("")
    status, asked = run_command(monkeypatch, RuntimeError("simulated"), *arguments)
    assert (status, asked) == (2, [])
    assert problem in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["kept"]


def test_an_interrupted_command_leaves_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    status, asked = run_command(monkeypatch, KeyboardInterrupt(), "theta-burst", "--save", "a.csv")
    assert (status, len(asked)) == (130, 1)
    assert "interrupted" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_what_brian2_wraps_is_wrong_input(capsys, monkeypatch):
    """As an experiment whose time step is longer than a pulse."""
    wrapped = BrianObjectException("An error occurred.", NeuronGroup(1, "v : 1"))
    wrapped.__cause__ = ModelError("the pulse lasts less than one time step.")
    status, _ = run_command(monkeypatch, wrapped, "theta-burst")
    assert status == 2
    said = "brian2-nmda theta-burst: the pulse lasts less than one time step.\n"
    assert capsys.readouterr().err.endswith(said)
    with pytest.raises(ZeroDivisionError):  # an error of ours is not hidden
        run_command(monkeypatch, ZeroDivisionError(), "theta-burst")


def test_a_reader_may_stop_reading(tmp_path):
    """As in ``brian2-nmda models | head -1``."""
    command = [sys.executable, "-m", "brian2_nmda.cli", "models"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == "" and process.wait() == 0


def test_plan_check_and_version(capsys, monkeypatch):
    assert cli.main(["plan", "demo"]) == 0
    assert "K_autonomous" in capsys.readouterr().out
    assert cli.main(["plan", "AMPA"]) == 0
    assert "g_AMPA" in capsys.readouterr().out
    assert cli.main(["check", "AMPA", "--fast"]) == 0
    assert "completeness: passed" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert "brian2-nmda 0.1" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        cli.main(["theta-burst", "--help"])
    assert stop.value.code == 0
    assert "Experiment(theta_burst()).run()" in capsys.readouterr().out


def test_standalone_writes_the_experiment(monkeypatch, tmp_path, capsys):
    seen = {}

    def build(self, directory, make=True):
        seen.update(conditions=list(self.conditions), make=make)
        return directory

    monkeypatch.setattr(Experiment, "build", build)
    folder = tmp_path / "project"
    assert cli.main(["standalone", str(folder), "--protocol", "pairing", "--no-compile"]) == 0
    assert seen["conditions"] == [f"pairing at {v} mV" for v in (-70, -40, 0)]
    assert seen["make"] is False
    assert "./main" in capsys.readouterr().out
    monkeypatch.setattr(devices_module.shutil, "which", lambda tool: None)
    assert cli.main(["standalone", str(tmp_path / "other")]) == 2
    assert not (tmp_path / "other").exists()
