"""The notebooks: executed, and what they print compared with what is stored in them."""

import json
import shutil
import subprocess

import pytest
from repository import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "notebooks"
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))


def notebooks(*arguments):
    return subprocess.run([SCRIPT, *map(str, arguments)], capture_output=True, text=True,
                          check=False, timeout=600)


def made(path, source, outputs=(), **metadata):
    path.write_text(json.dumps({
        "nbformat": 4, "nbformat_minor": 5, "metadata": metadata,
        "cells": [{"cell_type": "code", "id": "only", "execution_count": None, "source": source,
                   "metadata": {"execution": {"iopub.status.busy": "2026-01-02T03:04:05Z"}},
                   "outputs": list(outputs)}]}))
    return path


def printed(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_copy_prints_what_is_stored(path, tmp_path):
    """In a tree of its own, so that nothing can be left in the repository."""
    for name in ("scripts", "results"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    (tmp_path / "notebooks").mkdir()
    copy = shutil.copy(path, tmp_path / "notebooks")
    done = notebooks("--check", copy)
    assert done.returncode == 0, done.stderr
    assert [entry.name for entry in (tmp_path / "notebooks").iterdir()] == [path.name]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_what_is_stored_has_all_outputs_and_nothing_of_a_machine(path):
    document = json.loads(path.read_text())
    assert set(document["metadata"]) == {"kernelspec", "language_info"}
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert all(cell["metadata"] == {} for cell in document["cells"])
    shown = [output for cell in code for output in cell["outputs"]]
    assert any("image/png" in output.get("data", {}) for output in shown)
    assert any("text/html" in output.get("data", {}) for output in shown)
    text = "".join(line for cell in document["cells"] for line in cell["source"])
    assert "/home/" not in text and "/tmp/" not in text and "/root" not in text


def test_a_stale_output_is_told_with_its_cell(tmp_path):
    path = made(tmp_path / "a.ipynb", "print(1 + 1)", [printed("3\n")])
    before = path.read_bytes()
    done = notebooks("--check", path)
    assert done.returncode == 1
    assert "cell 1 prints something else: -stdout: 3 | +stdout: 2" in done.stderr
    assert path.read_bytes() == before
    assert notebooks("--check", made(path, "print(1 + 1)", [printed("2\n")])).returncode == 0


def test_outputs_are_stored_without_times_and_machines(tmp_path):
    path = made(tmp_path / "a.ipynb", "print(1 + 1)",
                language_info={"name": "python", "version": "3.11.2"}, vscode={"hash": "1"})
    done = notebooks(path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{path}\n"
    document = json.loads(path.read_text())
    assert document["cells"][0]["outputs"] == [{**printed("2\n"), "text": ["2\n"]}]
    assert document["metadata"]["language_info"] == {"name": "python"}
    assert "2026-" not in path.read_text() and "vscode" not in path.read_text()
    first = path.read_bytes()
    assert notebooks(path).returncode == 0
    assert path.read_bytes() == first


@pytest.mark.parametrize("content, words", [
    (None, "cannot be read: No such file or directory"),
    ("{", "is no notebook"),
    ("[]", "is no notebook"),
])
def test_what_is_no_notebook_is_named(tmp_path, content, words):
    path = tmp_path / "a.ipynb"
    if content is not None:
        path.write_text(content)
    done = notebooks("--check", path)
    assert done.returncode == 2
    assert f"notebooks: {path}: {words}" in done.stderr and "Traceback" not in done.stderr


def test_a_cell_that_fails_is_told_and_nothing_is_stored(tmp_path):
    path = made(tmp_path / "a.ipynb", "raise ValueError('why')")
    before = path.read_bytes()
    done = notebooks(path)
    assert done.returncode == 2
    assert "a cell fails: ValueError: why" in done.stderr
    assert path.read_bytes() == before
