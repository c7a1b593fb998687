"""Every test starts from a clean Brian2: NumPy target, runtime device, default clock and scope."""

import os

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib

import gc
import tempfile

import brian2
import matplotlib.pyplot as plt
import pytest
from brian2.devices.device import all_devices, previous_devices, reset_device
from brian2.utils.logger import BrianLogger

TARGETS = ("numpy", "cython", "cpp_standalone")

#: As a user has them, "-ffast-math" included, but for the optimisation: most of the time is compiling.
GCC_ARGUMENTS = (*brian2.prefs["codegen.cpp.extra_compile_args_gcc"], "-w", "-O0")


@pytest.fixture(scope="module", autouse=True)
def small_heap():
    """Leave what is there already out of the garbage collections with which Brian2 begins every run.

    That is what was imported, and what SymPy and Brian2 remember of earlier tests: half of the time of a test
    that makes several short runs.
    """
    gc.collect()
    gc.freeze()


def _clean(cython_cache):
    """Runtime device, NumPy target, the preferences of the tests, and a new magic scope."""
    previous_devices.clear()
    reset_device("runtime")
    for device in all_devices.values():
        device.reinit()
    brian2.prefs._restore()
    brian2.defaultclock.dt = 0.1 * brian2.ms
    # Not Brian2's reinit_devices(): it collects garbage (0.2 s per test) and starts the scopes again
    # from 0, so that what an earlier test left alive would join the next test's run().
    brian2.start_scope()
    brian2.prefs["codegen.target"] = "numpy"
    # A quarter of the time of a short run on NumPy; compiled targets have it, as users do.
    brian2.prefs["codegen.loop_invariant_optimisations"] = False
    brian2.prefs["codegen.runtime.cython.cache_dir"] = cython_cache
    brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = list(GCC_ARGUMENTS)
    brian2.prefs["devices.cpp_standalone.extra_make_args_unix"] = ["-j2"]
    BrianLogger._log_messages.clear()  # a warning given "once" is given once per test


@pytest.fixture(scope="session")
def cython_cache(request, tmp_path_factory):
    """One cache of Cython modules for all tests, kept between runs (``pytest --cache-clear``)."""
    cache = getattr(request.config, "cache", None)
    return str(cache.mkdir("cython") if cache else tmp_path_factory.mktemp("cython"))


@pytest.fixture(autouse=True)
def clean_brian2(cython_cache):
    """Give each test a clean Brian2, and leave no open figure."""
    _clean(cython_cache)
    yield
    _clean(cython_cache)
    plt.close("all")


@pytest.fixture
def on_target(cython_cache, tmp_path):
    """Choose where the following simulations run; without it, a test runs on NumPy.

    ``on_target(name, **options)``, with `name` one of ``'numpy'``, ``'cython'`` and
    ``'cpp_standalone'``, starts from a clean Brian2: create the objects and set ``defaultclock.dt``
    and preferences *after* the call. It may be called again in the same test; copy what you want
    to compare (``np.array(...)``) before you do, for the objects made so far are then dead.
    Nothing needs undoing at the end of the test.

    `options` go to `brian2.set_device`. For several runs in one standalone program write
    ``directory = on_target('cpp_standalone', build_on_run=False)`` and, after the runs,
    ``brian2.device.build(directory=directory)``.

    >>> @pytest.mark.parametrize('target', ['numpy', 'cython', 'cpp_standalone'])
    ... def test_something(on_target, target):
    ...     on_target(target)
    ...     G = NeuronGroup(...)
    ...     run(10*ms)
    """

    def choose(name, **options):
        if name not in TARGETS:
            raise ValueError(f"on_target: expected one of {', '.join(TARGETS)}, found {name!r}.")
        _clean(cython_cache)
        brian2.prefs["codegen.loop_invariant_optimisations"] = name != "numpy"
        if name != "cpp_standalone":
            brian2.prefs["codegen.target"] = name
            return None
        directory = tempfile.mkdtemp(dir=tmp_path, prefix="standalone-")
        brian2.set_device(name, directory=directory, **options)
        return directory

    return choose
