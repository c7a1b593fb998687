"""Every plan of the library is as frozen in ``golden/plans.json``; see `freeze_plans.py`."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

frozen = SimpleNamespace(**run_path(str(Path(__file__).with_name("freeze_plans.py"))))
TABLES = frozen.load()
MODELS = frozen.models()


def differences(declared):
    """What changed in the tables of all models for these declarations."""
    suffix = f"; {declared}"
    old = {n: table for n, table in TABLES.items() if n.endswith(suffix)}
    new = {n + suffix: frozen.lines(m, frozen.DECLARATIONS[declared]) for n, m in MODELS.items()}
    return list(frozen.differences(old, new))


QUICK = ["default", "constant weights"]


@pytest.mark.parametrize("declared", QUICK)
def test_plans(declared):
    assert differences(declared) == []


@pytest.mark.slow
@pytest.mark.parametrize("declared", [d for d in frozen.DECLARATIONS if d not in QUICK])
def test_other_plans(declared):
    assert differences(declared) == []
