"""The conformance suite: what every model, shipped or a user's own, has to satisfy.

`check_model` says in words what is wrong with a part or a synapse. `checks_for` yields the same checks one by
one, for ``pytest.mark.parametrize``.
"""

import inspect
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from brian2.units.fundamentalunits import DimensionMismatchError

from brian2_nmda.conformance import (
    biology,
    declarations,
    invariants,
    movement,
    numerical,
    outside,
    physiology,
    schemes,
)
from brian2_nmda.conformance.reading import reads
from brian2_nmda.conformance.subject import NotApplicable, Subject
from brian2_nmda.symbolic.composition import SynapseModel
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.kinds import (
    Antagonist,
    Block,
    Calcium,
    ChannelBlocker,
    CoAgonist,
    Plasticity,
    Receptor,
)

__all__ = ["CheckResult", "check_model", "checks_for"]


@dataclass(frozen=True)
class CheckResult:
    """A check result says what one check found.

    Attributes
    ----------
    name : str
        Of the check, as `checks_for` yields it.
    passed : bool
        Whether nothing was found; also true of what was skipped.
    message : str
        The failures in words, one a line.
    skipped : str
        Why the check has nothing to say about this model.

    Examples
    --------
    >>> from brian2_nmda.conformance import CheckResult
    >>> print(CheckResult('current', True))
    current: passed
    """

    name: str
    passed: bool
    message: str = ""
    skipped: str = ""

    def __str__(self) -> str:
        state = "skipped" if self.skipped else "passed" if self.passed else "FAILED"
        text = self.skipped or self.message
        return f"{self.name}: {state}" + (f" ({text})" if self.skipped else f": {text}" if text else "")


def _has(kind: Any) -> Callable[[Subject], bool]:
    return lambda subject: bool(subject.of_kind(kind))


def _always(subject: Subject) -> bool:
    return True


def _in_synapse(subject: Subject) -> bool:
    return not subject.is_fragment


def _has_scheme(subject: Subject) -> bool:
    return any(p.template.reactions for p in subject.parts)


def _has_states(subject: Subject) -> bool:
    return any(p.template.states for p in subject.parts)


def _voltage_block(subject: Subject) -> bool:
    return any(reads(p, "v") or p.template.parameters for p in subject.of_kind(Block))


#: Name, what it applies to, and the check, in the order in which they are carried out.
SYMBOLIC: tuple[tuple[str, Callable[[Subject], bool], Callable[[Subject], Any]], ...] = (
    ("completeness", _always, declarations.completeness),
    ("names", _always, declarations.names),
    ("dimensions", _always, declarations.dimensions),
    ("provenance", _always, declarations.provenance),
    ("magnitude", _always, declarations.magnitude),
    ("reaction table", _has_scheme, schemes.reaction_table),
    ("connectivity", _has_scheme, schemes.connectivity),
    ("microscopic reversibility", _has_scheme, schemes.microscopic_reversibility),
    ("ligand balance", _has_scheme, schemes.ligand_balance),
    ("statistical factors", _has_scheme, physiology.statistical_factors),
    ("steady state", _has_states, schemes.steady_state),
    ("invariance", _always, invariants.invariance),
    ("moves", _has_states, movement.moves),
    ("comes back", _has_states, movement.comes_back),
    ("one spike", _has_states, movement.one_spike),
    ("singularities", _always, invariants.singularities),
    ("block", _voltage_block, biology.block),
    ("current", _has(Receptor), biology.current),
    ("counted once", _has(Receptor), physiology.counted_once),
    ("time scales", _has((Receptor, Calcium)), physiology.time_scales),
    ("calcium", _has(Calcium), biology.calcium),
    ("drug", _has((Antagonist, ChannelBlocker)), biology.drug),
    ("co-agonist", _has(CoAgonist), biology.coagonist),
)
NUMERICAL: tuple[tuple[str, Callable[[Subject], bool], Callable[..., Any]], ...] = (
    ("runs", _always, numerical.runs),
    ("trace", _in_synapse, numerical.trace),
    ("optimised form", _in_synapse, numerical.optimised_form),
    ("fixed point", _in_synapse, numerical.fixed_point),
    ("scaling", _in_synapse, numerical.scaling),
    ("time shift", _in_synapse, numerical.time_shift),
    ("transmitter", _has(Receptor), numerical.transmitter),
    ("plasticity", _has(Plasticity), numerical.plasticity),
)
TARGETS = ("numpy", "cython", "cpp_standalone")


class _Check:
    """One check of one model; calling it returns a `CheckResult` or raises `ModelError`."""

    def __init__(self, name: str, subject: Subject, find: Callable[[], Any]) -> None:
        self.name, self.subject, self._find = name, subject, find

    def result(self) -> CheckResult:
        """The result, without raising."""
        try:
            failures = list(self._find())
        except NotApplicable as reason:
            return CheckResult(self.name, True, skipped=str(reason))
        except Exception as error:  # whatever a wrong model provokes is a finding, not an accident
            while error.__cause__ is not None:  # Brian2 wraps what happens in a run
                error = error.__cause__
            failures = [f"{self.subject.name}: the check stopped: {type(error).__name__}: {error}"]
        return CheckResult(self.name, not failures, "\n".join(dict.fromkeys(failures)))

    def __call__(self) -> CheckResult:
        found = self.result()
        if not found.passed:
            raise ModelError(f"{self.subject.name} does not pass the check '{self.name}':\n{found.message}")
        return found


def checks_for(
    model: Any,
    *,
    reference: Callable[..., Mapping[str, float]] | None = None,
    table: Mapping[str, float] | None = None,
    targets: Iterable[str] = ("numpy",),
) -> Iterator[tuple[str, _Check]]:
    """Yield the checks that apply to a model, as ``(name, callable)``.

    Parameters
    ----------
    model, reference, table, targets
        As for `check_model`.

    Yields
    ------
    tuple
        A name, and a callable that returns a `CheckResult` or raises `ModelError`.

    Raises
    ------
    ModelError
        If there is no such target, or the model is none.

    Examples
    --------
    >>> from brian2_nmda import JahrStevens
    >>> from brian2_nmda.conformance import checks_for
    >>> dict(checks_for(JahrStevens))['block']().passed
    True
    """
    targets = tuple(targets)
    unknown = [t for t in targets if t not in TARGETS]
    if unknown:
        raise ModelError(
            f"check_model: unknown target '{unknown[0]}'; expected some of {', '.join(TARGETS)}."
        )
    subject = Subject(model)
    simulations = numerical.Simulations(subject)
    chosen: list[tuple[str, Callable[[], Any]]] = [
        (name, lambda check=check: check(subject)) for name, applies, check in SYMBOLIC if applies(subject)
    ]
    if reference is not None:
        chosen.append(("reference", lambda: outside.against_reference(subject, reference)))
    if table is not None:
        chosen.append(("parameter table", lambda: outside.against_table(subject, table)))
    if targets:
        chosen += [
            (name, lambda check=check: check(subject, simulations))
            for name, applies, check in NUMERICAL
            if applies(subject)
        ]
        chosen += [
            (f"agreement on {t}", lambda t=t: numerical.targets_agree(subject, simulations, t))
            for t in targets
            if t != "numpy" and not subject.is_fragment
        ]
    for name, find in chosen:
        yield name, _Check(name, subject, find)


def _made(make: Callable[[], Any]) -> tuple[Any, list[CheckResult]]:
    """The model that a function makes, or what refuses it, as the one check that fails."""
    try:
        return make(), []
    except (ModelError, DimensionMismatchError) as error:
        return None, [CheckResult("construction", False, str(error))]


def _reporter(report: str | None) -> Callable[[str], None]:
    """What prints the lines of a report."""
    if report is None:
        return lambda line: None
    if report not in ("text", "stdout", "stderr"):
        raise ModelError(f"check_model: report={report!r}; expected 'text', 'stdout', 'stderr' or None.")

    def say(line: str) -> None:  # the stream of now: notebooks and tests exchange it
        print(f"check_model: {line}", file=sys.stderr if report == "stderr" else sys.stdout, flush=True)

    return say


# Longer than 60 lines because of its documentation.
def check_model(
    model: Any,
    *,
    reference: Callable[..., Mapping[str, float]] | None = None,
    table: Mapping[str, float] | None = None,
    targets: Iterable[str] = ("numpy",),
    expected_failures: Mapping[str, str] | None = None,
    raise_: bool = True,
    report: str | None = None,
) -> list[CheckResult]:
    """Check a model: its equations, its numbers, and what Brian2 makes of them.

    It takes seconds without simulations, and one to several minutes with them.

    Parameters
    ----------
    model : Part, Part class, GlutamateSynapse, or a function that makes one
        A bare part is put into the smallest synapse in which it does its work, where one is needed. What
        refuses the model while a function without arguments makes it is reported as the check
        ``'construction'``.
    reference : callable, optional
        An independent statement of the equations of a part: ``reference(states, inputs, parameters)``, three
        mappings of names to floats (SI), returns the rate (per second) of each state by its name, and
        optionally provided expressions (``'block'``) and jumps (``'x at a spike'``).
    table : mapping of str to float, optional
        The values that the parameters should have, in SI units.
    targets : tuple of str
        Code generation targets: ``'numpy'``, ``'cython'``, ``'cpp_standalone'``. Those beyond NumPy are
        compared with it. Call from the runtime device. ``()`` leaves out all simulations.
    expected_failures : mapping of str to str, optional
        Names of checks that fail, with the reason. A check that then passes is a failure.
    raise_ : bool
        Whether to raise if a check fails.
    report : {'text', 'stdout', 'stderr'}, optional
        Where to print a line when a check begins and how long all took, as for Brian2's `run`: ``'text'`` is
        ``'stdout'``. By default nothing is printed.

    Returns
    -------
    list of CheckResult

    Raises
    ------
    ModelError
        Which checks fail, on which variable, what was expected and found, and what to do.

    Examples
    --------
    >>> from brian2_nmda import AMPA
    >>> from brian2_nmda.conformance import check_model
    >>> print(check_model(AMPA, targets=())[0])
    completeness: passed
    """
    if inspect.isfunction(model):
        made, refused = _made(model)
        if refused and raise_:
            raise ModelError(f"check_model: the model cannot be made.\n{refused[0]}")
        if refused:
            return refused
        model = made
    expected = dict(expected_failures or {})
    results, broken = [], False
    checks = list(checks_for(model, reference=reference, table=table, targets=targets))
    unknown = [n for n in expected if n not in dict(checks)]
    if unknown:
        raise ModelError(
            f"check_model: there is no check '{unknown[0]}' of this model; it has {', '.join(dict(checks))}."
        )
    numerical_names = {n for n, _, _ in NUMERICAL} | {f"agreement on {t}" for t in TARGETS}
    say, start = _reporter(report), time.perf_counter()
    for k, (name, check) in enumerate(checks):
        say(f"{k + 1} of {len(checks)} checks: {name} ({time.perf_counter() - start:.0f} s)")
        if broken and name in numerical_names:
            results.append(CheckResult(name, True, skipped="the model does not run"))
            continue
        found = check.result()
        broken = broken or (name == "runs" and not found.passed)
        if name in expected:
            if found.passed:
                message = f"expected to fail ({expected[name]}), but it passes; remove the exception."
                found = CheckResult(name, False, message)
            else:
                found = CheckResult(name, True, found.message, skipped=f"expected to fail: {expected[name]}")
        results.append(found)
    failed = [r for r in results if not r.passed]
    say(f"{len(results)} checks, {len(failed)} failed, in {time.perf_counter() - start:.1f} s")
    if failed and raise_:
        where = model.name if isinstance(model, SynapseModel) else Subject(model).name
        raise ModelError(
            f"{where} fails {len(failed)} of {len(results)} checks.\n" + "\n".join(map(str, failed))
        )
    return results
