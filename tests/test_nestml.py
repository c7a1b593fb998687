"""Models as neurons of NEST: the text, read again by a reader of its own, against exact solutions.

NESTML's own parser and checks, and NEST itself, where they are installed.
"""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
import sympy
from brian2 import amp, mM, ms, mV, nS, siemens
from scipy.integrate import solve_ivp
from sympy.parsing.sympy_parser import parse_expr

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    JahrStevens,
    ModelError,
    Parameter,
    Receptor,
    WangNMDA,
    states,
)
from brian2_nmda.cli import main
from brian2_nmda.conformance.subject import synapse_for
from brian2_nmda.equations import (
    FirstOrderNMDA,
    FiveStateNMDA,
    KampaNMDA,
    MixedNMDA,
    ShouvalNMDA,
    TwoExponentialNMDA,
    YeungNMDA,
)
from brian2_nmda.export import nest_run, nestml
from brian2_nmda.export.nestml_text import in_nest, literal, type_of
from brian2_nmda.library import find_model

exact = run_path(str(Path(__file__).with_name("exact.py")))["exact"]

#: On the grid of 0.1 ms; the second overlaps the first pulse, and so is prolonged.
SPIKES = np.array([5.0, 5.3, 15.0, 25.0, 35.0, 80.0, 81.5, 120.0])
TIMES = np.arange(0.35, 150, 0.7)
MODELS = {
    "BioNMDA": BioNMDA(),
    "WangNMDA": WangNMDA(),
    "TwoExponentialNMDA": TwoExponentialNMDA(),
    "Destexhe": FirstOrderNMDA.preset("Destexhe 1998"),
    "FiveStateNMDA": FiveStateNMDA(),
    "YeungNMDA": YeungNMDA(),
}


class LateNMDA(Receptor):
    """A gate that opens 1 ms after a spike."""

    D = Parameter(1 * ms, "latency")
    tau = Parameter(5 * ms, "decay")
    x = states("x")
    dx = -x / tau
    on_late_spike = (D, {x: 0.5 + x / 2})
    activation = x


class Read:
    """A NESTML file as printed: nothing of the package is used to read it.

    The units ms, mV, pA, nS, pF, um, mol/m**3 are coherent, so that each stands for 1; a second is 1000.
    """

    BLOCK = re.compile(r"^    (\w.*):$")

    def __init__(self, text):
        self.blocks, block = {}, None
        for line in text.splitlines():
            if (start := self.BLOCK.match(line)) is not None:
                block = self.blocks[start[1]] = []
            elif block is not None and line.strip():
                block.append(line[8:].partition("  #")[0])
        self.names = set(re.findall(r"[A-Za-z_]\w*", text))
        self.known = {}
        for block in ("parameters", "internals", "state"):
            for line in self.blocks.get(block, []):
                name, _, value = line.partition(" [[")[0].partition(" = ")
                self.known[name.split()[0]] = float(self.read(value).subs(self.known))
        self.state = [line.split()[0] for line in self.blocks["state"]]
        self.defined, self.rates = {}, {}
        for line in self.blocks["equations"]:
            name, _, value = line.partition(" = ")
            words = name.split()
            if "inline" in words:
                self.defined[words[words.index("inline") + 1]] = self.read(value).subs(self.defined)
            else:
                self.rates[name.removesuffix("'")] = self.read(value).subs(self.defined)

    def read(self, text):
        text = re.sub(r"(?<=\d) (ms|mV|pA|nS|pF|um|mol|m)\b", "", text)
        text = re.sub(r"\b1 s\b", "1000", text)
        one = re.fullmatch(r"\((.+) > (.+)\) \? (.+) : (.+)", text)
        if one is not None:
            a, b, yes, no = map(self.read, one.groups())
            return sympy.Piecewise((yes, a > b), (no, True))
        names = {n: sympy.Symbol(n) for n in self.names - {"exp", "ln"}}
        return parse_expr(text, local_dict=names | {"exprel": lambda z: (sympy.exp(z) - 1) / z})

    def assign(self, now, lines):
        for line in lines:
            name, _, value = line.partition(" = ")
            now[name] = float(self.read(value).subs(now))

    def course(self, record, times, spikes, v, weight):
        """Values at the times: jumps at spikes, pulses of their length, SciPy in between."""
        now = {**self.known, "V_m": v, "I_stim": 0.0}
        moving = [n for n in self.rates if n not in ("V_m", "refr_t")]
        flags = [n for n in self.state if n.startswith("on_")]
        update = "\n".join(self.blocks["update"])
        for n in flags:  # what is done here with time that does not come in steps
            assert f"if {n} > 0:\n    left_{n} -= timestep()\n    if left_{n} < timestep()/2:" in update
        assert re.search(rf"integrate_odes\({', '.join(moving)}, V_m\)", update)
        fixed = {n: x for n, x in now.items() if n not in (*moving, *flags, "weight")}
        free = [sympy.Symbol(n) for n in (*moving, *flags, "weight")]
        rate = sympy.lambdify(free, [self.rates[n].subs(fixed) for n in moving])
        shown = sympy.lambdify(free, [self.defined.get(n, sympy.Symbol(n)).subs(fixed) for n in record])
        t, found, waiting = 0.0, [], list(spikes)
        while t < times[-1]:
            ends = [t + now[f"left_{n}"] for n in flags if now[n] > 0]
            at = min([*waiting[:1], *ends, times[-1] + 1e-6])
            held = [now[n] for n in (*flags, "weight")]
            inside = [x for x in times if t < x <= at]
            course = solve_ivp(
                lambda _, y, held=held: rate(*y, *held), (t, at), [now[n] for n in moving], "LSODA",
                np.unique([*inside, at]), rtol=1e-11, atol=1e-15,
            )  # fmt: skip
            found += [shown(*y, *held) for y in course.y.T[: len(inside)]]
            now.update(zip(moving, course.y[:, -1], strict=True))
            for n in flags:
                now[f"left_{n}"] -= at - t
                if now[f"left_{n}"] < 1e-9:
                    now[n] = 0.0
            t = at
            if waiting and at == waiting[0]:
                now["spikes"] = weight / 1000  # per ms, as a port has it
                self.assign(now, self.blocks["onReceive(spikes)"])
                waiting.pop(0)
        return dict(zip(record, np.array(found).T, strict=True))


def names_of(model):
    s = model.system
    return [*s.states, *(x for r in s.receptors for x in (r.total_name, r.current_name))]


def deviation(model, got, times, v, weight=1.5, called=str):
    """Largest deviation of all states, conductances and currents, as fractions of their peaks."""
    want = exact(model, names_of(model), times * 1e-3, SPIKES * 1e-3, v * 1e-3, w=weight)
    worst = 0.0
    for n, values in want.items():
        dim = model.system.dimensions().get(n, siemens.dim if n.startswith("g_total") else amp.dim)
        values = values * in_nest(1.0, dim)
        assert np.isfinite(got[called(n)]).all()
        assert np.abs(values).max() > 0
        worst = max(worst, np.abs(got[called(n)] - values).max() / np.abs(values).max())
    return worst


@pytest.mark.parametrize("name", MODELS)
def test_equations_as_printed_have_the_exact_solution(name):
    model = GlutamateSynapse(MODELS[name])
    got = Read(model.to_nestml()).course(names_of(model), TIMES, SPIKES, -30.0, 1.5)
    assert deviation(model, got, TIMES, -30.0) < 1e-8


def test_a_wrong_rate_is_seen():
    model = GlutamateSynapse(BioNMDA())
    text = model.to_nestml().replace("beta1_NMDA ms**-1 = 0.01", "beta1_NMDA ms**-1 = 0.0101")
    got = Read(text).course(names_of(model), TIMES, SPIKES, -30.0, 1.5)
    assert deviation(model, got, TIMES, -30.0) > 1e-4


def test_peak_that_the_analytic_solver_misses():
    """One pulse of 0.5 ms: (1 - exp(-0.75))*2/3 = 0.3518; NESTML's default solver gives 0.1475."""
    got = Read(GlutamateSynapse(BioNMDA()).to_nestml()).course(
        ["x_NMDA"], np.array([5.5]), np.array([5.0]), -70.0, 1.0
    )
    assert got["x_NMDA"][0] == pytest.approx(2 / 3 * (1 - np.exp(-0.75)), abs=1e-9)


def test_start_is_derived_from_parameters():
    """Kampa's scheme starts in the equilibrium with magnesium at the voltage of the start."""
    model = GlutamateSynapse(KampaNMDA())
    read = Read(model.to_nestml())
    for n, start in model.system.initial.items():
        assert read.known[n] == pytest.approx(start, rel=1e-9, abs=1e-15)
    assert 0.9 < read.known["UM_NMDA"] < 0.999  # it is no start in one state


def test_each_port_has_its_gates():
    text = GlutamateSynapse([AMPA(), WangNMDA()]).to_nestml(ports=2)
    read = Read(text)
    assert read.blocks["input"] == ["spikes_1 <- spike", "spikes_2 <- spike", "I_stim pA <- continuous"]
    assert {"s_NMDA_1", "s_NMDA_2", "weight_1", "weight_2", "on_1_1", "on_1_2"} <= set(read.state)
    assert not {x.name for x in read.rates["s_NMDA_2"].free_symbols} & {"s_NMDA_1", "x_NMDA_1"}
    assert "1" not in {n[-1] for n in re.findall(r"\w+", " ".join(read.blocks["onReceive(spikes_2)"]))} - {
        "1"
    }
    assert {"I_AMPA_1", "I_NMDA_2"} <= set(read.defined)
    with pytest.raises(ModelError, match="whole number of at least 1, found 0"):
        GlutamateSynapse(BioNMDA()).to_nestml(ports=0)


@pytest.mark.parametrize("receptor", [MixedNMDA, ShouvalNMDA, YeungNMDA])
def test_fractions_are_guarded(receptor):
    model = GlutamateSynapse(receptor())
    fractions = [n for n, p in model.system.parameters.items() if p.sign == "fraction"]
    assert fractions
    text = model.to_nestml()
    for n in fractions:
        assert f"[[{n} >= 0.0 and {n} <= 1]]" in text


def test_units():
    rate = (1 / (mM * ms)).dim
    assert in_nest(0.2e-9, nS.dim) == 0.2 and type_of(nS.dim) == "nS"
    assert in_nest(1e3, rate) == 1.0 and type_of(rate) == "ms**-1*mol**-1*m**3"
    assert literal(0.062, (1 / mV).dim) == "0.062 / 1 mV"
    assert literal(-70.0, mV.dim) == "-70.0 mV"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("StochasticRelease", "random"),
        ("Gliotransmission", "astrocyte"),
        ("CoincidenceInsertion", "condition"),
    ],
)
def test_refused_with_part_and_reason(name, word):
    with pytest.raises(ModelError, match=f"to_nestml: {name} .*cannot be written in NESTML: .*{word}"):
        synapse_for(find_model(name)).to_nestml()


def test_what_a_name_or_value_cannot_be():
    with pytest.raises(ModelError, match="cannot name a neuron"):
        GlutamateSynapse(BioNMDA()).to_nestml("my neuron")
    with pytest.raises(ModelError, match="'Mg' is 'my_mg', which only Brian2 can evaluate"):
        GlutamateSynapse(BioNMDA(block=JahrStevens(Mg="my_mg"))).to_nestml()
    with pytest.raises(ModelError, match=r"LateNMDA .*x_late changes later than a spike"):
        GlutamateSynapse(LateNMDA(label="late")).to_nestml()


def test_command(tmp_path, capsys):
    assert main(["export", "BioNMDA", "--to", "nestml", "--out", str(tmp_path)]) == 0
    assert "model BioNMDA_neuron:" in (tmp_path / "BioNMDA_neuron.nestml").read_text()
    assert capsys.readouterr().out.strip() == str(tmp_path / "BioNMDA_neuron.nestml")
    assert main(["export", "BioNMDA", "--to", "nestml", "--check", "--out", str(tmp_path)]) == 2
    assert "NEURON alone" in capsys.readouterr().err


#: Run in a process of its own: NESTML keeps a log of all that it has seen. Prints errors and warnings.
CHECK = """
import sys
from pynestml.cocos.co_cos_manager import CoCosManager
from pynestml.frontend import pynestml_frontend
from pynestml.symbol_table.symbol_table import SymbolTable
from pynestml.utils.ast_source_location import ASTSourceLocation
from pynestml.utils.logger import Logger, LoggingLevel
from pynestml.utils.model_parser import ModelParser
pynestml_frontend.init_predefined()
SymbolTable.initialize_symbol_table(ASTSourceLocation(0, 0, 0, 0))
Logger.init_logger(LoggingLevel.NO)
for path in sys.argv[1:]:
    unit = ModelParser.parse_file(path)
    for model in unit.get_model_list() if unit else []:
        CoCosManager.check_cocos(model)
        print("checked", model.get_name())
for level in (LoggingLevel.ERROR, LoggingLevel.WARNING):
    for message in Logger.get_messages(level=level):
        print(level, message)
"""


def checked(*paths):
    done = subprocess.run([sys.executable, "-c", CHECK, *map(str, paths)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_nestml_has_nothing_to_say(tmp_path):
    pytest.importorskip("pynestml", reason="NESTML is not installed")
    models = {n: MODELS[n] for n in ("BioNMDA", "TwoExponentialNMDA")} | {"Kampa": KampaNMDA()}
    paths = [nestml.write(GlutamateSynapse(r), tmp_path, f"{n}_neuron") for n, r in models.items()]
    wrong = tmp_path / "wrong.nestml"  # an error that is planted is seen
    wrong.write_text(paths[0].read_text().replace("gmax_NMDA nS", "gmax_NMDA mV").replace("Bio", "Wrong"))
    said = checked(*paths, wrong)
    assert said[:4] == [*(f"checked {p.stem}" for p in paths), "checked WrongNMDA_neuron"]
    assert len(said) > 4
    assert all("'wrong.nestml'" in line for line in said[4:]), said


@pytest.mark.slow
def test_nest_has_the_exact_solution(tmp_path):
    """Built by NESTML and run by NEST, within its solver's tolerance; a process of its own for NEST."""
    lacks = nest_run.missing()
    if lacks:
        pytest.skip("; ".join(lacks))
    files = [nestml.write(GlutamateSynapse(r), tmp_path, f"{n}_neuron") for n, r in MODELS.items()]
    files.append(nestml.write(GlutamateSynapse([AMPA(), BioNMDA()]), tmp_path, "two_ports", ports=2))
    if find_spec("pynestml"):
        assert checked(*files) == [f"checked {p.stem}" for p in files]
    module = nest_run.build(files, tmp_path / "build", "testmodule")
    for n, receptor in MODELS.items():
        model = GlutamateSynapse(receptor)
        got = nest_run.response(module, f"{n}_neuron", names_of(model), SPIKES, 150.0, -30.0, weight=1.5)
        after = got["t"] + 1e-9  # a spike has arrived when NEST records the step at whose end it does
        assert deviation(model, got, after, -30.0) < 1e-6, n
