"""The examples and the README's code run as they are and leave their figures."""

import re
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from brian2 import Quantity

ROOT = Path(__file__).parents[1]
# The tetanus takes more than a minute; tests/test_ltp.py runs what it calls. rodrigues_2023 takes an hour;
# tests/test_rodrigues_experiments.py runs parts of it.
LONG = ("frequency_curve", "early_and_late_ltp", "eight_hours", "textbook_protocols")
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


#: Of a hand-written C++ program, in steps of 0.2 ms: percent, without and with depression.
ONE_RULE = {
    "tetanus": (46.9, 48.7),
    "theta burst": (41.0, 27.6),
    "1 Hz": (-21.2, -17.0),
    "3 Hz": (-27.6, -28.2),
    "10 Hz": (42.9, -11.7),
    "20 Hz": (42.1, 43.4),
    "50 Hz": (39.2, 41.7),
    "30 min of tests": (0.0, -0.3),
}


@pytest.mark.slow
def test_one_rule_through_the_protocols(tmp_path, monkeypatch):
    """The bars of the demo's rule, with and without depression; and the figures of another program."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["frequency_curve.py"])
    found = runpy.run_path(str(ROOT / "examples/frequency_curve.py"), run_name="__main__")
    for k, change in enumerate(found["change"].values()):
        assert 30 < change["tetanus"] < 70
        assert change["theta burst"] > 20
        assert -30 < change["1 Hz"] < -10
        assert abs(change["30 min of tests"]) < 0.5
        assert abs(change["in D-AP5"]) < 0.2  # 2.7 of 34 uM of calcium are left
        assert abs(change["clamped"]) < 0.5
        assert min(change, key=change.get) in ("1 Hz", "2 Hz", "3 Hz", "5 Hz")
        assert change["5 Hz"] < change["6 Hz"] < 0 < change["15 Hz"]  # it crosses between 6 and 15 Hz
        assert 20 < change["50 Hz"] < 0.8 * 57  # of the 57 % for which there are places
        for name, percent in ONE_RULE.items():
            assert abs(change[name] - percent[k]) < 1.5, name


def test_readme(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert len(blocks) == 1
    script = tmp_path / "readme.py"
    script.write_text("\n".join(blocks))
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(script), run_name="__main__")
    assert float(names["neuron"].g_total_NMDA[0]) > 0
    assert "presynaptic neuron" in capsys.readouterr().out


def test_readme_is_short_and_its_links_lead_somewhere():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 120
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_table_names_models_that_exist():
    """The table of models has no stale name; `brian2-nmda models` lists all that there are."""
    import brian2_nmda.equations

    text = (ROOT / "docs/models.md").read_text()
    table = text[text.index("| part | what it is |") :].split("\n\n")[0]
    named = re.findall(r"`([A-Z][A-Za-z0-9]+)`", table)
    assert len(named) > 30
    assert set(named) <= set(brian2_nmda.equations.__all__)
