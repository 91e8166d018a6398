"""Drives the real run_experiment. Its path is in the environment variable BWLAB_RUN_EXPERIMENT."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from folders import snapshot

SECONDS_MAX = 120


class RunExperiment:
    """Runs the binary in a folder of its own, where a relative path of a test can do no harm."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder

    def __call__(self, *arguments, env=None):
        return subprocess.run(
            [self.binary, *map(str, arguments)], cwd=self.folder, text=True, capture_output=True,
            timeout=SECONDS_MAX, check=False, stdin=subprocess.DEVNULL, env=env)

    def copied_to(self, folder):
        """The same program from a folder of its own, where it finds what a test puts there."""
        copy = folder / "run_experiment"
        try:
            os.link(self.binary, copy)
        except OSError:
            shutil.copy(self.binary, copy)
        return RunExperiment(str(copy), self.folder)

    def json(self, *arguments):
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refused(self, *arguments, exit_code=2):
        """Runs what must fail with one sentence and must write nothing. Returns the sentence."""
        before = snapshot(self.folder)
        done = self(*arguments)
        assert done.returncode == exit_code, done.stdout + done.stderr
        assert done.stdout == ""
        assert done.stderr.startswith("run_experiment: ")
        assert done.stderr.count("\n") == 1, "one sentence, not: " + done.stderr
        assert len(done.stderr) < 1000
        assert snapshot(self.folder) == before, "nothing may be written"
        return done.stderr


@pytest.fixture(scope="session")
def binary():
    path = os.environ.get("BWLAB_RUN_EXPERIMENT")
    if not path:
        pytest.fail("BWLAB_RUN_EXPERIMENT must hold the path of run_experiment")
    return str(Path(path).resolve())


@pytest.fixture
def run_experiment(binary, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return RunExperiment(binary, folder)


@pytest.fixture
def spec():
    """A spec that runs in well under a second a cell."""
    return {
        "schema_version": 1,
        "id": "tiny",
        "title": "a test",
        "matrix": {"workload": ["ycsb_a"], "engine": ["std_map_rwlock"], "threads": [1]},
        "keys": {"count": 2000},
        "ops": 2000,
        "reps": 1,
    }


@pytest.fixture
def write_spec(run_experiment):
    def write(document, name="spec.json"):
        path = run_experiment.folder / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write
