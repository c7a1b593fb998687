"""Building exported files with NESTML for NEST, and running one neuron at a fixed voltage.

Neither is a dependency of this package: ``pip install brian2_nmda[nest]``, and for the headers
``apt-get install cmake g++ libgsl-dev libltdl-dev libboost-dev`` or what they are called elsewhere.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from brian2_nmda.symbolic.errors import ModelError

__all__ = ["build", "load", "missing", "response", "simulator"]

#: Makes the membrane so large (pF) that no synapse moves its voltage.
_CLAMPED = 1e15
#: A header of each library that is needed, and where Debian has it.
_HEADERS = {
    "gsl/gsl_odeiv.h": "libgsl-dev",
    "ltdl.h": "libltdl-dev",
    "boost/config.hpp": "libboost-dev",
}


def missing(headers: Sequence[str | Path] = ()) -> list[str]:
    """Say what a build for NEST lacks on this machine.

    Parameters
    ----------
    headers : sequence of path
        Where else to look for the headers of GSL, libltdl and Boost.

    Returns
    -------
    list of str
        In words, one for each thing that is missing; empty if nothing is.

    Examples
    --------
    >>> from brian2_nmda.export import nest_run
    >>> lacks = nest_run.missing()
    """
    found = [
        f"the Python package '{package}' (pip install brian2_nmda[nest])"
        for module, package in (("nest", "nest-simulator"), ("pynestml", "nestml"))
        if find_spec(module) is None
    ]
    found += [f"the program '{tool}'" for tool in ("cmake", "make", "g++") if shutil.which(tool) is None]
    places = [Path(p) for p in (*headers, "/usr/include", "/usr/local/include")]
    for header, package in _HEADERS.items():
        if not any((p / header).exists() for p in places):
            found.append(f"the header {header} (apt-get install {package}, or headers=)")
    return found


def build(
    files: Iterable[str | Path], folder: str | Path, module: str, headers: Sequence[str | Path] = ()
) -> Path:
    """Make a module for NEST of files of `brian2_nmda.export.nestml.write`, with ``solver: numeric``.

    The ``nest-config`` in NEST's wheel names the folders of the machine that built it; a corrected copy is
    written into the folder and used.

    Parameters
    ----------
    files : iterable of path
        Made by `brian2_nmda.export.nestml.write`.
    folder : path
        The module and all that leads to it are made in it.
    module : str
        Its name, ending in ``module``.
    headers : sequence of path
        Where else the headers of GSL, libltdl and Boost are.

    Returns
    -------
    Path
        The module, for `load` and `response`.

    Raises
    ------
    ModelError
        If something is `missing`, or NESTML or the compiler refuses a file; then with what was said.

    Examples
    --------
    >>> from brian2_nmda import BioNMDA, GlutamateSynapse
    >>> from brian2_nmda.export import nest_run, nestml
    >>> path = nestml.write(GlutamateSynapse(BioNMDA()), 'models')  # doctest: +SKIP
    >>> module = nest_run.build([path], 'built', 'mymodule')  # doctest: +SKIP
    """
    lacks = missing(headers)
    if lacks:
        raise ModelError(f"nest_run.build: {'; '.join(lacks)} is missing.")
    folder = Path(folder).resolve()
    prefix, target, done = folder / "nest", folder / "code", folder / "install"
    for place in (prefix / "bin", target, done):
        place.mkdir(parents=True, exist_ok=True)
    config = prefix / "bin" / "nest-config"
    config.write_text(_nest_config(headers))
    config.chmod(0o755)
    paths = [str(Path(f).resolve()) for f in files]
    given = [str(target), str(done), module, str(prefix), *paths]
    said = subprocess.run(
        [sys.executable, "-m", "brian2_nmda.export.nest_run", *given],
        capture_output=True, text=True, env={**os.environ, "PYNEST_QUIET": "1"},
    )  # fmt: skip
    found = sorted(done.glob(f"{module}.*"))
    if said.returncode or not found:  # NESTML returns as if all were well when a model has an error
        raise ModelError(
            f"NESTML made no module of {', '.join(paths)}:\n{(said.stdout + said.stderr)[-3000:]}"
        )
    return found[0]


def _nest_config(headers: Sequence[str | Path]) -> str:
    """A script that answers as NEST's ``nest-config`` would if the wheel had been built where it lies."""
    package = Path(str(metadata.distribution("nest-simulator").locate_file("nest")))
    bundled = package.parent / "nest_simulator.libs"
    libraries = [f"-L{bundled}", f"-Wl,-rpath,{bundled}"]
    libraries += [f"-l:{p.name}" for p in sorted(bundled.glob("libgsl*.so*"))]
    old_abi = "-D_GLIBCXX_USE_CXX11_ABI=0" if bundled.exists() else ""
    include = [package / "include" / "nest", package.parent / "include" / "nest", *map(Path, headers)]
    answers = {
        "--prefix": str(package.parent),
        "--version": metadata.version("nest-simulator"),
        "--includes": " ".join(f"-I{p}" for p in include if p.exists()),
        "--cflags": f"-O2 -std=c++20 -fopenmp {old_abi}",
        "--libs": " ".join(libraries),
        "--compiler": shutil.which("g++") or "",
        "--compiler-name": "GNU",
        "--static-libraries": "OFF",
        "--libdir": "lib",
    }
    cases = "\n".join(f"  {option}) echo '{answer}' ;;" for option, answer in answers.items())
    return f'#!/bin/sh\ncase "$1" in\n{cases}\n  *) exit 1 ;;\nesac\n'


def _generate(target: str, install: str, module: str, prefix: str, *files: str) -> None:
    """Run NESTML; in a process of its own, since it keeps state and may end the process."""
    from pynestml.frontend.pynestml_frontend import generate_nest_target

    generate_nest_target(
        input_path=list(files), target_path=target, install_path=install, module_name=module,
        logging_level="ERROR",
        codegen_opts={
            "solver": "numeric",
            "nest_path": prefix,
            "nest_version": "v" + metadata.version("nest-simulator"),
        },
    )  # fmt: skip


def simulator() -> Any:
    """Import NEST and return its package ``nest``.

    Returns
    -------
    module

    Raises
    ------
    ModelError
        If NEST is not installed.

    Examples
    --------
    >>> from brian2_nmda.export import nest_run
    >>> nest = nest_run.simulator()  # doctest: +SKIP
    """
    os.environ.setdefault("PYNEST_QUIET", "1")
    try:
        import nest
    except ImportError as error:
        raise ModelError("NEST is not installed: pip install brian2_nmda[nest].") from error
    return nest


def load(module: str | Path) -> None:
    """Load a module of `build` into NEST, once after each ``ResetKernel``, which forgets it.

    Parameters
    ----------
    module : path
        What `build` returned. Its folder is added to ``LD_LIBRARY_PATH``.

    Examples
    --------
    >>> from brian2_nmda.export import nest_run
    >>> nest_run.load('built/install/mymodule.so')  # doctest: +SKIP
    """
    module = Path(module)
    known = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    if str(module.parent) not in known:
        os.environ["LD_LIBRARY_PATH"] = os.pathsep.join([str(module.parent), *filter(None, known)])
    simulator().Install(module.stem)


def response(
    module: str | Path,
    name: str,
    record: Sequence[str],
    spikes: Iterable[float],
    until: float,
    v: float = -70.0,
    *,
    weight: float = 1.0,
    dt: float = 0.1,
    tolerance: float = 1e-10,
    parameters: Mapping[str, float] | None = None,
) -> dict[str, np.ndarray]:
    """Run one neuron at a fixed voltage and return what its synapses do.

    Parameters
    ----------
    module : path
        Made by `build`.
    name : str
        Of a neuron in it.
    record : sequence of str
        Names in the file.
    spikes : iterable of float
        Arrivals, in ms, multiples of the time step; later than two steps.
    until : float
        Length, in ms.
    v : float
        Voltage, in mV.
    weight : float
        Of the connection.
    dt : float
        The time step, in ms.
    tolerance : float
        Absolute and relative, of the solver within a time step.
    parameters : mapping of str to float, optional
        Values in NEST's units, by the names in the file.

    Returns
    -------
    dict of str to ndarray
        Values in NEST's units, one for each time step, and ``t`` in ms.

    Examples
    --------
    >>> from brian2_nmda.export import nest_run
    >>> found = nest_run.response(
    ...     'built/install/mymodule.so', 'BioNMDA_neuron', ['g_NMDA'], spikes=[10.0], until=100.0
    ... )  # doctest: +SKIP
    """
    nest = simulator()
    nest.ResetKernel()
    load(module)
    nest.resolution = dt
    held = {"C_m": _CLAMPED, "V_th": 1e9, "E_L": v, "V_m": v}
    neuron = nest.Create(name, params={**(parameters or {}), **held})
    neuron.set({"gsl_abs_error_tol": tolerance, "gsl_rel_error_tol": tolerance})
    sent = [t - dt for t in spikes]  # the shortest delay is one step
    source = nest.Create("spike_generator", params={"spike_times": sent})
    nest.Connect(source, neuron, syn_spec={"weight": weight, "delay": dt})
    meter = nest.Create("multimeter", params={"record_from": list(record), "interval": dt})
    nest.Connect(meter, neuron)
    nest.Simulate(until)
    events = meter.events
    return {n: np.array(events[key], float) for n, key in [("t", "times"), *((n, n) for n in record)]}


if __name__ == "__main__":
    _generate(*sys.argv[1:])
