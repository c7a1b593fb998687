"""What a built wheel and sdist contain, and the guards against importing the checkout."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import BytesParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import brian2_nmda

pytestmark = pytest.mark.xdist_group(__name__)  # one process: the fixture takes long

CHECKOUT = Path(__file__).parents[1]
PLANTED = ("equations/planted/__init__.py", "equations/planted/inner/__init__.py")


def python(*arguments, **options):
    """Run this interpreter; the finished process with its output."""
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, **options)


def modules(root):
    """Files of the package in a checkout, under the names that they have once installed."""
    inside = [p.relative_to(root) for p in (root / "brian2_nmda").rglob("*.py")]
    science = ["brian2_nmda" / p.relative_to(root) for p in (root / "equations").rglob("*.py")]
    return {p.as_posix() for p in [*inside, *science]}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A copy of the checkout with a planted sub-package, its sdist, and the wheel made from that."""
    root = tmp_path_factory.mktemp("build") / "checkout"
    unwanted = shutil.ignore_patterns(".*_cache", ".git", "build", "dist", "*.egg-info", "output*")
    shutil.copytree(CHECKOUT, root, ignore=unwanted)
    for name in PLANTED:
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(f"NAME = {name!r}\n")
    done = python("-m", "build", "--no-isolation", "--outdir", root / "dist", root)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = (root / "dist").glob("*.tar.gz"), (root / "dist").glob("*.whl")
    return root, sdist, wheel


def test_wheel_holds_every_module_of_the_checkout(built):
    root, _, wheel = built
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {n for n in names if n.endswith(".py")} == modules(root)
    assert {"brian2_nmda/py.typed", "brian2_nmda/brian/templates/independent_stateupdate.cpp"} <= names
    assert {n.split("/")[0] for n in names} == {
        "brian2_nmda",
        f"brian2_nmda-{brian2_nmda.__version__}.dist-info",
    }


def test_unpacked_wheel_is_importable(built, tmp_path):
    zipfile.ZipFile(built[2]).extractall(tmp_path)
    code = "import brian2_nmda.equations.planted.inner as m; print(m.__file__, m.NAME)"
    done = python("-P", "-c", code, cwd="/", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    expected = tmp_path / "brian2_nmda" / PLANTED[1]
    assert done.stdout.split() == [str(expected), PLANTED[1]], done.stderr


def test_sdist_holds_tests_and_examples(built):
    root, sdist, _ = built
    with tarfile.open(sdist) as archive:
        names = {n.partition("/")[2] for n in archive.getnames()}
    wanted = [p for d in ("tests", "examples") for p in (root / d).rglob("*") if p.is_file()]
    assert len(wanted) > 5
    expected = {p.relative_to(root).as_posix() for p in wanted if p.suffix != ".pyc"}
    expected |= {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "CITATION.cff",
        "CONTRIBUTING.md",
        "setup.py",
        ".ci/run",
    }
    assert expected - names == set()


def test_metadata(built):
    with zipfile.ZipFile(built[2]) as wheel:
        (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = BytesParser().parsebytes(wheel.read(name))
    assert metadata["Version"] == brian2_nmda.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    required = [Requirement(r) for r in metadata.get_all("Requires-Dist")]

    def accepts(package, version, python_version):
        environment = {"python_version": python_version, "extra": ""}
        chosen = [r for r in required if r.name == package and not r.marker]
        chosen += [r for r in required if r.marker and r.marker.evaluate(environment)]
        chosen = [r for r in chosen if r.name == package]
        assert chosen
        return all(r.specifier.contains(version) for r in chosen)

    # Brian2 2.9, the newest for Python 3.11, cannot be imported with NumPy 2.4.
    assert accepts("numpy", "2.3.5", "3.11")
    assert not accepts("numpy", "2.4.0", "3.11")
    assert accepts("numpy", "2.4.0", "3.12")
    assert accepts("brian2", "2.9.0", "3.11")
    assert not accepts("brian2", "3.0", "3.12")
    assert not accepts("sympy", "1.15", "3.12")


def test_version_is_the_same_everywhere():
    version = brian2_nmda.__version__
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    assert project["version"] == version
    assert importlib.metadata.version("brian2_nmda") == version
    assert f"\nversion: {version}\n" in (CHECKOUT / "CITATION.cff").read_text()
    assert version in (CHECKOUT / "CHANGELOG.md").read_text()


def test_command_line_program_can_be_loaded():
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="brian2-nmda")
    assert callable(command.load())


def test_equations_refuses_its_other_name():
    done = python("-c", "import equations", cwd=CHECKOUT)
    assert done.returncode != 0
    assert "ImportError: 'equations' is installed as 'brian2_nmda.equations'" in done.stderr


def test_checkout_that_is_not_installed_says_so():
    # Without site-packages: neither an installed copy nor an editable install can be found.
    done = python("-S", "-E", "-c", "import brian2_nmda", cwd=CHECKOUT)
    assert done.returncode != 0
    assert "ImportError: brian2_nmda is imported from a checkout" in done.stderr


def test_tests_that_share_a_run_stay_in_one_process(request):
    """The marks of groups are lost in silence where pytest and pytest-xdist do not fit (3.8 and 9.2)."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("one process")
    assert request.node.nodeid.endswith(f"@{__name__}")


def test_a_family_is_imported_when_it_is_asked_for(tmp_path):
    """Importing all 100 models took as long as importing Brian2, at each start of each script."""
    script = """
import sys
import brian2_nmda
from brian2_nmda.equations import AMPA
seldom = {"brian2_nmda.equations.calcium_channels", "brian2_nmda.equations.rodrigues_receptors"}
assert not seldom & set(sys.modules), seldom & set(sys.modules)
assert "RTypeChannels" in dir(brian2_nmda.equations)
brian2_nmda.equations.RTypeChannels
assert "brian2_nmda.equations.calcium_channels" in sys.modules
try:
    brian2_nmda.equations.RTypeChanels
except AttributeError as error:
    assert "has no attribute 'RTypeChanels'" in str(error)
else:
    raise AssertionError("a misspelt name was found")
"""
    found = python("-c", script, cwd=tmp_path)
    assert found.returncode == 0, found.stderr
