"""Sessions of nox: ``nox -s docs``, ``nox -s types``, ``nox -s versions``; ``nox -l`` lists them."""

import nox

nox.options.sessions = ["docs", "types"]
nox.options.reuse_existing_virtualenvs = True

#: For each interpreter one Brian2, with the oldest and the newest of the others that it and pyproject.toml
#: accept: Brian2 2.10 needs NumPy 2.0, Brian2 2.11 NumPy 2.3. There is one SymPy, 1.14.
VERSIONS = {
    "3.11-oldest": ["brian2==2.9.0", "numpy==1.26.*", "sympy==1.14.*", "matplotlib==3.8.*", "scipy==1.11.*"],
    "3.11-newest": ["brian2==2.9.0", "numpy==2.3.*", "sympy==1.14.*"],
    "3.12-oldest": ["brian2==2.10.1", "numpy==2.0.*", "sympy==1.14.*", "matplotlib==3.9.*", "scipy==1.13.*"],
    "3.12-newest": ["brian2==2.10.1", "numpy==2.*", "sympy==1.14.*"],
    "3.13-oldest": ["brian2==2.11.*", "numpy==2.3.*", "sympy==1.14.*", "matplotlib==3.10.*", "scipy==1.16.*"],
    "3.13-newest": ["brian2==2.11.*", "numpy==2.*", "sympy==1.14.*"],
}
#: Some minutes of CPU: texts, plans, integrators and schemes, events, Brian2's own interfaces, public names.
SHORT = [
    f"tests/test_{name}.py"
    for name in (
        "statements", "text", "schemes", "integrators", "models", "custom_parts", "own_receptor",
        "brian2_contract", "docstrings", "doctests",
    )
]  # fmt: skip


def _matrix(session: nox.Session, versions: str, *arguments: str) -> None:
    session.install(".[test]", *VERSIONS[versions])
    session.run("pytest", *arguments, *session.posargs)


def _combinations(function):
    chosen = [nox.param(name.split("-")[0], name, id=name) for name in VERSIONS]
    return nox.session(nox.parametrize("python,versions", chosen)(function))


@_combinations
def versions(session: nox.Session, versions: str) -> None:
    """Run the merge tests with one combination; arguments go to pytest."""
    _matrix(session, versions)


@_combinations
def versions_short(session: nox.Session, versions: str) -> None:
    """Run some files of the merge tests with one combination; arguments go to pytest."""
    _matrix(session, versions, *SHORT)


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
