"""Where an experiment runs: NumPy, Cython, or a C++ standalone project of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from brian2 import Network, Quantity, defaultclock, get_device, prefs, set_device
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import RuntimeDevice, reset_device
from brian2.groups.group import CodeRunner

from brian2_nmda.brian.internals import compiler_name, keep_code_of
from brian2_nmda.symbolic.errors import ModelError

TARGETS = ("cpp_standalone", "cython", "numpy")
_MAKE_ARGS = "devices.cpp_standalone.extra_make_args_unix"


def check_compiler() -> None:
    """Raise a ModelError if a C++ standalone project could not be built here."""
    needed = {"msvc": (), "unix": ("make", "g++")}.get(compiler_name(), ("make", "g++"))
    missing = [tool for tool in needed if shutil.which(tool) is None]
    if missing:
        raise ModelError(
            f"a C++ standalone simulation needs {' and '.join(missing)}, not found on the PATH; install a "
            "C++ compiler (conda install cxx-compiler make, or apt install g++ make), or take the slower "
            "target='numpy'."
        )


def check_directory(directory: str | Path) -> Path:
    """The folder of a project that is to be written; a ModelError if it is in use or cannot be made."""
    path = Path(directory)
    if path.exists() and not path.is_dir():
        raise ModelError(f"'{path}' is a file; the project needs a folder.")
    if path.is_dir() and any(path.iterdir()):
        raise ModelError(f"the folder '{path}' is not empty; name a new one, so that nothing is overwritten.")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise ModelError(f"the project cannot be written to '{path}': {error.strerror}.") from error
    return path


@contextmanager
def simulation(target: str, dt: Quantity, directory: str | Path | None = None) -> Iterator[tuple[Any, str]]:
    """The device and the directory of an experiment, with Brian2's time step and target set.

    Raises
    ------
    ModelError
        If there is no such target or no compiler, or if a standalone device is in use.
    """
    if target not in TARGETS:
        raise ModelError(f"target has to be one of {', '.join(TARGETS)}; found {target!r}.")
    if not isinstance(get_device(), RuntimeDevice):
        raise ModelError(
            "an Experiment makes a simulation of its own and would overwrite yours; call it before "
            "set_device('cpp_standalone'), or after reset_device()."
        )
    before = defaultclock.dt
    try:
        if target == "cpp_standalone":
            check_compiler()
            with _standalone(dt, directory) as given:
                yield given
        else:
            chosen = prefs.codegen.target
            prefs.codegen.target = target
            defaultclock.dt = dt
            try:
                yield get_device(), ""
            finally:
                prefs.codegen.target = chosen
    finally:
        defaultclock.dt = before


@contextmanager
def _standalone(dt: Quantity, directory: str | Path | None) -> Iterator[tuple[Any, str]]:
    make_args = prefs[_MAKE_ARGS]
    with tempfile.TemporaryDirectory(prefix="brian2_nmda_") as temporary:
        device = CPPStandaloneDevice()  # one of its own: results of another one stay readable
        where = str(directory or temporary)
        set_device(device, directory=where, build_on_run=False)
        try:
            prefs[_MAKE_ARGS] = ["-j2"]
            defaultclock.dt = dt
            yield device, where
        finally:
            prefs[_MAKE_ARGS] = make_args
            reset_device()


def keep_code(network: Network) -> None:
    """Let later runs use the code of the first one: Brian2 would compile all of it again.

    Where Python runs the simulation, the code holds the time step: it is kept for each.
    """
    for obj in network.sorted_objects:
        if isinstance(obj, CodeRunner):
            keep_code_of(obj, _step_of)


def _step_of(obj: CodeRunner) -> float:
    return float(obj.clock.dt) if isinstance(get_device(), RuntimeDevice) else 0.0
