"""The examples and the README's code run as they are and leave their figures."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import Quantity

ROOT = Path(__file__).parents[1]
# Each of those left out has a test of its own: tetanus_ltp in tests/test_ltp.py, network_in_neuron below,
# rodrigues_2023, which takes an hour, in tests/test_rodrigues_experiments.py.
LONG = ("brunel_wang", "frequency_curve", "early_and_late_ltp", "eight_hours", "textbook_protocols", "sweep")
EXAMPLES = [
    pytest.param(p, marks=[pytest.mark.slow] if p.stem in LONG else [], id=p.stem)
    for p in sorted((ROOT / "examples").glob("*.py"))
    if p.stem not in ("tetanus_ltp", "network_in_neuron", "rodrigues_2023")
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
def test_a_project_runs_without_python(tmp_path, monkeypatch):
    """Its folder is copied, compiled and run as its text says, with nothing of Python on the path."""
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(ROOT / "examples/standalone_project.py"), run_name="__main__")
    there = tmp_path / "given"
    source = Path(names["directory"])
    shutil.copytree(source, there, ignore=shutil.ignore_patterns("*.o", "main", "results", "*.gch"))
    commands = (there / "HOW_TO_RUN.txt").read_text().split("\n\n")[1]
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("make", "g++", "as", "ld", "sh", "mkdir", "echo", "rm"):
        (tools / tool).symlink_to(shutil.which(tool))
    subprocess.run(["/bin/sh", "-e", "-c", commands], cwd=there, env={"PATH": str(tools)}, check=True)
    found = np.fromfile(there / "results" / names["recorded"])
    assert len(found) == 4000
    assert np.array_equal(found, np.array(names["monitor"].v[0]))  # the last run of the script has 30/s


@pytest.mark.slow
def test_network_in_neuron(tmp_path, monkeypatch, capsys):
    """CoreNEURON, 1 and 2 ranks: identical spikes.

    The first 25 ms are those of Brian2, to 1.3 ms with steps of 0.1 ms.

    With steps of 0.025 ms the spikes of 40 ms are, to 0.2 ms. Then this chaotic network forgets how it
    began: over eight networks pyramidal cells fired at 18 to 42 Hz in NEURON and at 17 to 38 in Brian2.
    """
    pytest.importorskip("neuron", reason="NEURON is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["network_in_neuron.py", "--coreneuron"])
    same, (alike, far), rates, _ = runpy.run_path(str(ROOT / "examples/network_in_neuron.py"))["main"]()
    assert (tmp_path / "network_in_neuron.png").stat().st_size > 5000
    (core,) = [x for x in capsys.readouterr().out.splitlines() if "of CoreNEURON" in x]
    assert core.endswith("identical: True"), core
    assert alike and far <= 1.5
    assert all(in_neuron > 10 and in_brian > 10 for in_neuron, in_brian in rates.values())
    if same is None:
        pytest.skip("mpirun is not installed")
    assert same


#: Of a hand-written C++ program, in steps of 0.2 ms: percent, without and with depression.
ONE_RULE = {
    "tetanus": (39.9, 41.1),
    "theta burst": (41.9, 42.1),
    "0.5 Hz": (-15.8, -8.4),
    "1 Hz": (-19.8, -18.7),
    "3 Hz": (-18.7, -18.6),
    "10 Hz": (51.3, -12.6),
    "20 Hz": (45.1, 46.0),
    "50 Hz": (38.5, 40.3),
    "30 min of tests": (-0.05, -0.02),
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
        assert abs(change["in D-AP5"]) < 0.2  # 2.1 of 21 uM of calcium are left
        assert abs(change["clamped"]) < 0.5
        assert min(change, key=change.get) in ("1 Hz", "2 Hz", "3 Hz", "5 Hz")
        assert change["5 Hz"] < change["6 Hz"] < 0 < change["15 Hz"]  # it crosses between 6 and 15 Hz
        assert change["50 Hz"] > 20
        for name, percent in ONE_RULE.items():
            assert abs(change[name] - percent[k]) < 1.5, name
    for filled in found["filled"].values():
        assert max(filled.values()) < 60  # percent of the places: no train saturates the rule


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


NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_of_a_notebook(notebook, tmp_path, monkeypatch, capsys):
    """As a script; it is kept without results, so that a change shows what changed."""
    monkeypatch.chdir(tmp_path)
    cells = [c for c in json.loads(notebook.read_text())["cells"] if c["cell_type"] == "code"]
    assert all(not c["outputs"] and c["execution_count"] is None for c in cells)
    lines = [line.rstrip("\n") for c in cells for line in c["source"] if not line.startswith("%")]
    script = tmp_path / "notebook.py"
    script.write_text("\n".join(lines))
    runpy.run_path(str(script), run_name="__main__")
    assert "sent at spikes" in capsys.readouterr().out
    assert all(axes.get_ylabel() and axes.lines for axes in plt.gcf().axes)


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_in_jupyter(notebook, tmp_path):
    pytest.importorskip("ipykernel")
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    book = nbformat.read(notebook, as_version=4)
    nbformat.validate(book)
    nbclient.NotebookClient(
        book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = [out for c in book.cells for out in c.get("outputs", ())]
    assert any("image/png" in out.get("data", {}) for out in shown)
