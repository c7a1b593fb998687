"""examples/sweep.py: nothing that is finished is lost, and no half-written file is left.

The binary is replaced by a shell script that writes a line to a log and one number as its result, so
the number of runs is known without the package.
"""

import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[1] / "examples/sweep.py"
READ = {"x": ("x_1", "<f8")}
MAIN = """#!/bin/sh
# --results_dir DIR name=value
echo "$3" >> log
sleep {seconds}
head -c 8 /dev/zero > "$2/x_1"
"""
NUMBER = 8


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(SCRIPT), run_name="sweep_example")


def project_in(tmp_path, seconds):
    project = tmp_path / "project"
    project.mkdir()
    (project / "main").write_text(MAIN.format(seconds=seconds))
    (project / "main").chmod(0o755)
    return project


def grid():
    return [{"S.w": float(k)} for k in range(NUMBER)]


def runs_of(project):
    log = project / "log"
    return log.read_text().splitlines() if log.exists() else []


def one_by_one(example):
    return lambda tasks: (example["run_once"](*task) for task in tasks)


def test_resumed_after_it_was_killed(example, tmp_path):
    """A process of its own is killed in the middle; the next one makes what is missing, and no more."""
    pytest.importorskip("tqdm")
    project, folder = project_in(tmp_path, 0.2), tmp_path / "runs"
    code = (
        f"import runpy; e = runpy.run_path({str(SCRIPT)!r}, run_name='sweep_example')\n"
        f"e['sweep']({str(folder)!r}, {str(project)!r}, {READ!r}, 'm', {grid()!r},"
        " lambda tasks: (e['run_once'](*t) for t in tasks))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=tmp_path
    )
    deadline = time.monotonic() + 60
    while len(list(folder.glob("*.npz"))) < 3:
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.communicate()
    finished = sorted(folder.glob("*.npz"))
    assert 3 <= len(finished) < NUMBER
    when = {file: file.stat().st_mtime_ns for file in finished}
    time.sleep(0.3)  # the run that was under way
    before = len(runs_of(project))
    files = example["sweep"](folder, project, READ, "m", grid(), one_by_one(example))
    assert [float(np.load(file)["x"][0]) for file in files] == [0.0] * NUMBER
    assert {file: file.stat().st_mtime_ns for file in finished} == when
    assert len(runs_of(project)) - before == NUMBER - len(finished)
    assert runs_of(project)[-1] == f"S.w={NUMBER - 1.0!r}"
    assert sorted(folder.glob("*.npz")) == sorted(files)
    # the same again makes none; another model makes all
    example["sweep"](folder, project, READ, "m", grid(), one_by_one(example))
    assert len(runs_of(project)) - before == NUMBER - len(finished)
    others = example["sweep"](folder, project, READ, "another", grid(), one_by_one(example))
    assert not set(others) & set(files)


def test_a_run_that_fails_says_so_and_leaves_nothing(example, tmp_path):
    pytest.importorskip("tqdm")
    project, folder = project_in(tmp_path, 0), tmp_path / "runs"
    (project / "main").write_text("#!/bin/sh\ncase $3 in S.w=2.0) exit 3;; esac\n" + MAIN.format(seconds=0))
    with pytest.raises(subprocess.CalledProcessError, match="exit status 3"):
        example["sweep"](folder, project, READ, "m", grid(), one_by_one(example))
    assert len(list(folder.iterdir())) == 2
    assert sorted(p.name for p in project.iterdir()) == ["log", "main"]


def test_in_parallel(example, tmp_path):
    pytest.importorskip("tqdm")
    pytest.importorskip("joblib")
    project = project_in(tmp_path, 0.1)
    files = example["sweep"](tmp_path / "runs", project, READ, "m", grid(), example["with_joblib"])
    assert all(file.exists() for file in files)
    assert sorted(runs_of(project)) == [f"S.w={k:.1f}" for k in range(NUMBER)]


@pytest.mark.slow
def test_a_killed_worker_of_dask_loses_nothing(example, tmp_path):
    pytest.importorskip("tqdm")
    distributed = pytest.importorskip("distributed", reason="needs dask: pip install 'brian2_nmda[sweep]'")
    project = project_in(tmp_path, 0.5)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path)
        ) as cluster,
        distributed.Client(cluster) as client,
    ):

        def runner(tasks):
            for k, file in enumerate(example["with_dask"](tasks, client)):
                if k == 1:
                    pids = client.run(os.getpid)
                    assert len(pids) == 2
                    os.kill(next(iter(pids.values())), signal.SIGKILL)
                yield file

        files = example["sweep"](tmp_path / "runs", project, READ, "m", grid(), runner)
    assert [float(np.load(file)["x"][0]) for file in files] == [0.0] * NUMBER
    assert set(runs_of(project)) == {f"S.w={k:.1f}" for k in range(NUMBER)}
    assert not list((tmp_path / "runs").glob("*.part"))


@pytest.mark.slow
def test_through_dask_from_the_command_line(tmp_path):
    """The script as a user calls it: builds, gives 15 runs to two workers, draws; nothing else is left."""
    pytest.importorskip("tqdm")
    pytest.importorskip("distributed", reason="needs dask: pip install 'brian2_nmda[sweep]'")
    environment = {**os.environ, "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--dask"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "0 of 15 runs are there" in done.stdout
    files = list((tmp_path / "sweep_runs").iterdir())
    assert len(files) == 15
    assert {file.suffix for file in files} == {".npz"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sweep.png", "sweep_runs"]
