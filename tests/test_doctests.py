"""The examples in the docstrings run, and what is public has a docstring."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import brian2_nmda
import brian2_nmda.equations

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def module_names():
    """All modules of the package; in an editable install the equations lie in another folder."""
    names = {"brian2_nmda", "brian2_nmda.equations"}
    for package in (brian2_nmda, brian2_nmda.equations):
        found = pkgutil.walk_packages(package.__path__, package.__name__ + ".")
        names |= {m.name for m in found}
    return sorted(names)


@pytest.mark.parametrize("name", module_names())
def test_docstring_examples(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0


def test_every_module_is_seen():
    rooms = {name.split(".")[1] for name in module_names() if "." in name}
    assert {"brian", "equations", "export", "lowering", "model", "symbolic"} <= rooms
    assert "brian2_nmda.equations.receptors" in module_names()


@pytest.mark.parametrize("name", brian2_nmda.__all__)
def test_public_names_are_documented(name):
    thing = getattr(brian2_nmda, name)
    if inspect.isclass(thing):
        assert (vars(thing).get("__doc__") or "").strip()
    elif callable(thing):
        assert (thing.__doc__ or "").strip()


def test_names_are_public_once():
    assert len(set(brian2_nmda.__all__)) == len(brian2_nmda.__all__)
