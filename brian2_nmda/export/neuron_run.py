"""Compiling exported files with NEURON, and running one point process in a clamped compartment.

NEURON is no dependency of this package: ``pip install brian2_nmda[neuron]``.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brian2_nmda.symbolic.errors import ModelError

__all__ = ["compile_folder", "insert", "load", "response", "simulator"]

#: Makes the compartment so large (uF/cm2) that no synapse moves its voltage, while CVODE may run.
_CLAMPED = 1e12


def simulator() -> Any:
    """Import NEURON and return its object ``h``.

    Returns
    -------
    neuron.hoc.HocObject

    Raises
    ------
    ModelError
        If NEURON is not installed.

    Examples
    --------
    >>> from brian2_nmda.export import neuron_run
    >>> h = neuron_run.simulator()  # doctest: +SKIP
    """
    try:
        from neuron import h
    except ImportError as error:
        raise ModelError("NEURON is not installed: pip install brian2_nmda[neuron].") from error
    return h


def compile_folder(folder: str | Path, coreneuron: bool = False) -> Path:
    """Compile all ``.mod`` files of a folder by one call of ``nrnivmodl``.

    Parameters
    ----------
    folder : path
        The library is made in it, too.
    coreneuron : bool
        Whether to make ``libcorenrnmech`` beside it. CoreNEURON finds that by the variable ``CORENEURONLIB``.

    Returns
    -------
    Path
        The library, for `load`.

    Raises
    ------
    ModelError
        If NEURON is not installed, or refuses a file; then with what it says.

    Examples
    --------
    >>> from brian2_nmda import AMPA, GlutamateSynapse
    >>> from brian2_nmda.export import neuron_run, nmodl
    >>> path = nmodl.write(GlutamateSynapse(AMPA()), 'mechanisms')  # doctest: +SKIP
    >>> library = neuron_run.compile_folder('mechanisms')  # doctest: +SKIP
    """
    folder = Path(folder).resolve()
    beside = Path(sys.executable).parent / "nrnivmodl"
    tool = str(beside) if beside.exists() else shutil.which("nrnivmodl")
    if tool is None:
        raise ModelError("nrnivmodl is not installed: pip install brian2_nmda[neuron].")
    path = os.pathsep.join([str(Path(tool).parent), os.environ.get("PATH", "")])
    command = [tool, *(["-coreneuron"] if coreneuron else []), "."]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    said = done.stdout + done.stderr
    found = sorted(folder.glob("*/libnrnmech.*"))
    if done.returncode or not found:
        raise ModelError(f"nrnivmodl failed in {folder}:\n{said[-2000:]}")
    (folder / "nrnivmodl.log").write_text(said)
    return found[0]


def load(library: str | Path) -> None:
    """Load a library of `compile_folder`; one process cannot load the same point process twice.

    Parameters
    ----------
    library : path
        What `compile_folder` returned.

    Examples
    --------
    >>> from brian2_nmda.export import neuron_run
    >>> neuron_run.load(neuron_run.compile_folder('mechanisms'))  # doctest: +SKIP
    """
    simulator().nrn_load_dll(str(library))


def insert(name: str, section: Any, x: float = 0.5, **parameters: float) -> Any:
    """Put a point process of this name on a section.

    Parameters
    ----------
    name : str
        Of the ``POINT_PROCESS``.
    section : neuron.h.Section
        The piece of membrane on which it stands.
    x : float
        Where on it, 0 to 1.
    **parameters
        Values in NEURON's units, by the names in the file.

    Returns
    -------
    neuron.h.HocObject
        The point process. It goes when nothing refers to it any more.

    Examples
    --------
    >>> from brian2_nmda.export import neuron_run
    >>> dendrite = neuron_run.simulator().Section(name='dendrite')  # doctest: +SKIP
    >>> synapse = neuron_run.insert('AMPA', dendrite, 0.5, gmax_AMPA=0.001)  # in uS  # doctest: +SKIP
    """
    process = getattr(simulator(), name)(section(x))
    for parameter, value in parameters.items():
        setattr(process, parameter, value)
    return process


def response(
    name: str,
    record: Sequence[str],
    times: Iterable[float],
    spikes: Iterable[float],
    v: float = -70.0,
    *,
    post_spikes: Iterable[float] = (),
    weight: float = 1.0,
    dt: float | None = None,
    atol: float = 1e-10,
    parameters: Mapping[str, float] | None = None,
) -> dict[str, np.ndarray]:
    """Run one point process at a fixed voltage and return what it does.

    Parameters
    ----------
    name : str
        Of a point process that is loaded.
    record : sequence of str
        Names in the file.
    times : iterable of float
        When, in ms, in ascending order.
    spikes, post_spikes : iterable of float
        Presynaptic and postsynaptic spikes, in ms.
    v : float
        Voltage, in mV.
    weight : float
        Of the NetCon.
    dt : float, optional
        A fixed time step, in ms; by default CVODE.
    atol : float
        Absolute tolerance of CVODE.
    parameters : mapping of str to float, optional
        Values in NEURON's units, by the names in the file.

    Returns
    -------
    dict of str to ndarray
        Values in NEURON's units, one for each of `times`.

    Examples
    --------
    >>> from brian2_nmda.export import neuron_run
    >>> found = neuron_run.response('AMPA', ['g_AMPA'], times=[1, 2, 5], spikes=[0.5])  # doctest: +SKIP
    """
    h = simulator()
    h.load_file("stdrun.hoc")
    cell = h.Section(name="clamped")
    cell.L = cell.diam = 10
    cell.cm = _CLAMPED
    process = insert(name, cell, **(parameters or {}))
    pre, post = h.NetCon(None, process), h.NetCon(None, process)
    pre.weight[0], post.weight[0] = weight, -1
    pre.delay = post.delay = 0

    def send() -> None:
        for connection, train in ((pre, spikes), (post, post_spikes)):
            for t in train:
                connection.event(t)

    handler = h.FInitializeHandler(send)
    solver = h.CVode()
    solver.active(dt is None)
    if dt is None:
        solver.atol(atol)
    else:
        h.dt, h.steps_per_ms = dt, round(1 / dt)
    h.finitialize(v)
    found: dict[str, list[float]] = {n: [] for n in record}
    for t in times:
        if dt is None:
            solver.solve(t)
        else:
            while h.t < t - dt / 2:
                h.fadvance()
        h.fcurrent()
        for n in record:
            found[n].append(getattr(process, n))
    solver.active(False)
    del handler
    return {n: np.array(x) for n, x in found.items()}
