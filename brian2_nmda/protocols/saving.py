"""Files that are there as a whole or not at all."""

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brian2_nmda.symbolic.errors import ModelError


def check_file(file: str | Path, formats: Sequence[str] = ()) -> Path:
    """Raise a ModelError where a file could not be written: no folder, no right to, or no such format.

    Parameters
    ----------
    file : str or Path
    formats : sequence of str
        Accepted endings with their dot; any if empty.

    Examples
    --------
    >>> from brian2_nmda.protocols.saving import check_file
    >>> check_file('data.npz', ('.csv', '.npz')).suffix
    '.npz'
    """
    path = Path(file)
    if path.is_dir():
        raise ModelError(f"'{path}' is a folder; add a file name.")
    if not path.parent.is_dir():
        raise ModelError(f"'{path}' cannot be written: there is no folder '{path.parent}'.")
    if formats and path.suffix.lower() not in formats:
        raise ModelError(f"'{path}' cannot be written: its name has to end in {' or '.join(formats)}.")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ModelError(f"'{path}' cannot be written: {error.strerror}.") from error
    return path


def write_whole(file: str | Path, write: Callable[[Path], object], formats: Sequence[str] = ()) -> Path:
    """Write a file beside its place and move it there when it is whole."""
    path = check_file(file, formats)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        write(beside)
        mask = os.umask(0)
        os.umask(mask)
        beside.chmod(0o666 & ~mask)  # as an ordinary new file; a temporary one is private
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def write_csv(file: str | Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """Write a table, whose file has to end in ``.csv``."""

    def write(path: Path) -> None:
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([header, *rows])

    return write_whole(file, write, (".csv",))


def write_npz(file: str | Path, arrays: Mapping[str, Any], **texts: Mapping[str, Any]) -> Path:
    """Write arrays for `numpy.load`, and mappings as JSON texts; the file has to end in ``.npz``."""
    data = {**arrays, **{name: json.dumps(text) for name, text in texts.items()}}
    return write_whole(file, lambda path: np.savez_compressed(path, **data), (".npz",))
