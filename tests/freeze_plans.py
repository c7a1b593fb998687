"""Freeze the plans of the library: ``python tests/freeze_plans.py`` prints what changed and writes
``tests/golden/plans.json`` (lines once, and for each model and declaration the numbers of its lines).

A plan that changes without being meant to is a mistake: give the reason in the commit that writes the file.
"""

import json
import math
import re
from pathlib import Path

import brian2_nmda.equations as lib
from brian2_nmda import GlutamateSynapse
from brian2_nmda.conformance.subject import synapse_for
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.plan import make_plan
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.kinds import NeuronFragment
from brian2_nmda.symbolic.part import Part

TABLE = Path(__file__).with_name("golden") / "plans.json"
DT = 1e-4

DECLARATIONS = {
    "default": Declarations(tolerance=1e-6),
    "stepped": Declarations(),
    "naive": Declarations(optimize=False, tolerance=1e-6),
    "own delays": Declarations(delay="per_synapse", tolerance=1e-6),
    "one weight": Declarations(w="shared", tolerance=1e-6),
    "constant weights": Declarations(w="constant", tolerance=1e-6),
    "constant weights, own delays": Declarations(w="constant", delay="per_synapse", tolerance=1e-6),
    "at spikes": Declarations(w="constant", efficacy="at_spikes", tolerance=1e-6),
    "other steps": Declarations(tolerance=1e-6, same_steps=False),
    "a method": Declarations(tolerance=1e-6, method="brainpy_dyn"),
}


def models():
    """A synapse for each model and preset, and some that combine them."""
    found = {}
    for name in lib.__all__:
        cls = getattr(lib, name)
        if isinstance(cls, type) and issubclass(cls, Part) and not issubclass(cls, NeuronFragment):
            found[name] = synapse_for(cls())
            found.update({f"{name}: {preset}": synapse_for(cls.preset(preset)) for preset in cls.presets})
    found["tetanus"] = GlutamateSynapse(
        [lib.AMPA(), lib.BioNMDA()], calcium=lib.SpineCalcium(), plasticity=lib.ReceptorInsertion()
    )
    found["coincidence"] = GlutamateSynapse(
        [lib.TwoExponentialAMPA(), lib.BioNMDA(block=lib.Woodhull())],
        calcium=lib.FractionOfCurrent(),
        plasticity=lib.CoincidenceInsertion(),
    )
    found["two rules"] = GlutamateSynapse(
        lib.TwoExponentialAMPA(), plasticity=[lib.TripletSTDP(), lib.SynapticScaling()]
    )
    found["thresholds on two exponentials"] = GlutamateSynapse(
        lib.TwoExponentialAMPA(), plasticity=lib.GraupnerBrunel()
    )
    found["depressing"] = GlutamateSynapse([lib.AMPA(), lib.BioNMDA()], release=lib.TsodyksMarkram())
    found["drugs"] = GlutamateSynapse(
        [
            lib.BioNMDA(label="A", blocker=lib.Memantine(), coagonist=lib.SlowGlycineSite()),
            lib.WangNMDA(label="B", blocker=lib.Ketamine(), antagonist=lib.DAP5()),
        ]
    )
    return found


def lines(model, declarations):
    """The table of a plan, a line for each variable; or why there is none."""
    try:
        plan = make_plan(model.system, declarations, DT)
    except ModelError as error:
        return [f"refused: {error}"]
    return [_FITTED.sub(_decade, " | ".join(row.values())) for row in plan.table]


#: The bound of fitted exponentials; its digits depend on the linear algebra of the machine.
_FITTED = re.compile(r"(\S+) (?=\(open fraction\))")


def _decade(bound):
    return f"below 1e{math.ceil(math.log10(float(bound[1])))} "


def tables():
    """Lines by ``model; declaration``."""
    return {
        f"{name}; {declared}": lines(model, d)
        for name, model in models().items()
        for declared, d in DECLARATIONS.items()
    }


def load():
    """The frozen tables."""
    stored = json.loads(TABLE.read_text())
    return {name: [stored["lines"][k] for k in numbers] for name, numbers in stored["tables"].items()}


def differences(old, new):
    """Lines that say what changed."""
    for name in sorted({*old, *new}):
        before, after = old.get(name, []), new.get(name, [])
        yield from (f"{name}: - {line}" for line in before if line not in after)
        yield from (f"{name}: + {line}" for line in after if line not in before)
        if sorted(before) == sorted(after) and before != after:
            yield f"{name}: other order"


if __name__ == "__main__":
    new = tables()
    for line in differences(load() if TABLE.exists() else {}, new):
        print(line)
    known = sorted({line for table in new.values() for line in table})
    number = {line: k for k, line in enumerate(known)}
    stored = {"lines": known, "tables": {n: [number[x] for x in table] for n, table in new.items()}}
    rows = [f" {json.dumps(n)}: {json.dumps(numbers)}" for n, numbers in stored["tables"].items()]
    text = f'{{"lines": {json.dumps(known, indent=1)},\n"tables": {{\n' + ",\n".join(rows) + "\n}}\n"
    TABLE.write_text(text)
