"""The pages of docs/: scripts run, links lead somewhere, each figure names its command; the site builds.

Held against: the files of the checkout, and Sphinx with warnings as errors (slow, needs the extra ``docs``).
"""

import importlib
import importlib.util
import inspect
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from brian2 import prefs

import brian2_nmda
import brian2_nmda.equations
from brian2_nmda import GlutamateSynapse, equations as lib
from brian2_nmda.conformance.course import Course

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MADE = ("_build", "reference")
WRITTEN = [p for p in sorted(DOCS.rglob("*.md")) if p.relative_to(DOCS).parts[0] not in MADE]
QUICK = ("recording", "spatial_neuron")
SCRIPTS = [
    pytest.param(p, marks=() if p.stem in QUICK else pytest.mark.slow, id=p.stem)
    for p in sorted((DOCS / "howto").glob("*.py"))
]


def load(path):
    """A file of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))  # files that lie beside it
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_of_a_how_to_runs(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / f"{script.stem}.png").stat().st_size > 5000


@pytest.mark.parametrize("name", ["first_synapse", "howto/export", "howto/faster"])
def test_code_on_a_page_runs(name, tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / f"{name}.md").read_text(), re.S)
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks))
    monkeypatch.chdir(tmp_path)
    prefs.codegen.target = "numpy"
    runpy.run_path(str(script), run_name="__main__")
    printed = capsys.readouterr().out
    expected = {
        "first_synapse": "9 exponentials, sent at spikes",
        "howto/export": "begin{align*}",
        "howto/faster": "128 steps at once",
    }
    assert expected[name] in printed
    for table in re.findall(r"```text\n(.*?)```", (DOCS / f"{name}.md").read_text(), re.S):
        assert [line.rstrip() for line in table.splitlines()] == [
            line.rstrip() for line in printed.splitlines()[: len(table.splitlines())]
        ]


def test_first_synapse_is_the_script_of_the_readme():
    def code(path):
        block = re.search(r"```python\n(.*?)```", path.read_text(), re.S)[1]
        return [line.split("  #")[0].rstrip() for line in block.splitlines()]

    assert code(DOCS / "first_synapse.md") == code(ROOT / "README.md")


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_links_of_a_page(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    made = ("reference/index.md", "examples/index.md")  # generated
    assert [link for link in links if not link.endswith(made) and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_a_figure_names_the_command_that_makes_it(page):
    text = page.read_text()
    for after in re.split(r"!\[[^]]*\]\([^)]*\)", text)[1:]:
        near = after[:300]
        assert "Made by `" in near or "what the command writes" in near


def test_api_page_has_every_public_name():
    text = (DOCS / "api.md").read_text()
    for name in set(brian2_nmda.__all__) - set(brian2_nmda.equations.__all__):
        assert re.search(rf"brian2_nmda\.{name}\b|`{name}`", text), name
    rooms = ["protocols", "plotting", "conformance"]
    rooms += [f"export.{name}" for name in importlib.import_module("brian2_nmda.export").__all__]
    for room in rooms:
        for name in importlib.import_module(f"brian2_nmda.{room}").__all__:
            assert re.search(rf"brian2_nmda\.{room}\.{name}\b|`{name}`", text), f"{room}.{name}"


@pytest.mark.parametrize("name", brian2_nmda.equations.__all__)
def test_every_model_says_what_it_is(name):
    text = inspect.cleandoc(vars(getattr(brian2_nmda.equations, name)).get("__doc__") or "")
    assert text and text.splitlines()[0].endswith(".")


def peak_of_bionmda(spikes, dilution, dt, duration):
    """Largest g, by Euler steps written here; pulses of 1 mM, of which receptors see a part."""
    value = {name: p.base() for name, p in lib.BioNMDA().template.parameters.items()}
    t = dt * np.arange(int((spikes[-1] + 0.05) / dt))
    pulse = np.any([(t >= s) & (t < s + duration) for s in spikes], axis=0) / dilution
    x = g = peak = 0.0
    for seen in pulse.tolist():
        dx = value["alpha2"] * seen * (1 - x) - value["beta2"] * x
        dg = value["alpha1"] * x * (1 - g) - value["beta1"] * g
        x, g = x + dt * dx, g + dt * dg
        peak = max(peak, g)
    return peak


def test_what_dap5_leaves():
    """The numbers of the page on drugs, with the default pulse and with a longer one; 1 mol/m3 is 1 mM."""
    text = (DOCS / "howto/drugs.md").read_text()
    said = re.search(
        r"one spike\s+(\S+) % is left.*for 1 s (\d+) % is left.*1 ms: (\S+) and (\d+) %", text, re.S
    )
    dap5 = {name: p.base() for name, p in lib.DAP5().template.parameters.items()}
    pulse = {name: p.base() for name, p in lib.TransmitterPulse().template.parameters.items()}
    assert pulse["peak"] == 1
    assert pulse["duration"] == pytest.approx(0.5e-3)  # "the default pulse of 0.5 ms"
    gaddum = 1 + dap5["conc"] / dap5["Ki"]
    one, train = np.zeros(1), np.arange(100) / 100
    percent = iter(said.groups())
    for duration in (pulse["duration"], 1e-3):
        for spikes, dt, error in ((one, 2e-6, 0.05), (train, 2e-5, 0.5)):
            seen, full = (peak_of_bionmda(spikes, k, dt, duration) for k in (gaddum, 1))
            assert 100 * seen / full == pytest.approx(float(next(percent)), abs=error)


def test_gallery_has_every_example():
    gallery = load(DOCS / "extensions/example_gallery.py")
    found = gallery.scripts()
    assert set(found) == {p.stem for p in (ROOT / "examples").glob("*.py")}
    index = gallery.index(found)
    for name, (title, rest) in found.items():
        assert f"({name}.md)" in index
        assert f"figures/{gallery.figure(name)}" in gallery.page(name, title, rest)
        assert f"figures/{gallery.figure(name)}" in index
        assert (DOCS / "figures" / gallery.figure(name)).exists()
    notebooks = gallery.notebooks()
    assert set(notebooks) == {p.stem for p in (ROOT / "examples").glob("*.ipynb")}
    assert all(f"({name}.md)" in index and "```python" in text for name, text in notebooks.items())
    assert "figures/own_receptor.png" in index
    assert "figures/sweep_example.png" in index
    assert "figures/sweep.png" not in index  # docs/howto/sweep.py made it


def test_a_picture_of_a_model_is_made_by_the_lines_beside_it(tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "lowering.md").read_text(), re.S)
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(block, {})  # noqa: S102
    made = {p.name for p in tmp_path.glob("*.png")}
    assert made == {"parts.png", "plan.png", "scheme.png"}
    assert all((DOCS / "figures" / name).exists() for name in made)


def test_a_dead_link_is_found(tmp_path):
    """The planted errors of the checker of links."""
    build = load(DOCS / "build.py")
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here">1</a><a href="b.html">2</a><a href="#gone">3</a>'
        '<a href="https://example.org">4</a><script src="https://example.org/x.js"></script></p>'
    )
    found = list(build.dead_links(tmp_path))
    assert len(found) == 3
    assert any("b.html" in line for line in found)
    assert any("#gone" in line for line in found)
    assert any("from another site" in line for line in found)


def test_a_response_is_the_course_of_the_model():
    """The solver of the figures against the fixed steps of the conformance suite.

    There a spike that is found in a step acts from its end on.
    """
    figures = load(DOCS / "response_figures.py")
    system = GlutamateSynapse(lib.BioNMDA(), lib.TsodyksMarkram(), lib.SpineCalcium()).system
    dt, steps, spikes = 1e-4, 1000, (100, 300, 450)
    expected = Course(system).run(dict(system.initial), np.array([-0.04]), dt, steps, spikes)
    run = figures.Run(system, {"v": [(-np.inf, -0.04)]})
    found = run.course([dt * (k + 1) for k in spikes], (), 0.0, dt * np.arange(steps + 1))
    for name in ("g_NMDA", "R_T", "Ca", "Ca_eff"):
        reference = expected[name][:, 0]
        ours = np.interp(dt * np.arange(steps + 1), found.t, found(name)[0])
        assert np.ptp(reference) > 0
        assert ours == pytest.approx(reference, abs=1e-3 * np.max(np.abs(reference)))


@pytest.mark.parametrize("name", ["ExponentialAMPA", "JahrStevens", "GlycineSite", "SpineCalcium"])
def test_a_response_is_drawn(name):
    """One of a few kinds; all of them are drawn where the site is built, which is slow."""
    figures = load(DOCS / "response_figures.py")
    axes = figures.figure_of(getattr(lib, name)()).axes
    drawn = [line.get_ydata() for ax in axes for line in ax.lines if len(line.get_ydata()) > 10]
    assert len(drawn) >= 2
    assert all(np.all(np.isfinite(y)) and np.ptp(y) > 0 for y in drawn)


def test_a_figure_that_is_old_is_made_again(tmp_path):
    """Old is what was made from other equations, or carries no key at all."""
    figures = load(DOCS / "response_figures.py")
    path = tmp_path / "a.png"
    assert not figures.is_fresh(path, "one")
    figures.new()[0].savefig(path, dpi=20)
    assert not figures.is_fresh(path, "one")
    figures.new()[0].savefig(path, dpi=20, metadata={"Source": "one"})
    assert figures.is_fresh(path, "one")
    assert not figures.is_fresh(path, "two")
    assert figures.key_of("AMPA") != figures.key_of("BioNMDA")


@pytest.mark.slow
def test_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("furo")
    pytest.importorskip("latex2mathml")
    command = [sys.executable, str(DOCS / "build.py"), str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {p.stem for p in (tmp_path / "site/reference").glob("*.html")}
    assert set(brian2_nmda.equations.__all__) <= pages
    shown = {p.stem.removeprefix("response_") for p in (tmp_path / "site/_images").glob("response_*.png")}
    assert set(brian2_nmda.equations.__all__) <= shown
    assert "<math" in (tmp_path / "site/reference/BioNMDA.html").read_text()
