"""The shell scripts, with made programs in place of apt-get, cmake and the like.

Each test runs a script with a PATH that holds the few real tools it needs and recorders for the
rest; a recorder appends its name and arguments to a log and exits as it was told.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from repository import REPOSITORY

REAL_TOOLS = ("bash", "cat", "date", "dirname", "env", "grep", "mkdir", "nproc", "realpath", "rm",
              "sed", "tee", "touch", "uname")


class Stage:
    """A PATH of made programs, and a copy of the scripts in a folder of its own."""

    def __init__(self, folder: Path):
        self.tree = folder / "tree with space"
        self.tools = folder / "tools"
        self.log = folder / "log"
        self.tools.mkdir(parents=True)
        (self.tree / "scripts").mkdir(parents=True)
        (self.tree / ".ci").mkdir()
        for name in ("scripts/install-packages", "scripts/quickstart", "scripts/test", ".ci/run"):
            shutil.copy(REPOSITORY / name, self.tree / name)
        for tool in REAL_TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool))
        self.program(self.tools / "id", "echo 0")

    def program(self, path: Path, body: str = ""):
        """Makes an executable that logs how it was called and then runs `body`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(f'#!/usr/bin/env bash\necho "{path.name} $*" >>"{self.log}"\n{body}\n')
        path.chmod(0o755)

    def tool(self, name: str, body: str = ""):
        self.program(self.tools / name, body)

    def run(self, script: str, *arguments: str, cwd=None):
        return subprocess.run([self.tree / script, *arguments], capture_output=True, text=True,
                              env={"PATH": str(self.tools), "HOME": "/nonexistent"},
                              cwd=cwd or self.tree, check=False, timeout=60)

    def calls(self, name: str) -> list[str]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if line.split()[0] == name]


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def packages():
    listed = subprocess.run([REPOSITORY / "scripts" / "install-packages", "--list"],
                            capture_output=True, text=True, check=True)
    return listed.stdout.split()


def with_installed(stage, installed):
    lines = "\n".join(f"installed {name}" for name in installed)
    stage.tool("dpkg-query", f"cat <<'END'\n{lines}\nEND\nexit 1")
    stage.tool("apt-get")


def test_install_does_nothing_when_all_is_there(stage):
    with_installed(stage, packages())
    done = stage.run("scripts/install-packages")
    assert done.returncode == 0 and "are installed" in done.stdout
    assert stage.calls("apt-get") == []


def test_install_asks_for_the_missing_packages_only(stage):
    with_installed(stage, [name for name in packages() if name not in ("libtbb-dev", "git")])
    done = stage.run("scripts/install-packages")
    assert done.returncode == 0, done.stderr
    update, install = stage.calls("apt-get")
    assert update.endswith(" update")
    assert install.endswith(" install --yes --no-install-recommends git libtbb-dev")


def test_a_name_that_contains_another_does_not_stand_for_it(stage):
    with_installed(stage, [name for name in packages() if name != "python3"])
    stage.run("scripts/install-packages")
    assert stage.calls("apt-get")[1].endswith(" python3")


def test_install_without_root_goes_through_sudo(stage):
    with_installed(stage, [])
    stage.tool("id", "echo 1000")
    refused = stage.run("scripts/install-packages")
    assert refused.returncode == 1 and "needs root" in refused.stderr
    assert stage.calls("apt-get") == []
    stage.tool("sudo", '"$@"')
    assert stage.run("scripts/install-packages").returncode == 0
    assert all("DEBIAN_FRONTEND=noninteractive apt-get" in call for call in stage.calls("sudo"))
    assert len(stage.calls("apt-get")) == 2


def test_install_says_when_apt_fails(stage):
    with_installed(stage, [name for name in packages() if name != "libtbb-dev"])
    stage.tool("apt-get", "exit 100")
    done = stage.run("scripts/install-packages")
    assert done.returncode == 1
    assert "apt-get could not install libtbb-dev" in done.stderr


def test_install_says_when_the_system_is_not_like_debian(stage):
    done = stage.run("scripts/install-packages")
    assert done.returncode == 1
    assert "needs Debian or a system like it" in done.stderr


def test_install_refuses_unknown_arguments(stage):
    done = stage.run("scripts/install-packages", "--lst")
    assert done.returncode == 2 and "--lst" in done.stderr


def with_quickstart(stage, run_body=":"):
    """The run makes its output folder, the plot a figure in it."""
    stage.program(stage.tree / "scripts/install-packages")
    stage.program(stage.tree / "scripts/plot", 'touch "$1/throughput.png"')
    stage.tool("cmake")
    stage.program(stage.tree / "build/native/run_experiment",
                  'while [[ $1 != --out ]]; do shift; done; mkdir -p "$2"; ' + run_body)


def test_quickstart_builds_runs_and_draws_from_any_folder(stage, tmp_path):
    with_quickstart(stage)
    done = stage.run("scripts/quickstart", "--reps", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert stage.calls("cmake")[0] == "cmake --preset native"
    assert "--target run_experiment" in stage.calls("cmake")[1]
    (call,) = stage.calls("run_experiment")
    words = call.split()
    assert words[1:4] == ["run", "experiments/specs/quickstart.json", "--out"]
    assert words[4].startswith("results/runs/quickstart-") and words[5:] == ["--reps", "1"]
    assert stage.calls("plot") == [f"plot {words[4]} --allow-dirty"]
    assert f"tree with space/{words[4]}/throughput.png" in done.stdout
    sections = [line for line in done.stdout.splitlines() if line.startswith("== [")]
    assert len(sections) == 6 and sections[-1].endswith(" s] Done")


def test_quickstart_again_within_a_second_takes_another_folder(stage):
    with_quickstart(stage)
    stage.tools.joinpath("date").unlink()
    stage.tool("date", "echo now")
    for _ in range(3):
        assert stage.run("scripts/quickstart").returncode == 0
    assert [call.split()[4] for call in stage.calls("run_experiment")] == [
        f"results/runs/quickstart-now{suffix}" for suffix in ("", "-2", "-3")]


@pytest.mark.parametrize("option", [["--out", "mine"], ["--out=mine"]])
def test_quickstart_puts_results_where_the_caller_says(stage, tmp_path, option):
    with_quickstart(stage)
    assert stage.run("scripts/quickstart", *option, cwd=tmp_path).returncode == 0
    assert stage.calls("run_experiment")[0].endswith(f"--out {tmp_path}/mine")
    assert (tmp_path / "mine" / "throughput.png").exists()


def test_quickstart_stops_with_the_exit_code_of_a_failed_run(stage):
    with_quickstart(stage, "exit 3")
    assert stage.run("scripts/quickstart").returncode == 3
    assert stage.calls("plot") == []


CTEST = "echo '100% tests passed, 0 tests failed out of 7'; echo; echo 'Total Test time = 1 sec'"


def with_tests(stage):
    stage.program(stage.tree / "scripts" / "install-packages")
    stage.tool("cmake")
    stage.tool("ctest", CTEST)
    (stage.tree / "tests" / "python").mkdir(parents=True)
    (stage.tree / "tests" / "python" / "test_made.py").write_text(
        "import os\n"
        "def test_environment():\n"
        "    assert os.environ['BWLAB_RUN_EXPERIMENT'].endswith('build/native/run_experiment')\n"
        "    assert os.environ['BWLAB_TEST_TIER'] in ('short', 'long')\n")


def test_test_runs_every_part_and_ends_with_the_closing_lines(stage):
    with_tests(stage)
    done = stage.run("scripts/test")
    assert done.returncode == 0, done.stdout + done.stderr
    native, asan, tsan, hooks = stage.calls("ctest")
    assert "--preset native" in native and "--label-regex" not in native
    assert "--preset asan" in asan and "--label-regex concurrency|unit" in asan
    assert "--preset tsan" in tsan and tsan.endswith("--label-regex concurrency")
    assert "--preset hooks" in hooks and "--tests-regex" in hooks
    assert all("--label-exclude long" in call for call in (native, asan, tsan, hooks))
    assert all("--no-tests=error" in call for call in (native, asan, tsan, hooks))
    closing = done.stdout.split("0 failed\n")[-1]
    assert closing.count("100% tests passed, 0 tests failed out of 7") == 4
    assert "1 passed in " in closing


def test_test_long_leaves_nothing_out(stage):
    with_tests(stage)
    assert stage.run("scripts/test", "--long", "--only", "tsan").returncode == 0
    (call,) = stage.calls("ctest")
    assert "--preset tsan" in call and "--label-exclude" not in call


def test_test_runs_the_rest_after_a_failure_and_then_fails(stage):
    with_tests(stage)
    stage.tool("ctest", "if [[ $2 == native ]]; then"
                        " echo '50% tests passed, 1 tests failed out of 2';"
                        " echo '  1 - Tree.Grows (Failed)'; echo '  2 - Tree.Waits (Skipped)';"
                        f" exit 8; fi; {CTEST}")
    test = stage.tree / "tests" / "python" / "test_made.py"
    test.write_text(test.read_text() + "def test_wrong():\n    assert False\n")
    done = stage.run(".ci/run")
    assert done.returncode == 1
    assert len(stage.calls("ctest")) == 4
    closing = done.stdout.split("tier short: 2 failed\n")[-1]
    assert "50% tests passed, 1 tests failed out of 2" in closing
    assert "Tree.Grows (Failed)" in closing and "Tree.Waits" not in closing
    assert "FAILED tests/python/test_made.py::test_wrong" in closing
    assert "FAILED: native ctest (exit code 8" in closing
    assert closing.splitlines()[-1].startswith("FAILED: pytest (exit code 1")


def test_test_says_when_a_build_fails_and_still_runs_python(stage):
    with_tests(stage)
    stage.tool("cmake", "[[ $1 != --build ]]")
    done = stage.run("scripts/test", "--only", "native", "--only=python")
    assert done.returncode == 1
    assert stage.calls("ctest") == []
    assert "FAILED: native build" in done.stdout and "1 passed in " in done.stdout


@pytest.mark.parametrize("arguments", [["--only", "windows"], ["--only"], ["--lnog"]])
def test_test_refuses_unknown_arguments(stage, arguments):
    done = stage.run("scripts/test", *arguments)
    assert done.returncode == 2 and "known: " in done.stderr


@pytest.mark.parametrize("script", ["install-packages", "mutants", "notebooks", "quickstart", "test",
                                    "plot"])
def test_help_explains_and_does_nothing(script):
    done = subprocess.run([REPOSITORY / "scripts" / script, "--help"], capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 0
    assert f"scripts/{script}" in done.stdout


def test_mutants_lists_the_faults_of_the_header_and_refuses_others():
    mutants = REPOSITORY / "scripts" / "mutants"
    listed = subprocess.run([mutants, "--list"], capture_output=True, text=True, check=True)
    names = listed.stdout.split()
    header = (REPOSITORY / "core/bwlab/base/test_hooks.h").read_text()
    assert len(names) >= 30 and len(set(names)) == len(names)
    sources = "".join(path.read_text() for path in (REPOSITORY / "core/bwlab").rglob("*.h"))
    for name in names:
        assert f"F({name}," in header and f"BWLAB_MUTANT({name})" in sources, name
    refused = subprocess.run([mutants, names[0], "Nonsense"], capture_output=True, text=True,
                             check=False)
    assert refused.returncode == 2 and "Nonsense" in refused.stderr
