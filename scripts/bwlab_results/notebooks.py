"""Executes notebooks and stores or compares their outputs: the command line of scripts/notebooks."""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import CellExecutionError, ExecutePreprocessor

EXIT_OK, EXIT_DIFFERS, EXIT_USAGE = 0, 1, 2
_FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
_CELL_SECONDS_MAX = 300
# All that stays of a notebook's own metadata: what reads it needs no more, and machines differ in
# the rest.
_METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
             "language_info": {"name": "python"}}


class NotebookError(Exception):
    """A notebook cannot be read or executed; the message is meant for a person."""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="scripts/notebooks", allow_abbrev=False,
        description="Executes notebooks and stores their outputs in them, without the metadata "
                    "that differs from machine to machine.",
        epilog="Exit codes: 0 done; 1 with --check, where a stored output is not what the notebook "
               "prints now; 2 wrong usage, or a notebook that cannot be read or executed.")
    made.add_argument("notebooks", metavar="NOTEBOOK", type=Path, nargs="*",
                      help="default: all in notebooks/")
    made.add_argument("--check", action="store_true",
                      help="store nothing; compare the outputs but for images with those stored")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    exit_code = EXIT_OK
    for path in options.notebooks or sorted(_FOLDER.glob("*.ipynb")):
        try:
            stored = _read(path)
            executed = execute(stored, path)
            if options.check:
                for sentence in differences(stored, executed):
                    print(f"notebooks: {path}: {sentence}; scripts/notebooks stores it anew",
                          file=sys.stderr)
                    exit_code = EXIT_DIFFERS
            else:
                path.write_text(nbformat.writes(executed) + "\n", encoding="utf-8")
                print(path)
        except NotebookError as error:
            print(f"notebooks: {path}: {error}", file=sys.stderr)
            return EXIT_USAGE
    return exit_code


def execute(notebook: Any, path: Path) -> Any:
    """A copy of `notebook` with the outputs that it has now, executed in the folder of `path`."""
    copy = nbformat.from_dict(notebook)
    executor = ExecutePreprocessor(timeout=_CELL_SECONDS_MAX, kernel_name="python3",
                                   record_timing=False)
    with tempfile.TemporaryDirectory() as settings:
        os.environ["IPYTHONDIR"] = settings  # nothing of the user's own
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # the kernel's debugger warns otherwise
        try:
            executor.preprocess(copy, {"metadata": {"path": str(path.parent)}})
        except CellExecutionError as error:
            raise NotebookError(f"a cell fails: {error.ename}: {error.evalue}") from None
        except TimeoutError:
            raise NotebookError(f"a cell takes more than {_CELL_SECONDS_MAX} s") from None
    copy.metadata = nbformat.from_dict(_METADATA)
    for cell in copy.cells:
        cell.metadata = nbformat.from_dict({})
    return copy


def differences(stored: Any, executed: Any) -> Iterator[str]:
    """A sentence for each code cell whose outputs, but for images, are not as stored."""
    pairs = zip(stored.cells, executed.cells)
    for number, (before, now) in enumerate(pairs, start=1):
        if before.cell_type != "code" or _texts(before) == _texts(now):
            continue
        lines = difflib.unified_diff(_texts(before), _texts(now), "stored", "now", n=0, lineterm="")
        changed = [line for line in list(lines)[2:] if not line.startswith("@@")]
        yield f"cell {number} prints something else: {' | '.join(changed[:2])}"


def _texts(cell: Any) -> list[str]:
    """The lines of a cell's outputs, each behind what kind of output it is of."""
    lines = []
    for output in cell.outputs:
        texts = output.get("data", {output.get("name"): output.get("text", "")})
        for kind, text in sorted(texts.items()):
            if not kind.startswith("image/"):
                lines.extend(f"{kind}: {line}" for line in str(text).splitlines())
    return lines


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        if not isinstance(json.loads(text), dict):
            raise NotebookError("is no notebook: it holds no JSON object")
        return nbformat.reads(text, as_version=4)
    except OSError as error:
        raise NotebookError(f"cannot be read: {error.strerror}") from None
    except (ValueError, nbformat.ValidationError) as error:
        raise NotebookError(f"is no notebook: {str(error).splitlines()[0]}") from None
