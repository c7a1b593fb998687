"""The examples and the README's code run as they are and leave their figures."""

import re
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from brian2 import Quantity

ROOT = Path(__file__).parents[1]
# The tetanus takes more than a minute; tests/test_ltp.py runs what it calls. Rodrigues et al. takes hours.
LONG = ("frequency_curve", "early_and_late_ltp")
EXAMPLES = [
    pytest.param(p, marks=[pytest.mark.slow] if p.stem in LONG else [], id=p.stem)
    for p in sorted((ROOT / "examples").glob("*.py"))
    if p.stem not in ("tetanus_ltp", "rodrigues_2023")
]


@pytest.mark.parametrize("script", EXAMPLES)
def test_example(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / f"{script.stem}.png").stat().st_size > 5000
    for axes in plt.gcf().axes:
        assert axes.get_ylabel()
        assert axes.lines
        for line in axes.lines:
            assert not isinstance(line.get_ydata(), Quantity), "plotted with units"


@pytest.mark.slow
def test_one_rule_through_the_protocols(tmp_path, monkeypatch):
    """A program written by hand in C++ gave -14.2 (1 Hz), -27.5, 5.7 (10 Hz), 40.6, 60.9, 27.0, -0.4 %."""
    monkeypatch.chdir(tmp_path)
    change = runpy.run_path(str(ROOT / "examples/frequency_curve.py"), run_name="__main__")["change"]
    assert 30 < change["tetanus"] < 70
    assert change["theta burst"] > 20
    assert -30 < change["1 Hz"] < -10
    assert abs(change["30 min of tests"]) < 0.5
    trough = min(change, key=change.get)
    assert trough in ("1 Hz", "2 Hz", "3 Hz", "5 Hz")
    assert change["5 Hz"] < change["7 Hz"] < 0 < change["15 Hz"]  # it crosses between 7 and 15 Hz
    assert 20 < change["50 Hz"] < 90


def test_readme(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert len(blocks) >= 2
    script = tmp_path / "readme.py"
    script.write_text("\n".join(blocks))
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(script), run_name="__main__")
    assert float(names["neuron"].g_total_NMDA[0]) > 0
    assert "presynaptic neuron" in capsys.readouterr().out


def test_readme_names_models_that_exist():
    """The table of models has no stale name; `brian2-nmda models` lists all that there are."""
    import brian2_nmda.equations

    text = (ROOT / "README.md").read_text()
    table = text[text.index("| part | what it is |") :].split("\n\n")[0]
    named = re.findall(r"`([A-Z][A-Za-z0-9]+)`", table)
    assert len(named) > 30
    assert set(named) <= set(brian2_nmda.equations.__all__)
