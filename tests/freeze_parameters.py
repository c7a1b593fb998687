"""Freeze the numbers of the library: ``python tests/freeze_parameters.py`` prints what changed and writes
``tests/golden/parameters.json`` (model, then parameter, in SI units).

Run it only after each changed number has been checked against its source.
"""

import json
from pathlib import Path

import numpy as np

import brian2_nmda.equations as library
from brian2_nmda.symbolic.part import Part

TABLE = Path(__file__).with_name("golden") / "parameters.json"


def shipped():
    """Every model of the library, presets included, by name."""
    found = {}
    for name in library.__all__:
        cls = getattr(library, name)
        if isinstance(cls, type) and issubclass(cls, Part):
            found[name] = cls()
            found.update({f"{name}: {preset}": cls.preset(preset) for preset in cls.presets})
    return found


def values(parts):
    """SI values by model and parameter."""
    return {
        name: {n: float(np.asarray(p.value)) for n, p in part.template.parameters.items()}
        for name, part in parts.items()
    }


def differences(old, new):
    """Lines that say what changed."""
    for name in sorted({*old, *new}):
        before, after = old.get(name, {}), new.get(name, {})
        for n in sorted({*before, *after}):
            if before.get(n) != after.get(n):
                yield f"{name}: {n}: {before.get(n, 'absent')} -> {after.get(n, 'absent')}"


if __name__ == "__main__":
    new = values(shipped())
    old = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    for line in differences(old, new):
        print(line)
    TABLE.write_text(json.dumps(new, indent=1, sort_keys=True) + "\n")
