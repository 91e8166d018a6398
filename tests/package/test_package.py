"""The installed package, as a project of somebody else sees it: built from the sources with the commands of README.md,
installed, moved, and used by the CMake project in consumer/."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from repository import REPOSITORY

CONSUMER = Path(__file__).resolve().parent / "consumer"
CORE = REPOSITORY / "core"
JOBS = str(min(2, os.cpu_count() or 1))


def run(*command, cwd=None):
    """Runs a command that must succeed; returns what it printed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=120, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def headers(folder):
    return {str(path.relative_to(folder)) for path in (folder / "bwlab").rglob("*.h")}


def readme_block(language):
    """The one block of `language` in the section "Embedding" of README.md."""
    section = (REPOSITORY / "README.md").read_text().split("\n## Embedding\n")[1].split("\n## ")[0]
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return block


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """An installed package, away from where it was installed to: nothing in it may depend on the place."""
    folder = tmp_path_factory.mktemp("with space")
    build = folder / "build"
    commands = readme_block("sh")
    for theirs, ours in (("build/package", build), ("$HOME/bwlab", folder / "installed")):
        assert theirs in commands
        commands = commands.replace(theirs, shlex.quote(str(ours)))
    for command in commands.splitlines():
        run(*shlex.split(command), cwd=REPOSITORY)
    return (folder / "installed").rename(folder / "moved")


def configure(source, build, prefix, *options):
    return subprocess.run(
        list(map(str, ["cmake", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", *options])),
        capture_output=True, text=True, check=False, timeout=120)


def test_every_header_of_the_engine_is_installed_and_no_test(prefix):
    installed = headers(prefix / "include")
    assert installed == {name for name in headers(CORE) if not name.endswith("_test.h")}
    others = {path.name for path in prefix.rglob("*") if path.is_file() and path.suffix != ".h"}
    assert others == {"libbwlab_core.a", "PROTOCOL.md", "bwlabConfig.cmake", "bwlabConfigVersion.cmake",
                      "bwlabTargets.cmake", "bwlabTargets-release.cmake"}


def test_the_package_names_no_folder_of_the_machine_that_built_it(prefix):
    cache = (prefix.parent / "build" / "CMakeCache.txt").read_text()
    (xsimd,) = re.findall(r"^BWLAB_XSIMD_INCLUDE_DIR:PATH=(.+)$", cache, re.MULTILINE)
    for path in prefix.rglob("*.cmake"):
        for folder in (REPOSITORY, prefix.parent, xsimd):
            assert str(folder) not in path.read_text(), path.name


# A consumer's flags choose its SIMD instructions, whatever the package was built with; and its assertions may be on
# (Debug) where the library's are off.
@pytest.mark.parametrize("build_type, flags, search", [
    ("Release", "", "branch_free"),
    ("Debug", "-march=x86-64-v2", "simd_sse42"),
])
def test_a_consumer_builds_and_runs(prefix, tmp_path, build_type, flags, search):
    done = configure(CONSUMER, tmp_path, prefix, f"-DCMAKE_BUILD_TYPE={build_type}", f"-DCMAKE_CXX_FLAGS={flags}")
    assert done.returncode == 0, done.stderr
    run("cmake", "--build", tmp_path, "--parallel", JOBS)
    assert run(tmp_path / "example") == "20 -> 400\n30 -> 900\n40 -> 1600\n50 holds 2500\n"
    assert run(tmp_path / "two_units") == f"{search} 1000 1000\n"


@pytest.mark.parametrize("hide", ["not installed", "wrong folder given"])
def test_without_xsimd_the_package_says_what_to_install(prefix, tmp_path, hide):
    empty = tmp_path / "empty"
    empty.mkdir()
    done = configure(CONSUMER, tmp_path / "build", prefix, *{
        "not installed": [f"-DCMAKE_FIND_ROOT_PATH={empty}", "-DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY"],
        "wrong folder given": [f"-DBWLAB_XSIMD_INCLUDE_DIR={empty}"],
    }[hide])
    assert done.returncode != 0
    message = " ".join(done.stderr.split())
    assert "bwlab needs xsimd/xsimd.hpp, which was not found: install" in message
    assert "libxsimd-dev" in message and "set BWLAB_XSIMD_INCLUDE_DIR" in message


def test_the_headers_of_xsimd_are_those_that_the_consumer_names(prefix, tmp_path):
    xsimd = tmp_path / "elsewhere"
    (xsimd / "xsimd").mkdir(parents=True)
    (xsimd / "xsimd" / "xsimd.hpp").touch()
    done = configure(CONSUMER, tmp_path / "build", prefix, f"-DBWLAB_XSIMD_INCLUDE_DIR={xsimd}",
                     "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
    assert done.returncode == 0, done.stderr
    assert f"-isystem {xsimd} " in (tmp_path / "build" / "compile_commands.json").read_text()


@pytest.mark.parametrize("version", ["0.0", "0.2", "1.1"])
def test_another_minor_version_is_refused(prefix, tmp_path, version):
    source = tmp_path / "source"
    source.mkdir()
    (source / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(other LANGUAGES NONE)\n"
        f"find_package(bwlab {version} REQUIRED)\n")
    done = configure(source, tmp_path / "build", prefix)
    assert done.returncode != 0
    assert f'compatible with requested version "{version}"' in " ".join(done.stderr.split())


def included_from(name):
    """The headers of the engine that `name` includes, directly or not, and itself."""
    seen, to_read = {name}, [name]
    while to_read:
        text = (CORE / to_read.pop()).read_text()
        new = set(re.findall(r'^#include "(bwlab/[^"]+)"', text, re.MULTILINE)) - seen
        seen |= new
        to_read += new
    return seen


def needs_tbb(name):
    return any(re.search(r"^#include <(oneapi/)?tbb/", (CORE / included).read_text(), re.MULTILINE)
               for included in included_from(name))


def test_the_umbrella_header_includes_every_policy_that_needs_no_further_library():
    policies = {name for name in headers(CORE) if re.search(r"\bkSummary\s*=", (CORE / name).read_text())}
    assert "bwlab/policy/default_traits.h" in policies
    left_out = {name for name in policies if not needs_tbb(name)} - included_from("bwlab/bwlab.h")
    assert not left_out, "bwlab.h must include them"
    assert not needs_tbb("bwlab/bwlab.h")


def test_the_example_of_the_readme_is_the_one_that_is_built():
    example = (CONSUMER / "example.cc").read_text()
    assert readme_block("cpp") == example
    assert len(example.splitlines()) < 30


def test_the_cmake_lines_of_the_readme_are_those_that_are_built():
    assert readme_block("cmake") in (CONSUMER / "CMakeLists.txt").read_text()
