"""The command ``brian2-nmda export``."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of ``brian2-nmda``."""
    export = commands.add_parser(
        "export",
        help="write a model for NEURON or NEST, or check it in NEURON against Brian2",
        description="Writes a POINT_PROCESS of NEURON (NMODL) or a neuron of NEST (NESTML). A part that is "
        "no receptor is written within the smallest synapse that uses it. With --check it is compiled and "
        "compared with Brian2, on the same spikes at a fixed voltage; that needs pip install "
        "brian2_nmda[neuron].",
    )
    export.add_argument("model", metavar="NAME", help="as listed by 'brian2-nmda models'")
    export.add_argument("--preset", metavar="SET", help="a published set of values")
    export.add_argument(
        "--to", choices=["nmodl", "nestml"], default="nmodl", help="language (default: %(default)s)"
    )
    export.add_argument("--out", default=".", metavar="DIR", help="folder for the file (default: here)")
    export.add_argument("--check", action="store_true", help="compare with Brian2 instead of writing")
    export.set_defaults(command=_export)


def _export(arguments: argparse.Namespace) -> int:
    from brian2_nmda.conformance.subject import Subject
    from brian2_nmda.export import nestml, nmodl
    from brian2_nmda.library import find_model
    from brian2_nmda.symbolic.errors import ModelError

    try:
        found = find_model(arguments.model, arguments.preset)
        subject = Subject(found)
        if subject.is_fragment:
            raise ModelError(f"{arguments.model} belongs to a neuron, not to a synapse; nothing is exported.")
        if arguments.to == "nestml":
            if arguments.check:
                raise ModelError(
                    "--check compares with NEURON alone; see brian2_nmda.export.nest_run for NEST."
                )
            print(nestml.write(subject.model, arguments.out, f"{arguments.model}_neuron"))
            return 0
        if arguments.check:
            return _check(subject.model, arguments.model)
        print(nmodl.write(subject.model, arguments.out, arguments.model))
    except ModelError as error:
        print(f"brian2-nmda export: {error}", file=sys.stderr)
        return 2
    return 0


def _check(model: Any, name: str) -> int:
    from brian2_nmda.export import neuron_run, nmodl

    with tempfile.TemporaryDirectory() as folder:
        nmodl.write(model, Path(folder), name)
        neuron_run.load(neuron_run.compile_folder(folder))
        rows = compare(model, name)
    print("NEURON: CVODE, atol 1e-10. Brian2: rk4, optimize=False, dt 5 us. -30 mV; 5 spikes at 100 Hz.")
    print(f"{'quantity':<24}{'peak':>14}{'largest deviation, of peak':>30}")
    for quantity, peak, deviation in rows:
        print(f"{quantity:<24}{peak:>14.6g}{deviation:>30.1e}")
    return 0 if all(deviation <= 1e-4 for _, _, deviation in rows) else 1


def compare(
    model: Any, name: str, step: float = 0.005, until: float = 100.0
) -> list[tuple[str, float, float]]:
    """States, conductances and currents in NEURON and in the naive form of Brian2.

    Parameters
    ----------
    model : GlutamateSynapse
    name : str
        Of its point process, which is loaded.
    step : float
        Of Brian2, in ms.
    until : float
        Length, in ms.

    Returns
    -------
    list of tuple
        Name, peak in NEURON's units, and largest deviation as a fraction of the peak.
    """
    from brian2 import amp, siemens

    from brian2_nmda.export import neuron_run, nmodl
    from brian2_nmda.export.nmodl_text import in_neuron

    system = model.system
    spikes = 5.0 + 10.0 * np.arange(5)
    post = spikes[::2] + 7.0 if system.on_post_spike else np.array([])
    ours, times = _in_brian(model, spikes, post, step, until)
    called = nmodl.Mechanism(model, name, None).called
    # what Brian2 changes at a spike shows one step later, and in a sum over synapses one more
    arrive: dict[str, Any] = {"spikes": spikes + step, "post_spikes": post + step}
    theirs: dict[str, np.ndarray] = {}
    for names, late in ((list(system.states), 0.0), ([n for n in ours if n not in system.states], step)):
        theirs |= neuron_run.response(name, [called(n) for n in names], times - late, v=-30.0, **arrive)
    rows = []
    for n, values in ours.items():
        of_term = siemens.dim if n.startswith("g_total") else amp.dim
        values = values * in_neuron(1.0, system.dimensions().get(n, of_term))
        peak = float(np.abs(values).max())
        rows.append((n, peak, float(np.abs(theirs[called(n)] - values).max()) / (peak or 1.0)))
    return rows


def _in_brian(
    model: Any, spikes: np.ndarray, post: np.ndarray, step: float, until: float
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Values in SI units of a plain `Synapses` integrated by Runge-Kutta steps, and their times in ms."""
    import brian2 as b2

    with_names = [*model.system.states]
    each = step * b2.ms
    source = b2.SpikeGeneratorGroup(1, np.zeros(len(spikes), int), spikes * b2.ms, dt=each)
    target = b2.NeuronGroup(
        1, "v = -30*mV : volt\nfires : 1" + model.post_equations(),
        threshold="fires > 0", reset="fires = 0", dt=each,
    )  # fmt: skip
    parts: list[Any] = [source, target]
    if len(post):
        trigger = b2.SpikeGeneratorGroup(1, np.zeros(len(post), int), (post - step) * b2.ms, dt=each)
        drive = b2.Synapses(trigger, target, on_pre="fires_post = 1", dt=each)
        drive.connect()
        parts += [trigger, drive]
    synapses = model.synapses(source, target, optimize=False, method="rk4", dt=each, w=1.0)
    synapses.connect()
    every = 0.5
    states = b2.StateMonitor(synapses, with_names, record=True, dt=every * b2.ms)
    terms = [x for r in model.system.receptors for x in (r.total_name, r.current_name)]
    totals = b2.StateMonitor(target, terms, record=True, dt=every * b2.ms)
    b2.Network(*parts, synapses, states, totals).run(until * b2.ms)
    found = {n: np.array(getattr(states, n)[0]) for n in with_names}
    found |= {n: np.array(getattr(totals, n)[0]) for n in terms}
    return {n: x[1:] for n, x in found.items()}, np.array(states.t / b2.ms)[1:]
