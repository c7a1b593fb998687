"""What is run: the programs of each workload, and the ratios that are asked of them."""

from dataclasses import dataclass, field

FULL, QUICK = 2000, 500


@dataclass(frozen=True)
class Program:
    """One row of the table.

    Parameters
    ----------
    name, group : str
        ``group`` is what a bar names: the fastest of its programs counts.
    function : str
        ``module.function`` of the program.
    peer : str or None
        Environment of `peers`; None is this Python.
    arguments : dict
        Of the function, beside those of the network.
    network : dict
        Arguments of `network.Network`.
    """

    name: str
    group: str
    function: str
    network: dict
    arguments: dict = field(default_factory=dict)
    peer: str | None = None
    threads: int = 1
    dtype: str = "float64"


@dataclass(frozen=True)
class Workload:
    """Programs that compute the same, and how many times slower than ours each group must be.

    ``solution`` names what they are compared with, see `solutions`.
    """

    title: str
    programs: list[Program]
    bars: dict[str, float]
    solution: str
    accuracy: float | None = None  # of the total conductance, of its peak
    total: float | None = None  # seconds with the build
    builds: dict[str, float] = field(default_factory=dict)  # as ``bars``, of the times to build


def _ours(network: dict, name: str = "ours", group: str = "ours", threads: int = 1, **arguments) -> Program:
    function = "brian_programs.ours"
    return Program(name, group, function, network, {**arguments, "threads": threads}, None, threads)


def _hand(network: dict, name: str, group: str, function: str, **arguments) -> Program:
    return Program(name, group, f"brian_programs.{function}", network, arguments)


def _brainpy(network: dict, matrix: str, dtype: str, threads: int) -> Program:
    arguments = {"matrix": matrix, "dtype": dtype, "threads": threads}
    function = "brainpy_programs.bionmda"
    return Program(f"BrainPy, {matrix}", "BrainPy", function, network, arguments, "brainpy", threads, dtype)


def _neuron(network: dict, receptor: str) -> Program:
    function = "neuron_programs.point_processes"
    return Program("NEURON, per synapse", "NEURON", function, network, {"receptor": receptor}, "neuron")


def _hand_written(few: dict, many: dict) -> list[Program]:
    return [
        _hand(few, "naive, rk4", "naive", "naive", method="rk4"),
        _hand(few, "naive, exponential_euler", "naive, usual", "naive"),
        _hand(many, "expert, align-pre", "expert", "expert"),
    ]


def all_to_all(quick: bool) -> Workload:
    n = QUICK if quick else FULL
    whole, part = {"n": n, "seconds": 1.0}, {"n": n, "seconds": 0.1}
    few = {"n": 200 if quick else 500, "seconds": 0.1}
    programs = [_ours(whole)]
    programs += [_brainpy(whole, "dense", "float32", t) for t in (1, 2)]
    if not quick:
        programs.insert(1, _ours(whole, "ours, OpenMP", threads=2))
        programs += [_brainpy(whole, "dense", "float64", t) for t in (1, 2)]
        programs.append(_ours(part, "ours, exact plan", "ours, exact", plan="exact"))
        programs.append(_ours(whole, "ours, Cython", "ours, Cython", target="cython"))
    programs += _hand_written(few, part)
    programs.append(_neuron({"n": 100, "seconds": 0.1}, "BioNMDA"))
    bars = {"BrainPy": 6, "naive": 1000, "naive, usual": 1000, "expert": 40}
    return Workload("W1: BioNMDA and block, all-to-all", programs, bars, "bionmda", 1e-6)


def sparse(quick: bool) -> Workload:
    n = QUICK if quick else FULL
    whole, part = {"n": n, "seconds": 1.0, "p": 0.1}, {"n": n, "seconds": 0.1, "p": 0.1}
    programs = [_ours(whole)]
    if not quick:
        programs.append(_ours(whole, "ours, OpenMP", threads=2))
    programs.append(_ours({**whole, "p": 0}, "ours, gates and neurons alone", "ours, no synapses"))
    programs += [_brainpy(whole, m, "float32", t) for m in ("dense", "csr") for t in (1, 2)]
    if quick:
        programs.append(_hand(part, "naive, rk4", "naive", "naive", method="rk4"))
    else:
        programs += [_brainpy(whole, m, "float64", 2) for m in ("dense", "csr")]
        programs += _hand_written(part, part)
    return Workload(
        "W2: as W1, p = 0.1", programs, {"BrainPy": 8, "naive": 200, "naive, usual": 200}, "bionmda", 1e-6
    )


def delays(quick: bool) -> Workload:
    network = {"n": QUICK if quick else FULL, "seconds": 0.1 if quick else 0.2, "p": 0.1, "delays": True}
    programs = [_ours(network), _hand(network, "naive, rk4", "naive", "naive", method="rk4")]
    if not quick:
        programs.append(_hand(network, "naive, exponential_euler", "naive, usual", "naive"))
    title = "W3: as W2, a delay of 0.5 to 5 ms for each synapse"
    return Workload(title, programs, {"naive": 10, "naive, usual": 10}, "bionmda", 1e-6)


def decision(quick: bool) -> Workload:
    ours, network = "decision.ours", {"seconds": 0.5 if quick else 4.0}
    programs = [
        Program("ours", "ours", ours, network),
        Program("Brian2's example", "Brian2's example", "decision.brian_public", network),
        Program("NEST's example", "NEST", "decision.nest_public", network, {}, "nest"),
    ]
    if not quick:
        programs.insert(1, Program("ours, shared weights", "ours", ours, network, {"shared": True}))
    bars = {"Brian2's example": 1 / 1.2, "NEST": 8}
    title = "W4: decision network of Wang (2002), 2000 neurons"
    return Workload(title, programs, bars, "decision", builds={"Brian2's example": 1})


def plasticity_curve(quick: bool) -> Workload:
    size = {"points": 9, "synapses": 100, "pairings": 10} if quick else {"points": 41, "synapses": 2000}
    program = Program("ours", "ours", "brian_programs.graupner_brunel", {}, size)
    return Workload("W5: Graupner-Brunel 2012, curve of STDP", [program], {}, "graupner_brunel", total=60)


def calcium(quick: bool) -> Workload:
    network = {"n": 300 if quick else 1000, "seconds": 0.1 if quick else 0.2, "p": 0.1}
    programs = [
        Program("ours", "ours", "brian_programs.spine_ours", network),
        Program("naive, euler", "naive", "brian_programs.spine_naive", network),
        Program("expert", "expert", "brian_programs.spine_expert", network),
    ]
    return Workload(
        "W6: calcium and plasticity on each synapse", programs, {"naive": 4, "expert": 1}, "spine"
    )


def calcium_at_spikes(quick: bool) -> Workload:
    network = {"n": 300 if quick else 1000, "seconds": 0.1 if quick else 0.5, "p": 0.1}
    function = "brian_programs.spine_at_spikes"
    programs = [
        Program("ours, in blocks", "ours", function, network, {"optimize": "blocks"}),
        Program("ours, step by step", "ours, steps", function, network),
    ]
    title = "W6b: as W6, a spike opens what it finds inserted"
    return Workload(title, programs, {"ours, steps": 9.7}, "spine_at_spikes")


def smooth_rule(quick: bool) -> Workload:
    network = {"n": 300 if quick else 1000, "seconds": 0.1 if quick else 0.2, "p": 0.1}
    function = "shouval_programs.ours"
    programs = [
        Program("ours, in blocks", "ours", function, network, {"optimize": "blocks"}),
        Program("ours, step by step", "ours, steps", function, network),
        Program("expert", "expert", "shouval_programs.expert", network),
    ]
    title = "W6c: calcium and the rule of Shouval (2002) on each synapse"
    return Workload(title, programs, {"expert": 8}, "shouval")


def five_states(quick: bool) -> Workload:
    receptor = "five states"
    ours = _ours({"n": 300 if quick else 1000, "seconds": 0.5}, receptor=receptor)
    programs = [ours, _neuron({"n": 50 if quick else 100, "seconds": 0.1}, receptor)]
    return Workload("W7a: five-state scheme, all-to-all", programs, {"NEURON": 20}, "five_states", 1e-6)


def ten_states(quick: bool) -> Workload:
    network = {"n": 50 if quick else 100, "seconds": 0.1}
    programs = [_ours(network, receptor="Kampa"), _neuron(network, "Kampa")]
    return Workload("W7b: Kampa's ten states, on each synapse", programs, {"NEURON": 30}, "ten_states")


WORKLOADS = {
    "W1": all_to_all,
    "W2": sparse,
    "W3": delays,
    "W4": decision,
    "W5": plasticity_curve,
    "W6": calcium,
    "W6b": calcium_at_spikes,
    "W6c": smooth_rule,
    "W7a": five_states,
    "W7b": ten_states,
}
