"""What Brian2 users do with a `Synapses` object, done with ours.

Held against: the naive form (a plain `Synapses`) under the same treatment, closed forms, or a second way
to say the same thing in Brian2; each test says which.
"""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import Hz, cm, mM, ms, mV, nS, ohm, pA, uF, umetre, umolar
from brian2.equations.equations import SingleEquation

from brian2_nmda import (
    AMPA,
    BackPropagatingSpike,
    BioNMDA,
    CalciumIntegrator,
    CoincidenceInsertion,
    GlutamateSynapse,
    JahrStevens,
    ModelError,
    ReceptorInsertion,
    SpineCalcium,
    TransmitterPulse,
    TwoExponentialAMPA,
    post_equations,
)
from brian2_nmda.brian import units
from brian2_nmda.brian.compiled import shorten_builds

LEAKY = "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(100*pF) : volt"
TIMES = [1.0, 1.3, 2.0, 6.0, 14.0, 14.2, 23.0]
SOURCES = [0, 0, 1, 1, 0, 1, 0]


def kinetic(**nmda: Any) -> GlutamateSynapse:
    return GlutamateSynapse([AMPA(gmax=0.9 * nS), BioNMDA(**{"gmax": 0.7 * nS, "E": 12.3 * mV, **nmda})])


def plastic() -> GlutamateSynapse:
    rule = ReceptorInsertion(theta_p=0.02 * umolar, theta_d=0.004 * umolar, k_ins=40 * Hz, k_rem=9 * Hz)
    return GlutamateSynapse([AMPA(), BioNMDA(gmax=0.7 * nS)], calcium=SpineCalcium(), plasticity=rule)


def generator(times: Iterable[float] = TIMES, indices: Iterable[int] = SOURCES) -> Any:
    return b2.SpikeGeneratorGroup(2, np.asarray(indices), np.asarray(times) * ms)


def target(model: GlutamateSynapse, size: int = 3, equations: str = LEAKY, **kwargs: Any) -> Any:
    group = b2.NeuronGroup(size, equations + model.post_equations(), **{"method": "euler", **kwargs})
    group.v = -60 * mV
    return group


def attach(synapse: GlutamateSynapse, source: Any, group: Any, /, **options: Any) -> b2.Synapses:
    """Four synapses of three weights; those of a plan without approximations, unless a tolerance is given."""
    synapses = synapse.synapses(source, group, **{"tolerance": None, **options})
    synapses.connect(i=[0, 0, 1, 1], j=[0, 1, 1, 2])
    if options.get("w") is None:
        synapses.w = [0.5, 1.0, 1.7, 2.2]
    return synapses


#: The forms that a user can ask for: everything per synapse, an exact plan, and the default.
NAIVE, STEPPED, SENT = {"optimize": False}, {"tolerance": None}, {"tolerance": 1e-6}


def assert_close_to_naive(
    found: dict[str, np.ndarray], naive: dict[str, np.ndarray], synapses: Any, gmax: float, weight: float
) -> None:
    """As exact as the plan says: 1e-9 of the peak, or the bound of what is sent.

    ``gmax`` (nS) and ``weight`` are the largest that act on one target. A conductance that is off by dg moves
    v by at most dg*|v - E|/(10 nS) in a passive membrane; 4 times that, as the block can cancel part of the
    leak (which it does nowhere in this file).
    """
    form = synapses.plan.sent.get("NMDA")
    off = 0.0 if form is None else gmax * weight * form.bound  # nS
    allowed = {"g_total_NMDA": off * 1e-9, "v": 4 * off / 10 * 0.1, "g_NMDA": off / (gmax * weight)}
    for name, expected in naive.items():
        peak = np.max(np.abs(expected))
        assert np.ptp(expected) > 1e-3 * peak > 0, name
        worst = np.max(np.abs(found[name] - expected))
        assert worst <= allowed.get(name, 0.0) + 1e-9 * peak, (name, worst / peak)


def assert_same(found: Any, expected: Any, relative: float = 1e-9, moves: bool = True) -> None:
    """Within ``relative`` of the peak of ``expected``, which has to move."""
    found, expected = np.array(found), np.array(expected)
    assert found.shape == expected.shape
    peak = np.max(np.abs(expected))
    assert peak > 0
    if moves:
        assert np.ptp(expected) > 1e-3 * peak
    np.testing.assert_allclose(found, expected, rtol=0, atol=relative * peak)


# -- networks and runs -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", [STEPPED, SENT], ids=["stepped", "sent"])
def test_magic_and_explicit_network(form: dict[str, Any]) -> None:
    """A magic ``run`` finds the helpers through S; so does ``Network(S, ...)``: exactly the same."""
    found = []
    for explicit in (False, True):
        b2.start_scope()
        model = kinetic()
        source, group = generator(), target(model)
        synapses = attach(model, source, group, **form)
        monitor = b2.StateMonitor(group, "v", record=True)
        if explicit:
            b2.Network(source, group, synapses, monitor).run(20 * ms)
        else:
            b2.run(20 * ms)
        found.append(np.array(monitor.v))
    assert np.ptp(found[0]) > 1e-3
    np.testing.assert_array_equal(found[0], found[1])


def run_in_parts(model: GlutamateSynapse, how: Callable[..., None], **kwargs: Any) -> Any:
    b2.start_scope()
    source = generator()
    group = target(model)
    synapses = attach(model, source, group, **kwargs)
    neurons = b2.StateMonitor(group, ["v", "g_total_NMDA", "g_total_AMPA"], record=True)
    net = b2.Network(source, group, synapses, neurons)
    for part in range(3):
        net.run(8 * ms)
        how(synapses, part)
    return {n: np.array(getattr(neurons, n)) for n in neurons.record_variables}, synapses


def change_kinetics(synapses: Any, part: int) -> None:
    # with 0.2 or 0.3/ms the exponentials of the default plan do not suffice, which it says
    synapses.beta1_NMDA = [0.1, 0.002, 0.01][part] / ms
    synapses.alpha_AMPA = [3.0, 0.3, 1.1][part] / (mM * ms)


def change_conductance(synapses: Any, part: int) -> None:
    synapses.gmax_NMDA = [2.1, 0.1, 0.7][part] * nS


def change_weights(synapses: Any, part: int) -> None:
    synapses.w = ["1 + i", "3 - 0.5*j", "1"][part]


def change_shared_weight(synapses: Any, part: int) -> None:
    synapses.w = [3.1, 0.2, 1.0][part]


def change_delay(synapses: Any, part: int) -> None:
    synapses.delay = [1.5, 0.2, 0.7][part] * ms


@pytest.mark.parametrize(
    "how",
    [change_kinetics, change_conductance, change_weights, change_shared_weight, change_delay],
)
@pytest.mark.parametrize("form", [STEPPED, SENT], ids=["stepped", "sent"])
def test_changes_between_runs(how: Callable[..., None], form: dict[str, Any]) -> None:
    """Against the naive form, to 1e-9 of the peak or the bound, and different from a run without changes."""
    declared = {change_delay: {"delay": 0.5 * ms}, change_shared_weight: {"w": 1.5}}.get(how, {})
    naive, _ = run_in_parts(kinetic(), how, **NAIVE, **declared)
    optimised, synapses = run_in_parts(kinetic(), how, **form, **declared)
    unchanged, _ = run_in_parts(kinetic(), lambda synapses, part: None, **form, **declared)
    assert bool(synapses.plan.sent) == (form is SENT)
    assert_close_to_naive(optimised, naive, synapses, gmax=2.1, weight=6.5)
    assert np.max(np.abs(unchanged["v"] - naive["v"])) > 1e-4  # 0.1 mV


def test_changed_rate_decays_as_it_should() -> None:
    """Closed form: after the pulse AMPA decays with the rate of the current run."""
    model = kinetic()
    source, group = generator([1], [0]), target(model)
    synapses = attach(model, source, group)
    b2.run(5 * ms)
    start = np.array(synapses.g_AMPA)
    synapses.beta_AMPA = 0.05 / ms
    b2.run(5 * ms)
    assert start[0] > 0.1
    np.testing.assert_allclose(synapses.g_AMPA[:2], start[:2] * np.exp(-0.25), rtol=1e-13)


@pytest.mark.parametrize("form", [NAIVE, STEPPED, SENT], ids=["naive", "stepped", "sent"])
def test_store_restore(form: dict[str, Any]) -> None:
    """What follows ``restore`` repeats what followed ``store``, exactly."""
    model = kinetic() if form is SENT else plastic()  # what calcium reads is not sent
    source, group = generator(), target(model)
    synapses = attach(model, source, group, **form, delay=0.4 * ms)
    neurons = b2.StateMonitor(group, ["v", "g_total_NMDA"], record=True)
    own = ["g_NMDA", "x_NMDA", "w"] + ([] if form is SENT else ["Ca", "n_AMPA"])
    inside = b2.StateMonitor(synapses, own, record=True)
    net = b2.Network(source, group, synapses, neurons, inside)
    net.run(1.5 * ms)  # within a pulse
    net.store("start")

    def go() -> list[np.ndarray]:
        net.run(15 * ms)
        synapses.beta1_NMDA = 0.1 / ms
        net.run(5 * ms)
        return [np.array(getattr(m, n)) for m in (neurons, inside) for n in m.record_variables]

    first = go()
    synapses.w = 7
    net.restore("start")
    assert np.array_equal(synapses.w, [0.5, 1.0, 1.7, 2.2])
    assert synapses.beta1_NMDA == 0.01 / ms
    second = go()
    assert np.ptp(first[0]) > 1e-3
    for a, b in zip(first, second, strict=True):
        assert np.max(np.abs(a - b)) == 0.0


def test_constant_weights_are_protected() -> None:
    """Declared constant, weights cannot be changed once a simulation has run."""
    model = GlutamateSynapse(TwoExponentialAMPA())
    source, group = generator(), target(model)
    synapses = attach(model, source, group, w="constant")
    synapses.w = [1, 2, 3, 4]
    b2.run(2 * ms)
    with pytest.raises(ModelError, match="declared constant"):
        synapses.w = 2
    np.testing.assert_array_equal(synapses.w, [1, 2, 3, 4])


# -- standalone ---------------------------------------------------------------------------------


def changed_network(beta1: Any = None, gmax: Any = None, w_shared: float | None = None) -> dict[str, Any]:
    """Two objects, two runs with changes in between; initial values as ``run_args`` would set them."""
    b2.start_scope()
    model, fast = plastic(), GlutamateSynapse(AMPA(label="fast"), release=TransmitterPulse(duration=1 * ms))
    source = generator()
    group = b2.NeuronGroup(3, LEAKY + post_equations(model, fast), method="euler")
    group.v = -60 * mV
    first = attach(model, source, group, delay=0.3 * ms)
    second = attach(fast, source, group, w=1.3)
    if beta1 is not None:
        first.beta1_NMDA = beta1
    if gmax is not None:
        first.gmax_NMDA = gmax
    if w_shared is not None:
        second.w = w_shared
    neurons = b2.StateMonitor(group, ["v", "g_total_NMDA", "g_total_AMPA", "g_total_fast"], record=True)
    inside = b2.StateMonitor(first, ["g_NMDA", "Ca", "n_AMPA", "w"], record=np.arange(4))
    net = b2.Network(source, group, first, second, neurons, inside)
    net.run(10 * ms)
    first.w = "0.3 + i + 0.2*j"
    first.beta_AMPA = 0.4 / ms
    first.delay = 1.1 * ms
    net.run(15 * ms)
    return dict(first=first, second=second, monitors=(neurons, inside), net=net)


def recorded(network: dict[str, Any]) -> dict[str, np.ndarray]:
    return {n: np.array(getattr(m, n)) for m in network["monitors"] for n in m.record_variables}


def test_standalone_with_several_runs_and_run_args(
    on_target: Callable[..., None], tmp_path: Any, capfd: Any
) -> None:
    """One binary: two runs with changes in between, then other values as ``run_args``; wrong ones stop it.

    Held against the same network on NumPy, built with those values: 1e-9 of the peak.
    """
    values = [{}, dict(beta1=0.2 / ms), dict(beta1=0.004 / ms, gmax=1.9 * nS, w_shared=2.5)]
    expected = [recorded(changed_network(**v)) for v in values]
    assert np.max(np.abs(expected[1]["v"] - expected[0]["v"])) > 1e-4
    assert np.max(np.abs(expected[2]["g_total_fast"])) > 1.5 * np.max(expected[0]["g_total_fast"])
    on_target("cpp_standalone", build_on_run=False)
    network = changed_network()
    b2.device.build(directory=str(tmp_path / "project"), run=False)
    first, second = network["first"], network["second"]
    for chosen, reference in zip(values, expected, strict=True):
        arguments = {}
        if "beta1" in chosen:
            arguments[first.beta1_NMDA] = chosen["beta1"]
        if "gmax" in chosen:
            arguments[first.gmax_NMDA] = chosen["gmax"]
        if "w_shared" in chosen:
            arguments[second.w] = chosen["w_shared"]
        b2.device.run(run_args=arguments)
        found = recorded(network)
        for name, array in reference.items():
            assert_same(found[name], array)
    wrong = [(second.w, -1, "S.w may not be negative, found -1"),
             (first.gmax_NMDA, -1 * nS, "'gmax_NMDA' has to be nonnegative, found -1e-09 (SI)"),
             (first.beta1_NMDA, 0 / ms, "'beta1_NMDA' has to be positive, found 0")]  # fmt: skip
    for variable, value, words in wrong:
        with pytest.raises(RuntimeError, match="run failed"):
            b2.device.run(run_args={variable: value})
        assert words in capfd.readouterr().err


def test_shorter_builds(on_target: Callable[..., None], tmp_path: Path) -> None:
    """What ``make`` would run: the standard headers once for all projects, or, without a cache, for this one.

    Makefiles that the user asked for stay.
    """
    make, project = "devices.cpp_standalone.extra_make_args_unix", tmp_path / "project"
    on_target("cpp_standalone", build_on_run=False)
    model = kinetic()
    source, group = generator(), target(model)
    b2.Network(source, group, attach(model, source, group)).run(1 * ms)
    b2.device.build(directory=str(project), compile=False, run=False)
    command = f"make --dry-run {' '.join(b2.prefs[make])}"

    def planned(cache: Path, command: str = command) -> list[str]:
        env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
        found = subprocess.run(
            command, shell=True, cwd=project, env=env, capture_output=True, text=True, check=True
        )
        return found.stdout.replace("\\\n", " ").splitlines()

    for cache, where in ((Path("/proc/none"), "headers/"), (tmp_path, f"{tmp_path}/brian2_nmda/")):
        lines = planned(cache)
        compiled = [line for line in lines if " -c " in line and line.endswith(".o")]
        written = {line.split()[-1] for line in compiled}
        hot = {f"units/hot_{k}.o" for k in range(len(written))} & written
        assert 1 <= len(hot) <= max(1, (os.cpu_count() or 1) - 1)
        libraries = {"brianlib/spikequeue.o"} & written  # since Brian2 2.10
        assert written == {"objects.o", "synapses_classes.o", "units/cold.o"} | hot | libraries
        assert len(planned(cache, f"{command} BRIAN2_NMDA_PYTHON=")) > len(lines) + 8  # each file by itself
        for line in compiled:
            assert f" -include {where}" in line
            objects = line.endswith(" objects.cpp -o objects.o")
            assert (" -O0 -include " in line) == ("/plain/standard.h " in line) == objects
        precompiled = [line for line in lines if "-x c++-header" in line]
        assert len(precompiled) == 2
        assert all(f" -x c++-header {where}" in line for line in precompiled)
        assert any(line.startswith("rm ") for line in lines) == (where == "headers/")
    optimised = f"{command} OPTIMISATIONS=-O3"
    assert sum(" -O1 " in line for line in planned(tmp_path, optimised)) == 1  # units/cold.cpp
    assert sum(" -O1 " in line for line in planned(tmp_path, f"{optimised} BRIAN2_NMDA_PYTHON=")) >= 3
    for line in precompiled:
        (name,) = re.findall(r"mv -f \S+ (\S+)", line)
        Path(name).touch()
    assert not any("-x c++-header" in line for line in planned(tmp_path))  # the next project finds them
    before = b2.prefs[make]
    shorten_builds()
    assert b2.prefs[make] == before
    b2.prefs[make] = ["-j2", "-f", "makefile"]
    shorten_builds()
    assert b2.prefs[make] == ["-j2", "-f", "makefile"]


def test_units_and_single_files(on_target: Callable[..., None], tmp_path: Path) -> None:
    """Files that share units give the same program as single ones.

    A file with a header of the user's stays alone.
    """
    project = tmp_path / "project"
    on_target("cpp_standalone", build_on_run=False)
    (tmp_path / "twice.h").write_text("static double twice_of(double x) { return 2*x; }")

    @b2.implementation(
        "cpp",
        "double twice(double x) { return twice_of(x); }",
        headers=['"twice.h"'],
        include_dirs=[str(tmp_path)],
    )
    @b2.check_units(x=1, result=1)
    def twice(x: float) -> float:
        return 2 * x

    model = kinetic()
    source, group = generator(), target(model)
    synapses = attach(model, source, group)
    group.run_regularly("v += twice(0.001)*mV", dt=1 * ms, name="bump")
    seen = b2.StateMonitor(group, "v", record=True)
    b2.Network(source, group, synapses, seen).run(10 * ms)
    b2.device.build(directory=str(project), run=False)
    assert not list(project.glob("code_objects/synapses*.o"))
    assert [f.name for f in project.glob("code_objects/*.o")] == ["bump_codeobject.o"]
    b2.device.run()
    joined = np.array(seen.v)
    assert np.ptp(joined) > 1e-4
    command = (
        f"make -j2 {' '.join(b2.prefs['devices.cpp_standalone.extra_make_args_unix'])} BRIAN2_NMDA_PYTHON="
    )
    (project / "main").unlink()
    subprocess.run(command, shell=True, cwd=project, check=True, capture_output=True)
    assert len(list(project.glob("code_objects/*.o"))) > 8
    b2.device.has_been_run = False
    b2.device.run()
    assert_same(joined, np.array(seen.v), 0)


@pytest.mark.parametrize(
    ("source", "joins"),
    [
        ('#include <cmath>\n#include "own.h"\n#define _brian_pow(x, y) x\nusing namespace brian;', True),
        ('#include <gsl/gsl_odeiv2.h>', False),
        ("#  define HALF 0.5", False),
        ("namespace brian { extern int x; }", False),
    ],
)  # fmt: skip
def test_what_may_share_a_unit(source: str, joins: bool) -> None:
    assert units.may_join(source, ["cmath"], "own.h") is joins


def test_functions_of_a_header() -> None:
    assert units.functions_of("#ifndef A\n#define A\nvoid _run_a();\n\nvoid _after_a();\n#endif") == [
        "_run_a",
        "_after_a",
    ]
    assert units.functions_of("void _run_a();\nextern int x;") is None


#: A function of a loop: its C++, its type, from where to where, and what it gives for -inf, inf and nan.
IN_LOOPS = {
    "exp": ("exp(x)", "double", (-80, 80), "0 inf nan"),
    "expf": ("exp(x)", "float", (-80, 80), "0 inf nan"),
    "log": ("log(x)", "double", (1e-9, 160), "nan inf nan"),
    "pow": ("pow(x, (decltype(x))2.3)", "double", (1e-9, 160), "inf inf nan"),
    "expm1": ("expm1(x)", "double", (-40, 80), "-1 inf nan"),
    "tanh": ("tanh(x)", "double", (-5, 5), "-1 1 nan"),
}


@pytest.mark.skipif(
    platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc" or shutil.which("g++") is None,
    reason="vector forms are those of glibc on x86-64, used with g++",
)
@pytest.mark.parametrize("name", IN_LOOPS)
def test_functions_in_loops_of_compiled_projects(name: str, tmp_path: Path) -> None:
    """With our headers and Brian2's flags a loop calls the vector form of glibc, exact to 4 ulp.

    Held against long doubles, which have digits to spare.
    """
    text, real, (first, last), expected = IN_LOOPS[name]
    if name in ("expm1", "tanh") and tuple(map(int, platform.libc_ver()[1].split("."))) < (2, 35):
        pytest.skip("glibc has a vector form of it since 2.35")
    program = f"""
        void all({real}* y, const {real}* a, int n) {{
            for (int i = 0; i < n; i++) {{ const {real} x = a[i]; y[i] = {text}; }}
        }}
        int main() {{
            const int n = 20001;
            std::vector<{real}> a, y(n + 3);
            for (int i = 0; i < n; i++) a.push_back({first} + {last - first}*(i/20000.));
            for (float special : {{-INFINITY, INFINITY, NAN}}) a.push_back(special);
            all(y.data(), a.data(), n + 3);
            double error = 0;
            for (int i = 0; i < n; i++) {{
                const long double x = a[i], exact = {text};
                error = std::max(error, (double)std::fabs(y[i] == exact ? 0 : y[i]/exact - 1));
            }}
            printf("%g %g %g %.17g", y[n], y[n + 1], y[n + 2], error);
        }}"""
    (tmp_path / "loop.cpp").write_text("using namespace std;" + program)
    header = Path(shorten_builds.__code__.co_filename).with_name("standard.h")
    # Flags of Brian2; the tests' own are those without optimisation.
    flags = ["-w", "-O3", "-ffast-math", "-fno-finite-math-only", "-march=native", "-std=c++11"]
    command = ["g++", *flags, "-include", str(header), "loop.cpp", "-o", "loop"]
    subprocess.run(command, cwd=tmp_path, check=True)
    used, found = (
        subprocess.run(c, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
        for c in (["nm", "loop"], ["./loop"])
    )
    assert re.search(rf"_ZGV\w+_{name}\b", used)
    *special, error = found.split()
    assert [x.replace("-nan", "nan").replace("-0", "0") for x in special] == expected.split()
    assert float(error) < 4 * np.finfo({"float": np.float32, "double": np.float64}[real]).eps


# -- parameters ----------------------------------------------------------------------------------


def voltages(
    model: GlutamateSynapse, optimize: bool = True, duration: Any = 20 * ms, **kwargs: Any
) -> np.ndarray:
    b2.start_scope()
    source = generator()
    group = target(model, **kwargs)
    attach_to = attach(model, source, group, optimize=optimize)
    monitor = b2.StateMonitor(group, "v", record=True)
    b2.Network(source, group, attach_to, monitor).run(duration)
    return np.array(monitor.v)


@pytest.mark.parametrize("optimize", [True, False])
def test_timed_kinetics(optimize: bool) -> None:
    """A `TimedArray` that steps at 8 ms against a plain value that is changed between two runs."""
    timed = b2.TimedArray([0.01, 0.3, 0.3] / ms, dt=8 * ms, name="beta1_steps")
    found = voltages(kinetic(beta1=timed), optimize, 24 * ms)
    model = kinetic()
    source, group = generator(), target(model)
    synapses = attach(model, source, group, optimize=optimize)
    monitor = b2.StateMonitor(group, "v", record=True)
    net = b2.Network(source, group, synapses, monitor)
    net.run(8 * ms)
    synapses.beta1_NMDA = 0.3 / ms
    net.run(16 * ms)
    assert_same(found, monitor.v_)
    assert np.max(np.abs(found - voltages(model, optimize, 24 * ms))) > 1e-4


@pytest.mark.parametrize("optimize", [True, False])
def test_timed_magnesium(optimize: bool) -> None:
    """A `TimedArray` on the target against a variable of the target changed between two runs."""
    wash = b2.TimedArray([1.0, 0.0, 0.0] * mM, dt=8 * ms, name="wash")
    found = voltages(kinetic(block=JahrStevens(Mg=wash)), optimize, 24 * ms)
    model = kinetic()
    source = generator()
    group = b2.NeuronGroup(3, LEAKY + model.post_equations(variable=["Mg"]), method="euler")
    group.v = -60 * mV
    synapses = attach(model, source, group, optimize=optimize)
    assert group.Mg == 1 * mM  # initialised by us
    monitor = b2.StateMonitor(group, "v", record=True)
    net = b2.Network(source, group, synapses, monitor)
    net.run(8 * ms)
    group.Mg = 0 * mM
    net.run(16 * ms)
    assert_same(found, monitor.v_)
    assert np.max(np.abs(found - voltages(model, optimize, 24 * ms))) > 1e-4


def test_parameters_of_the_target() -> None:
    """One value per neuron, a variable of the user, and an expression, against three plain models."""
    concentrations = [0.2, 1.0, 2.5]
    expected = np.stack(
        [voltages(kinetic(block=JahrStevens(Mg=c * mM)))[k] for k, c in enumerate(concentrations)]
    )
    assert np.max(np.abs(expected[2] - voltages(kinetic())[2])) > 1e-5

    def run_with(model: GlutamateSynapse, equations: str, name: str, **options: Any) -> np.ndarray:
        b2.start_scope()
        source = generator()
        group = b2.NeuronGroup(3, equations + model.post_equations(**options), method="euler")
        group.v = -60 * mV
        synapses = attach(model, source, group)
        if options:
            np.testing.assert_array_equal(group.Mg / mM, [1, 1, 1])
        setattr(group, name, concentrations * mM)
        monitor = b2.StateMonitor(group, "v", record=True)
        b2.Network(source, group, synapses, monitor).run(20 * ms)
        return np.array(monitor.v)

    per_neuron = run_with(kinetic(), LEAKY, "Mg", per_neuron=["Mg"])
    assert_same(per_neuron, expected, 1e-12)
    mine = kinetic(block=JahrStevens(Mg="bath"))
    assert_same(run_with(mine, LEAKY + "\nbath : mM\n", "bath"), expected, 1e-12)
    rule = kinetic(block=JahrStevens(Mg="2*half"))
    found = run_with(rule, LEAKY + "\nbath : mM\nhalf = bath/2 : mM\n", "bath")
    assert_same(found, expected, 1e-12)


def test_second_object_leaves_variables_of_the_target_alone() -> None:
    model = kinetic()
    source = generator()
    group = b2.NeuronGroup(3, LEAKY + model.post_equations(variable=["Mg"]), method="euler")
    attach(model, source, group)
    group.Mg = 0.3 * mM
    attach(model, source, group)
    assert group.Mg == 0.3 * mM


@pytest.mark.parametrize("optimize", [True, False])
def test_voltage_of_another_compartment(optimize: bool) -> None:
    """``v='v_s'``: with spikes of 0 mV height it is the membrane potential; at 100 mV it is not."""
    found, leaky = {}, LEAKY.replace("-70*mV", "-62*mV")
    for height in (None, 1e-9, 100):
        b2.start_scope()
        model = plastic()
        source = generator()
        if height is None:
            equations, options, reset = leaky, {}, "v = -64*mV"
        else:
            spike = BackPropagatingSpike(height=height * mV)
            equations, options = leaky + spike.neuron_equations(), dict(v="v_s")
            reset = "v = -64*mV\n" + spike.reset()
        group = b2.NeuronGroup(
            3,
            equations + model.post_equations(**options),
            threshold="v > -60*mV",
            reset=reset,
            refractory=5 * ms,
            method="euler",
        )
        group.v = -64 * mV
        synapses = attach(model, source, group, optimize=optimize)
        inside = b2.StateMonitor(synapses, "Ca", record=True)
        spikes = b2.SpikeMonitor(group)
        b2.Network(source, group, synapses, inside, spikes).run(25 * ms)
        assert spikes.num_spikes > 0
        found[height] = np.array(inside.Ca)
    assert_same(found[1e-9], found[None], 1e-7)
    assert np.max(found[100]) > 1.5 * np.max(found[None])


def test_frozen_block_permits_exact() -> None:
    """``method='exact'`` refuses a fresh block; with the frozen one it is first order in dt.

    The block at the start of the step instead of within it: held against rk4 with the fresh block,
    the error halves with dt.
    """
    model = kinetic()
    source = generator()

    def run_with(dt: Any, method: str, block: str) -> np.ndarray:
        b2.start_scope()
        b2.defaultclock.dt = dt
        source = generator()
        group = b2.NeuronGroup(3, LEAKY + model.post_equations(block=block), method=method)
        group.v = -60 * mV
        synapses = attach(model, source, group)
        monitor = b2.StateMonitor(group, "v", record=True, dt=0.5 * ms)
        b2.Network(source, group, synapses, monitor).run(20 * ms)
        return np.array(monitor.v)

    fresh = b2.NeuronGroup(3, LEAKY + model.post_equations(), method="exact")
    synapses = attach(model, source, fresh)
    with pytest.raises(b2.BrianObjectException) as error:
        b2.Network(source, fresh, synapses).run(1 * ms)
    assert "exact" in str(error.value.__cause__) or "linear" in str(error.value.__cause__)
    errors = [
        np.max(np.abs(run_with(dt, "exact", "frozen") - run_with(dt, "rk4", "fresh")))
        for dt in (0.1 * ms, 0.05 * ms)
    ]
    assert 1e-7 < errors[0] < 1e-3
    assert 1.6 < errors[0] / errors[1] < 2.4


# -- spatial neurons -------------------------------------------------------------------------------

CABLE = "Im = (0.1*msiemens/cm**2)*(-70*mV - v) - I_syn/area : amp/meter**2"


def long_pulse() -> GlutamateSynapse:
    """Transmitter for longer than all relaxation times: a steady state, whatever the integrator."""
    return GlutamateSynapse(
        [AMPA(gmax=3 * nS, E=12.3 * mV), BioNMDA(gmax=5 * nS, E=12.3 * mV)],
        release=TransmitterPulse(duration=150 * ms),
    )


@pytest.mark.parametrize("optimize", [True, False])
def test_spatial_neuron_has_the_right_size_and_sign(optimize: bool) -> None:
    """One compartment against a `NeuronGroup` of the same area, at the end of a long pulse."""
    model = long_pulse()
    source = b2.SpikeGeneratorGroup(1, [0], [1] * ms)
    neuron = b2.SpatialNeuron(
        b2.Soma(30 * umetre),
        CABLE + model.post_equations(block="frozen"),
        Cm=1 * uF / cm**2,
        Ri=150 * ohm * cm,
        method="exponential_euler",
    )
    area = np.pi * (30 * umetre) ** 2
    point = b2.NeuronGroup(
        1,
        "dv/dt = ((0.1*msiemens/cm**2)*area*(-70*mV - v) - I_syn)/(area*uF/cm**2) : volt"
        + model.post_equations(),
        method="rk4",
        namespace=dict(area=area),
    )
    objects = [source, neuron, point]
    for group in (neuron, point):
        group.v = -70 * mV
        synapses = model.synapses(source, group, optimize=optimize, w=1.2)
        synapses.connect()
        objects.append(synapses)
    net = b2.Network(objects)
    net.run(150 * ms)
    assert point.v[0] > -30 * mV  # depolarised, far from rest and from E
    assert point.v[0] < 5 * mV
    # relative to the depolarisation
    np.testing.assert_allclose(float(neuron.v[0] + 70 * mV), float(point.v[0] + 70 * mV), rtol=1e-6)


def cable(model: GlutamateSynapse) -> b2.SpatialNeuron:
    morphology = b2.Soma(20 * umetre)
    morphology.dendrite = b2.Cylinder(length=200 * umetre, diameter=2 * umetre, n=5)
    neuron = b2.SpatialNeuron(
        morphology,
        CABLE + model.post_equations(block="frozen"),
        Cm=1 * uF / cm**2,
        Ri=150 * ohm * cm,
        method="exponential_euler",
    )
    neuron.v = -70 * mV
    return neuron


@pytest.mark.parametrize("optimize", [True, False])
def test_part_of_a_spatial_neuron(optimize: bool) -> None:
    """Synapses onto the dendrite against synapses onto the whole cell with shifted indices."""
    model = kinetic()
    source = generator()
    part, whole = cable(model), cable(model)
    on_part = model.synapses(source, part.dendrite, optimize=optimize)
    on_part.connect(i=[0, 1, 1], j=[1, 3, 4])
    on_whole = model.synapses(source, whole, optimize=optimize)
    on_whole.connect(i=[0, 1, 1], j=[2, 4, 5])
    on_part.w = on_whole.w = [1, 2, 3]
    monitors = [b2.StateMonitor(n, ["v", "g_total_NMDA"], record=True) for n in (part, whole)]
    b2.Network(source, part, whole, on_part, on_whole, monitors).run(15 * ms)
    a, b = monitors
    np.testing.assert_array_equal(a.g_total_NMDA_, b.g_total_NMDA_)
    np.testing.assert_array_equal(a.v_, b.v_)
    assert set(np.flatnonzero(a.g_total_NMDA_.max(axis=1))) == {2, 4, 5}
    assert a.v_[5].max() > -69.5e-3


def test_point_current_is_refused() -> None:
    """Brian2 would add it: the wrong sign."""
    model = kinetic()
    added = model.post_equations(block="frozen")
    flagged = b2.Equations(CABLE.replace(" - I_syn/area", "")) + b2.Equations(
        [
            SingleEquation(e.type, n, e.dim, e.var_type, e.expr, ["point current"]) if n == "I_syn" else e
            for n, e in added.items()
        ]
    )
    neuron = b2.SpatialNeuron(
        b2.Soma(20 * umetre), flagged, Cm=1 * uF / cm**2, Ri=150 * ohm * cm, method="exponential_euler"
    )
    with pytest.raises(ModelError, match="point current"):
        model.synapses(generator(), neuron)


# -- numbers ------------------------------------------------------------------------------------------


def test_single_precision() -> None:
    """float32 against float64, 1e-4 of the peak; the pulse is counted, so it cannot vanish."""

    def run_with(dtype: Any) -> dict[str, np.ndarray]:
        b2.start_scope()
        b2.prefs.core.default_float_dtype = dtype
        model = plastic()
        source = generator()
        group = target(model)
        synapses = attach(model, source, group)
        neurons = b2.StateMonitor(group, ["v", "g_total_NMDA", "I_syn"], record=True)
        inside = b2.StateMonitor(synapses, ["x_NMDA", "g_NMDA", "Ca", "Ca_eff", "n_AMPA"], record=True)
        b2.Network(source, group, synapses, neurons, inside).run(25 * ms)
        assert synapses.variables["g_NMDA"].dtype == dtype
        assert neurons.variables["v"].dtype == dtype
        return {n: np.array(getattr(m, n)) for m in (neurons, inside) for n in m.record_variables}

    double, single = run_with(np.float64), run_with(np.float32)
    for name, expected in double.items():
        assert_same(single[name], expected, 1e-4)
        assert np.any(single[name] != expected)


# -- reading and writing -------------------------------------------------------------------------------


@pytest.mark.parametrize("optimize", [True, False])
def test_reading_variables(optimize: bool) -> None:
    """Variables are read through S wherever they live, with Brian2's indexing."""
    model = plastic()
    source, group = generator(), target(model)
    synapses = attach(model, source, group, optimize=optimize)
    one = b2.StateMonitor(synapses, "g_NMDA", record=[1, 3])
    several = b2.StateMonitor(synapses, ["x_NMDA", "g_NMDA", "g_AMPA", "Ca", "w"], record=True)
    net = b2.Network(source, group, synapses, one, several)
    net.run(5 * ms)
    now = {n: np.array(getattr(synapses, n)) for n in several.record_variables}
    net.run(0.1 * ms)
    for name, values in now.items():
        assert values.shape == (4,)
        assert np.all(values > 0)
        np.testing.assert_array_equal(getattr(several, name + "_")[:, -1], values)
    np.testing.assert_array_equal(one.g_NMDA, several.g_NMDA[[1, 3]])
    # synapses of one presynaptic neuron share its gate; the two neurons differ
    assert now["g_NMDA"][0] == now["g_NMDA"][1] != now["g_NMDA"][2] == now["g_NMDA"][3]
    np.testing.assert_array_equal(synapses.g_NMDA["i == 1"], synapses.g_NMDA[2:4])
    np.testing.assert_array_equal(synapses.g_NMDA[1, :], synapses.g_NMDA[2:4])
    np.testing.assert_array_equal(synapses.w["i < j"], [1.0, 2.2])
    synapses.w["i < j"] = "10 + j"
    np.testing.assert_array_equal(synapses.w, [0.5, 11.0, 1.7, 12.0])
    synapses.w[0, 0] = 4
    assert synapses.w[0] == 4
    states = synapses.get_states(["g_NMDA", "Ca", "w"], units=False)
    np.testing.assert_array_equal(states["g_NMDA"], synapses.g_NMDA)
    np.testing.assert_array_equal(states["w"], [4, 11, 1.7, 12])
    everything = synapses.get_states()
    assert {"Ca", "n_AMPA", "w", "i", "j"} <= set(everything)
    synapses.set_states({"w": np.arange(4.0)})
    np.testing.assert_array_equal(synapses.w, np.arange(4))
    np.testing.assert_array_equal(synapses.i, [0, 0, 1, 1])
    assert synapses.source is source and synapses.target is group
    assert len(synapses) == 4 and synapses.N_outgoing_pre[1] == 2
    # I_Ca and the parameters by name; calcium enters
    assert np.all(synapses.I_Ca < 0 * pA)
    assert synapses.gmax_NMDA == 0.7 * nS


def test_conditions_on_both_sides() -> None:
    """``connect`` and assignments see the user's own groups."""
    model = kinetic()
    source = b2.NeuronGroup(4, "x : 1", threshold="False")
    source.x = np.arange(4)
    group = b2.NeuronGroup(4, LEAKY + model.post_equations() + b2.Equations("y : 1"), method="euler")
    group.y = [2, 0, 3, 1]
    synapses = model.synapses(source, group)
    synapses.connect(condition="x_pre < y_post")
    expected = [(i, j) for i in range(4) for j in range(4) if i < [2, 0, 3, 1][j]]
    assert list(zip(synapses.i, synapses.j, strict=True)) == expected
    synapses.w = "x_pre + 10*y_post"
    np.testing.assert_array_equal(synapses.w, [i + 10 * [2, 0, 3, 1][j] for i, j in expected])
    diagonal = model.synapses(source, group)
    diagonal.connect(j="i")
    np.testing.assert_array_equal(diagonal.j, np.arange(4))


def test_profile_names_belong_to_the_object() -> None:
    model = plastic()
    source, group = generator(), target(model)
    synapses = attach(model, source, group, name="cortical")
    net = b2.Network(source, group, synapses)
    net.run(2 * ms, profile=True)
    names = [name for name, _ in net.profiling_info]
    mine = [n for n in names if not n.startswith((source.name, group.name))]
    assert len(mine) >= 5
    assert all(n.startswith("cortical") for n in mine), mine
    assert all(o.name.startswith("cortical") for o in synapses.contained_objects)


# -- a user's own additions ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", [STEPPED, SENT], ids=["stepped", "sent"])
@pytest.mark.parametrize("delay", [None, 1.7 * ms])
def test_own_stdp(delay: Any, form: dict[str, Any]) -> None:
    """Pair-based STDP of Brian2's tutorial on top of S, optimised against naive."""
    stdp = dict(
        model="""
        dapre/dt = -apre/(20*ms) : 1 (event-driven)
        dapost/dt = -apost/(20*ms) : 1 (event-driven)
        """,
        on_pre="""
        apre += A_plus
        w = clip(w + apost, 0, 3)
        """,
        on_post="""
        apost -= 0.06
        w = clip(w + apre, 0, 3)
        """,
        namespace=dict(A_plus=0.05),
    )
    model = kinetic()
    source = generator()
    recorded_ = []
    net = b2.Network(source)
    for chosen in (NAIVE, form):
        group = target(
            model,
            equations=LEAKY.replace("- I_syn", "+ 170*pA - I_syn"),
            threshold="v > -54*mV",
            reset="v = -60*mV",
        )
        synapses = attach(model, source, group, **chosen, delay=delay, **stdp)
        monitors = (
            b2.StateMonitor(group, ["v", "g_total_NMDA"], record=True),
            b2.StateMonitor(synapses, ["w", "g_NMDA"], record=True),
        )
        net.add(group, synapses, monitors)
        recorded_.append(monitors)
    net.run(30 * ms)
    assert bool(synapses.plan.sent) == (form is SENT)
    for naive, optimised in zip(*recorded_, strict=True):
        found, expected = (
            {n: np.array(getattr(m, n)) for n in m.record_variables} for m in (optimised, naive)
        )
        assert_close_to_naive(found, expected, synapses, gmax=0.7, weight=6.0)
    w = np.array(recorded_[0][1].w)
    assert np.any(np.diff(w) > 0) and np.any(np.diff(w) < 0)


def test_two_pathways_and_own_variables() -> None:
    """``on_pre`` as a dictionary, and equations that read the model's variables."""
    model = kinetic()
    source = generator()
    group = target(model)
    synapses = attach(
        model,
        source,
        group,
        model="count : 1\nlate : 1\nopen = w*g_NMDA : 1",
        on_pre={"pre": "count += 1", "second": "late += count"},
    )
    synapses.second.delay = 3 * ms
    b2.Network(source, group, synapses).run(8 * ms)
    np.testing.assert_array_equal(synapses.count, [2, 2, 2, 2])
    np.testing.assert_array_equal(synapses.late, [4, 4, 1, 1])
    np.testing.assert_array_equal(synapses.open, synapses.w[:] * synapses.g_NMDA[:])
    assert np.min(synapses.open) > 0.1


def test_multisynaptic_index() -> None:
    model = kinetic()
    source, group = generator(), target(model)
    synapses = model.synapses(source, group, multisynaptic_index="k", delay="per_synapse")
    synapses.connect(i=0, j=1, n=3)
    np.testing.assert_array_equal(synapses.k, [0, 1, 2])
    synapses.delay = "k*2*ms"
    b2.Network(source, group, synapses).run(4 * ms)
    assert synapses.g_NMDA[0] > synapses.g_NMDA[1] > synapses.g_NMDA[2] == 0


def test_namespace_reaches_the_model() -> None:
    """A parameter given as the name of a constant, against the number."""
    model = kinetic(beta1="my_rate")
    found = []
    for options in (
        dict(namespace=dict(my_rate=0.2 / ms)),
        dict(optimize=False, namespace=dict(my_rate=0.2 / ms)),
    ):
        b2.start_scope()
        source, group = generator(), target(model)
        synapses = attach(model, source, group, **options)
        monitor = b2.StateMonitor(group, "v", record=True)
        b2.Network(source, group, synapses, monitor).run(20 * ms, namespace={})
        found.append(np.array(monitor.v))
    expected = voltages(kinetic(beta1=0.2 / ms))
    for v in found:
        assert_same(v, expected, 1e-12)


# -- events ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimize", [True, False])
def test_coincidence_inserts_once_and_rearms(optimize: bool) -> None:
    """20 receptors, five per event: 25 after a strong burst, none while disarmed, then 30.

    Held against the crossings of the recorded ``Ca_eff``, computed here.
    """
    rule = CoincidenceInsertion()
    calcium = SpineCalcium(integrator=CalciumIntegrator(tau=20 * ms))
    receptors = [AMPA(), BioNMDA(beta1=0.05 / ms)]
    model = GlutamateSynapse(receptors, calcium=calcium, plasticity=rule)
    bursts = np.concatenate([start + np.arange(10) * 5.0 for start in (10, 190, 430)])
    source = b2.SpikeGeneratorGroup(1, np.zeros(len(bursts)), bursts * ms)
    # clamped: one neuron where calcium enters, one where it hardly does
    group = b2.NeuronGroup(2, "dv/dt = 0*I_syn/pF : volt" + model.post_equations(), method="euler")
    group.v = [-20, -85] * mV
    synapses = model.synapses(source, group, optimize=optimize)
    synapses.connect()
    monitor = b2.StateMonitor(synapses, ["Ca_eff", "n_AMPA", "armed_AMPA"], record=[0, 1])
    b2.Network(source, group, synapses, monitor).run(480 * ms)
    n, memory = np.array(monitor.n_AMPA), np.array(monitor.Ca_eff / umolar)
    expected, armed, above, crossings = 20.0, True, False, 0
    for k in range(1, memory.shape[1]):  # an event sees the new Ca_eff of its step
        crossings += memory[0, k] > 1.8 and not above
        above = memory[0, k] > 1.8
        if armed and above:
            expected, armed = expected + 5, False
        elif memory[0, k] < 0.12:
            armed = True
        assert n[0, k] == expected
    assert crossings == 3  # the second burst crosses, too, but finds the rule disarmed
    assert n[0, 0] == 20
    assert n[0, 4200] == 25
    assert n[0, -1] == 30
    np.testing.assert_array_equal(n[1], 20)
