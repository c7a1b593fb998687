"""Sessions of nox: ``nox -s docs``, ``nox -s types``, ``nox -s versions``; ``nox -l`` lists them."""

import nox

nox.options.sessions = ["docs", "types"]
nox.options.reuse_existing_virtualenvs = True

#: Python, Brian2, NumPy and SymPy: the oldest and the newest for each interpreter.
VERSIONS = [
    ("3.11", "2.9.0", "1.26.*", "1.13.*"),
    ("3.11", "2.9.0", "2.3.*", "1.14.*"),
    ("3.12", "2.10.1", "1.26.*", "1.13.*"),
    ("3.12", "2.10.1", "2.*", "1.14.*"),
    ("3.13", "2.11.*", "2.1.*", "1.13.*"),
    ("3.13", "2.11.*", "2.*", "1.14.*"),
]


@nox.session
@nox.parametrize(
    "python,brian2,numpy,sympy", [nox.param(*v, id=f"py{v[0]}-numpy{v[2].rstrip('.*')}") for v in VERSIONS]
)
def versions(session: nox.Session, brian2: str, numpy: str, sympy: str) -> None:
    """Run the merge tests with one combination; arguments go to pytest."""
    session.install(".[test]", f"brian2=={brian2}", f"numpy=={numpy}", f"sympy=={sympy}")
    session.run("pytest", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the merge tests with this interpreter; arguments go to pytest."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run the long tests."""
    session.install(".[test,docs]")
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site; warnings and dead links are errors."""
    session.install(".[docs]")
    session.run("python", "docs/build.py", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the public modules."""
    session.install(".", "mypy>=2.4,<2.5")  # in an editable install mypy does not see the equations
    session.run("mypy")
