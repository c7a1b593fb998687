"""An experiment: one model through several protocols side by side, in one group and one binary."""

import math
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import Quantity, mM, ms, nS, second, siemens, volt

from brian2_nmda.equations import (
    AMPA,
    DAP5,
    AutonomousEnzymes,
    BioNMDA,
    CalciumIntegrator,
    RelativeInsertion,
    SpineCalcium,
)
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.apparatus import Apparatus
from brian2_nmda.protocols.data import Protocol, in_unit, positive
from brian2_nmda.protocols.devices import check_directory, simulation
from brian2_nmda.protocols.neuron import Neuron, demo_neuron
from brian2_nmda.protocols.result import SLOPE_INTERVAL, Result
from brian2_nmda.protocols.timeline import Timeline
from brian2_nmda.protocols.weights import Weight, weight_of
from brian2_nmda.symbolic.errors import ModelError

FIBRES = 28  # of a pathway: a test EPSP of 7.9 mV; the rule was fitted to this stimulus


def demo_model() -> GlutamateSynapse:
    """Make the synapse of the experiments: one rule for all protocols, and D-AP5 at zero concentration.

    AMPA and NMDA receptors, spine calcium with its integrator, a kinase and a phosphatase that insert and
    remove AMPA receptors (`AutonomousEnzymes`, `RelativeInsertion`); as in ``examples/frequency_curve.py``.

    Examples
    --------
    >>> from brian2_nmda.protocols import demo_model
    >>> [r.label for r in demo_model().receptors]
    ['AMPA', 'NMDA']
    """
    return GlutamateSynapse(
        [AMPA(gmax=0.5 * nS), BioNMDA(gmax=0.29 * nS, antagonist=DAP5(conc=0 * mM))],
        calcium=SpineCalcium(integrator=CalciumIntegrator(tau=12 * second)),
        plasticity=RelativeInsertion.preset("autonomous kinase"),
        parts=AutonomousEnzymes(),
    )


class Experiment:
    """Run baseline, induction and follow-up of one or several protocols, side by side.

    Each condition has a neuron of its own, on which the pathways converge. All pathways are tested by single
    pulses in turn, except around the induction.

    Parameters
    ----------
    conditions : Protocol, list of Protocol, or mapping of str to Protocol
        What is done, one neuron each; a mapping also names them.
    model : GlutamateSynapse, optional
        By default `demo_model`.
    neuron : Neuron, optional
        By default `demo_neuron`.
    pathways : mapping of str to float, optional
        The number of identical fibres of each, by default 28 in A and in B. A protocol may state another
        (`Protocol.with_fibres`).
    baseline, follow_up : Quantity
        Duration of the test pulses before the induction, and after the longest one.
    test_period : Quantity
        Between two tests of a pathway.
    settling : Quantity
        Without tests beside an induction.
    weight : str, optional
        The state that is recorded as weight, or a definition that reads states alone; by default that of the
        model's rule of plasticity.
    inhibition : Quantity, optional
        Conductance by which each fibre also inhibits the neuron, 2 ms later; by default none.
    window : Quantity
        Recorded before and after each test pulse, two times.
    dt : Quantity
        Time step of all.
    rest_step : Quantity, optional
        For hours: a longer time step, a multiple of ``dt``, for all phases without a spike. Neurons stand
        still in these, and conductances are stepped, not sent at spikes. What decays is exact; what follows
        calcium is of first order in the step while calcium changes. With `UnsaturatedEnzymes` and 10 ms
        instead of 0.25 ms the number of receptors differs by 6e-5 after a tetanus; compare with a shorter.
    rest_after : Quantity
        How long ``dt`` goes on after a spike: until receptors have closed. The longer, the smaller the error
        of `rest_step` (10 s: 3e-6 in the same case).

    Raises
    ------
    ModelError
        If protocols, model and neuron do not fit together; nothing has been simulated then.

    Examples
    --------
    >>> from brian2_nmda.protocols import Experiment, theta_burst
    >>> result = Experiment(theta_burst()).run()  # doctest: +SKIP
    >>> print(result.table())  # doctest: +SKIP
    """

    def __init__(
        self,
        conditions: Protocol | Iterable[Protocol] | Mapping[str, Protocol],
        model: GlutamateSynapse | None = None,
        *,
        neuron: Neuron | None = None,
        pathways: Mapping[str, float] | None = None,
        baseline: Quantity = 300 * second,
        follow_up: Quantity = 600 * second,
        test_period: Quantity = 10 * second,
        settling: Quantity = 3 * second,
        weight: str | None = None,
        inhibition: Quantity | None = None,
        window: Quantity = (2, 30) * ms,
        dt: Quantity = 0.1 * ms,
        rest_step: Quantity | None = None,
        rest_after: Quantity = 2 * second,
    ) -> None:
        self.conditions = _named(conditions)
        self.model = demo_model() if model is None else model
        self.neuron = demo_neuron() if neuron is None else neuron
        self.pathways = dict({"A": FIBRES, "B": FIBRES} if pathways is None else pathways)
        if not self.pathways or not all(math.isfinite(n) and n > 0 for n in self.pathways.values()):
            raise ModelError(f"pathways need a positive number of fibres each; found {self.pathways}.")
        self.dt = positive(dt, second, "dt") * second
        before, after = (positive(x, second, "window") for x in window)
        if after <= float(SLOPE_INTERVAL):
            raise ModelError(f"window has to reach {SLOPE_INTERVAL} after the pulse, for the slope.")
        self.timeline = Timeline(
            self.conditions,
            tuple(self.pathways),
            in_unit(baseline, second, "baseline", 0),
            in_unit(follow_up, second, "follow_up", 0),
            positive(test_period, second, "test_period"),
            in_unit(settling, second, "settling", 0),
            (-before, after),
            float(self.dt),
            None if rest_step is None else positive(rest_step, second, "rest_step"),
            positive(rest_after, second, "rest_after"),
        )
        self.weight = weight_of(self.model) if weight is None else weight
        self._weight = None if self.weight is None else Weight(self.model, self.weight)
        self.inhibition = inhibition
        if inhibition is not None:
            in_unit(inhibition, siemens, "inhibition", 0)

    def _fibres(self) -> np.ndarray:
        rows = []
        for protocol in self.conditions.values():
            own = dict(protocol.fibres)
            unknown = sorted(set(own) - set(self.pathways))
            if unknown:
                raise ModelError(f"{protocol.name} states fibres of '{unknown[0]}', which is no pathway.")
            rows.append([float(own.get(p, n)) for p, n in self.pathways.items()])
        return np.array(rows)

    def _apparatus(self) -> Apparatus:
        fibres = self._fibres()
        return Apparatus(self.model, self.neuron, self.timeline, fibres, self._weight, self.inhibition)

    def run(self, target: str = "cpp_standalone", report: bool = False) -> Result:
        """Simulate all conditions.

        Parameters
        ----------
        target : {'cpp_standalone', 'cython', 'numpy'}
            C++ takes 3 to 15 s to compile and is then some hundred times faster than the others: take these
            for experiments of a few seconds.
        report : bool
            Print progress to standard error.

        Raises
        ------
        ModelError
            If there is no compiler, or a standalone device is in use.
        """
        with simulation(target, self.dt) as (device, directory):
            begin = time.perf_counter()
            apparatus = self._apparatus()
            if target != "cpp_standalone":
                apparatus.run(report)
                return self._result(apparatus, 0.0, time.perf_counter() - begin)
            apparatus.run(report)
            if report:
                print("Compiling, which takes 3 to 15 s ...", file=sys.stderr, flush=True)
            device.build(directory=directory, run=False, with_output=False)
            built = time.perf_counter()
            device.run(with_output=report)
            return self._result(apparatus, built - begin, time.perf_counter() - built)

    def build(self, directory: str | Path, make: bool = True) -> Path:
        """Write the experiment as a C++ project that needs no Python, and compile it; do not run it.

        Parameters
        ----------
        directory : str or Path
            A new or empty folder.
        make : bool
            Whether to compile it.

        Returns
        -------
        Path
            The folder; ``main`` in it runs the simulation and writes the recordings to ``results``.
        """
        path = check_directory(directory)
        with simulation("cpp_standalone", self.dt, path) as (device, where):
            self._apparatus().run(True)
            device.build(directory=where, compile=make, run=False, with_output=False)
        return path

    def _result(self, apparatus: Apparatus, build_time: float, run_time: float) -> Result:
        line, C, P = self.timeline, len(self.conditions), len(self.pathways)
        length = line.steps(line.window[1] - line.window[0])

        def by_pathway(values: Any, unit: Any) -> Quantity:
            values = np.array(values)  # a copy: Brian2's own array is gone, or another's, once the network is
            return Quantity(values.reshape(C, P, *values.shape[1:]), dim=unit)

        weight = weight_time = None
        if self._weight is not None and self.weight is not None:
            synapses, recorded = apparatus.synapses, apparatus.weights
            states = {
                n: np.column_stack([np.asarray(getattr(recorded, n)), np.asarray(getattr(synapses, n)[:])])
                for n in self._weight.states
            }
            weight = by_pathway(self._weight.values(states), self.model.system.dimensions()[self.weight])
            weight_time = np.append(np.asarray(recorded.t), line.end) * second
        peak = by_pathway(apparatus.synapses.peak_Ca[:], mM.dim) if "Ca" in self.model.system.states else None
        times, neurons = np.array(apparatus.spikes.t / second), np.array(apparatus.spikes.i)
        return Result(
            conditions=tuple(self.conditions),
            pathways=tuple(self.pathways),
            protocols=tuple(self.conditions.values()),
            start=line.baseline * second,
            end=line.end * second,
            test_time=line.tests * second,
            epsp_time=(np.arange(length) * line.dt + line.window[0]) * second,
            epsp=apparatus.epsp() * volt,
            weight_name=self.weight,
            weight_time=weight_time,
            weight=weight,
            peak_Ca=peak,
            spikes=tuple(times[neurons == c] * second for c in range(C)),
            build_time=build_time,
            run_time=run_time,
        )


def _named(conditions: Any) -> dict[str, Protocol]:
    if isinstance(conditions, Protocol):
        conditions = [conditions]
    if not isinstance(conditions, Mapping):
        listed = list(conditions)
        names = [getattr(p, "name", None) for p in listed]
        if len(set(names)) != len(names):
            raise ModelError(
                f"conditions need names of their own; found {', '.join(map(str, names))}. Give a dict: "
                "Experiment({'control': ..., 'in D-AP5': ...}, ...)."
            )
        conditions = dict(zip(names, listed, strict=True))
    if not conditions:
        raise ModelError("an experiment needs at least one protocol.")
    for name, protocol in conditions.items():
        if not isinstance(protocol, Protocol):
            raise ModelError(f"condition '{name}' is no protocol: {protocol!r}.")
    return dict(conditions)
