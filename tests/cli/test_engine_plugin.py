"""`--engine-plugin`: engines in shared libraries, and what they do wrong."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from repository import REPOSITORY
from test_run import results_of

# By the numbers of the option `fault` of tests/plugins/full_plugin.cc.
FAULTS = {
    "create fails": (1, 4, "create failed: there is no device"),
    "create crashes": (2, 4, "signal 11 (Segmentation fault)"),
    "create makes nothing": (3, 3, "create returned no index"),
    "open_session fails": (5, 4, "open_session lacked memory"),
    "get crashes": (6, 4, "signal 11 (Segmentation fault)"),
    "get throws": (7, 4, "signal 6 (Aborted)"),
    "get exits": (9, 4, "its process ended with exit code 0"),
    "get answers nonsense": (10, 3, "an operation returned 77"),
    "get returns another value": (11, 3, "were wrong"),
    "update fails": (13, 4, "an operation failed: the device is full"),
    "size is wrong": (16, 3, "records are counted where"),
}
PRINTS = 4
HANGS = 8
CLAIMS_TOO_LONG_A_VALUE = 12
SKIPS_RECORDS = 14
SCAN_ANSWERS_NONSENSE = 15


@pytest.fixture(scope="session")
def plugins(binary):
    folder = Path(binary).parent / "plugins"
    assert folder.is_dir(), "build the targets example_map, full_plugin and pibench_map"
    return folder


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """Compiles C source against the public header alone; returns the library."""
    folder = tmp_path_factory.mktemp("compiled")
    compiler = os.environ.get("CC", "cc")

    def compile_library(name, source):
        path = folder / f"{name}.so"
        (folder / f"{name}.c").write_text(source)
        subprocess.run(
            [compiler, "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-shared", "-fPIC", "-I",
             REPOSITORY / "experiments", folder / f"{name}.c", "-o", path], check=True, timeout=120)
        return path

    return compile_library


def one_cell(spec, engine, workload="ycsb_a"):
    spec["matrix"] = {"workload": [workload], "engine": engine if isinstance(engine, list) else [engine],
                      "threads": [2]}
    return spec


def run_plugin(run_experiment, path, library, *arguments, out="out"):
    done = run_experiment("run", path, "--engine-plugin", library, "--out", out, *arguments)
    assert done.returncode == 0, done.stderr
    return results_of(run_experiment.folder / out)


@pytest.mark.parametrize("file, name, workloads", [
    ("libexample_map.so", "example_map", ["load", "ycsb_a", "ycsb_d", "ycsb_e", "ycsb_f", "delete_mix"]),
    ("libfull_plugin.so", "full_plugin", ["load", "ycsb_b", "ycsb_e", "delete_mix", "reverse_scan"]),
    ("libpibench_map.so", "pibench_map", ["load", "ycsb_a", "ycsb_d", "ycsb_e", "ycsb_f", "delete_mix"]),
])
def test_a_plugin_runs_with_every_read_checked(run_experiment, write_spec, spec, plugins, file, name, workloads):
    spec["matrix"] = {"workload": workloads, "engine": [name, "null"], "threads": [2]}
    spec["exclude"] = [{"engine": "null"}]
    results = run_plugin(run_experiment, write_spec(spec), plugins / file, "--verify", "full")
    assert sorted(result["workload"] for result in results) == sorted(workloads)
    for result in results:
        assert result["label"] == name and result["verify"]["wrong"] == 0
        assert result["config"]["plugin"] == result["provenance"]["engine_plugins"][name]
        assert result["config"]["plugin"]["file"] == file
        assert str(plugins) not in json.dumps(result), "no path of this machine"
        counted = name != "pibench_map"
        assert (result["size"]["counted"] is not None) == counted
        assert ("reason" not in result["size"]) == counted
        if counted and result["size"]["expected"] is not None:
            assert result["size"]["counted"] == result["size"]["expected"]
        assert (result["memory"]["bytes_per_key"] is not None) == (name == "full_plugin")
        assert (result["memory"]["reason"] is None) == (name == "full_plugin")


@pytest.mark.parametrize("space", ["rand_int", "email", "composite"])
@pytest.mark.parametrize("values", [None, {"size": 100}, {"distribution": "uniform", "size_min": 8, "size_max": 4096}])
def test_records_of_all_forms_pass_through_the_interface(run_experiment, write_spec, spec, plugins, space, values):
    spec = one_cell(spec, "full_plugin", "ycsb_e")
    spec["keys"]["space"] = space
    if values:
        spec["values"] = values
    (result,) = run_plugin(run_experiment, write_spec(spec), plugins / "libfull_plugin.so", "--verify", "full")
    assert result["verify"]["checked"] > 0


def test_long_keys_and_values_of_a_pibench_tree(run_experiment, write_spec, spec, plugins):
    options = {"key_size": 24, "value_size": 200, "big_endian_keys": 1, "scan_records_max": 7}
    spec = one_cell(spec, "pibench_map", "ycsb_e")
    spec["engine_options"] = {"pibench_map": options}
    library = plugins / "libpibench_map.so"
    (result,) = run_plugin(run_experiment, write_spec(spec), library, "--verify", "full")
    assert result["config"]["options"] == {**options, "num_threads": 64}
    spec["engine_options"]["pibench_map"]["big_endian_keys"] = 0
    done = run_experiment("run", write_spec(spec), "--engine-plugin", library, "--verify", "full", "--out", "x")
    assert done.returncode == 3, "strings of integers in the wrong order: scans are out of order"
    spec["engine_options"]["pibench_map"] = {"value_size": 1024}
    sentence = run_experiment.refused("run", write_spec(spec), "--engine-plugin", library, "--out", "y", exit_code=4)
    assert "create_tree made no tree" in sentence and "1024" in sentence


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_its_cell_and_no_other(run_experiment, write_spec, spec, plugins, fault):
    number, exit_code, told = FAULTS[fault]
    spec = one_cell(spec, ["full_plugin", "std_map_rwlock"])
    spec["engine_options"] = {"full_plugin": {"fault": number}}
    spec["reps"] = 2
    done = run_experiment("run", write_spec(spec), "--engine-plugin", plugins / "libfull_plugin.so", "--verify",
                          "full", "--quiet", "--out", "out")
    assert done.returncode == exit_code, done.stderr
    failure, rest = done.stderr.splitlines()
    assert "ycsb_a, full_plugin, 2 threads: " in failure and told in failure
    assert "2 finished results" in rest and "--resume" in rest
    assert "std_map_rwlock" in done.stdout, "the summary of what was measured"
    assert [result["label"] for result in results_of(run_experiment.folder / "out")] == ["std_map_rwlock"] * 2


@pytest.mark.parametrize("fault, exit_code, told", [
    (CLAIMS_TOO_LONG_A_VALUE, 3, "get says that it wrote 18446744073709551615 bytes"),
    (SKIPS_RECORDS, 3, "the pass over all records met 1000 where 2000 must be"),
    (SCAN_ANSWERS_NONSENSE, 3, "a scan returned 2"),
])
def test_faults_that_take_a_record_of_bytes_or_a_scan_are_found(
        run_experiment, write_spec, spec, plugins, fault, exit_code, told):
    spec = one_cell(spec, "full_plugin", "ycsb_c")
    spec["values"] = {"size": 100}
    spec["engine_options"] = {"full_plugin": {"fault": fault}}
    sentence = run_experiment.refused(
        "run", write_spec(spec), "--engine-plugin", plugins / "libfull_plugin.so", "--verify", "full", "--quiet",
        "--out", "out", exit_code=exit_code)
    assert told in sentence


def test_a_plugin_that_hangs_is_ended_by_the_timeout(run_experiment, write_spec, spec, plugins):
    spec = one_cell(spec, ["full_plugin", "std_map_rwlock"])
    spec["engine_options"] = {"full_plugin": {"fault": HANGS}}
    done = run_experiment("run", write_spec(spec), "--engine-plugin", plugins / "libfull_plugin.so", "--quiet",
                          "--timeout", "5s", "--out", "out")
    assert done.returncode == 4
    assert "took longer than 5 s and was ended" in done.stderr
    assert [result["label"] for result in results_of(run_experiment.folder / "out")] == ["std_map_rwlock"]


def test_what_a_plugin_prints_spoils_no_result(run_experiment, write_spec, spec, plugins):
    spec = one_cell(spec, "full_plugin")
    spec["engine_options"] = {"full_plugin": {"fault": PRINTS}}
    (result,) = run_plugin(run_experiment, write_spec(spec), plugins / "libfull_plugin.so")
    assert result["label"] == "full_plugin"


def test_another_build_of_a_library_makes_other_cells(run_experiment, write_spec, spec, plugins, tmp_path):
    path = write_spec(one_cell(spec, "example_map"))
    other = tmp_path / "other" / "libexample_map.so"
    other.parent.mkdir()
    shutil.copy(plugins / "libexample_map.so", other)

    def cell_id(library):
        return run_experiment.json("plan", path, "--engine-plugin", library)["cells"][0]["cell_id"]

    assert cell_id(other) == cell_id(plugins / "libexample_map.so"), "the folder is no part of it"
    with other.open("ab") as file:
        file.write(b"\0")
    assert cell_id(other) != cell_id(plugins / "libexample_map.so")


def test_two_builds_run_beside_each_other_under_names_of_the_user(run_experiment, write_spec, spec, plugins):
    library = plugins / "libexample_map.so"
    path = write_spec(one_cell(spec, ["example_map", "old_map"]))
    results = run_plugin(run_experiment, path, library, "--engine-plugin", f"old_map={library}")
    assert sorted(result["label"] for result in results) == ["example_map", "old_map"]
    assert len({result["cell_id"] for result in results}) == 2


def test_options_are_in_plans_explanations_and_sweeps(run_experiment, write_spec, spec, plugins):
    path = write_spec(one_cell(spec, "full_plugin"))
    plugin = ["--engine-plugin", plugins / "libfull_plugin.so"]
    cells = run_experiment.json("plan", path, *plugin, "--sweep", "engine_options.full_plugin.ignored=1,2,3")["cells"]
    assert len(cells) == 3
    (explained,) = run_experiment.json("explain", path, *plugin, "--set", "engine_options.full_plugin.ignored=9")
    values = {value["key"]: value for value in explained["values"]}
    assert values["engine_options.full_plugin.ignored"]["value"] == 9
    assert "--set" in values["engine_options.full_plugin.ignored"]["from"]
    assert values["engine.plugin.interface"]["value"] == "bwlab"
    for setting, told in [("ignored=101", "1..100"), ("ignord=1", 'did you mean "ignored"?')]:
        sentence = run_experiment.refused("plan", path, *plugin, "--set", f"engine_options.full_plugin.{setting}")
        assert told in sentence


def test_every_command_that_names_engines_knows_the_flag(run_experiment, write_spec, spec, plugins):
    plugin = ["--engine-plugin", plugins / "libexample_map.so"]
    path = write_spec(one_cell(spec, "example_map"))
    listed = {item["name"]: item for item in run_experiment.json("list", "engines", *plugin)}
    assert listed["example_map"]["scan"] and not listed["example_map"]["reverse_scan"]
    assert run_experiment("validate", path, *plugin).returncode == 0
    assert 'unknown engine "example_map"' in run_experiment.refused("validate", path)
    found = run_experiment.json("find-max", path, *plugin, "--slo", "max<100s", "--rate-min", 1000, "--rate-max", 1000,
                                "--seconds", 1, "--reps", 1, "--out", "max")
    assert "example_map" in json.dumps(found)
    assert run_experiment("trace", "record", path, *plugin, "--out", "t.bwtrace").returncode == 0
    done = run_experiment("trace", "replay", "t.bwtrace", *plugin, "--engine", "example_map", "--reps", 1, "--out", "r")
    assert done.returncode == 0, done.stderr
    both = run_experiment("compare", "--binaries", run_experiment.binary, run_experiment.binary, path, *plugin,
                          "--reps", 1, "--force", "--quiet", "--out", "both")
    assert both.returncode == 0, both.stderr
    assert {result["label"] for result in results_of(run_experiment.folder / "both" / "a")} == {"example_map"}


@pytest.mark.parametrize("workload, extra, told", [
    ("reverse_scan", {}, "cannot scan backwards"),
    ("ycsb_a", {"keys": {"count": 100, "space": "email"}}, "takes integer keys only"),
    ("ycsb_a", {"values": {"size": 100}}, "takes values of 8 bytes only"),
])
def test_what_a_plugin_cannot_do_is_refused(run_experiment, write_spec, spec, plugins, workload, extra, told):
    path = write_spec({**one_cell(spec, "example_map", workload), **extra})
    sentence = run_experiment.refused("run", path, "--engine-plugin", plugins / "libexample_map.so", "--out", "out")
    assert '"example_map"' in sentence and told in sentence


PLUGIN = """#include "bwlab/plugin/engine_plugin.h"

static const BwlabEnginePlugin plugin = {
    .abi_version = %s, .struct_size = %s, .name = %s, .version = "1", .summary = "for a test"};
const BwlabEnginePlugin* bwlab_engine_plugin(void) { return %s; }
"""
VERSION = "BWLAB_ENGINE_PLUGIN_ABI_VERSION"
SIZE = "sizeof(BwlabEnginePlugin)"


@pytest.mark.parametrize("name, source, told", [
    ("another_version", (f"{VERSION} + 1", SIZE, '"a"', "&plugin"),
     "made for version 2 of engine_plugin.h, and this program has version 1"),
    ("too_small", (VERSION, "16", '"a"', "&plugin"), "struct_size is 16, less than"),
    ("bad_name", (VERSION, SIZE, '"A plug-in"', "&plugin"), 'its name "A plug-in" must be 1 to 64 small letters'),
    ("no_name", (VERSION, SIZE, "0", "&plugin"), 'its name "" must be'),
    ("no_functions", (VERSION, SIZE, '"a"', "&plugin"), "its function create is NULL"),
    ("nothing", (VERSION, SIZE, '"a"', "plugin.name ? 0 : &plugin"), "bwlab_engine_plugin returned NULL"),
])
def test_a_plugin_that_is_made_wrong_is_refused_at_once(run_experiment, compiled, name, source, told):
    library = compiled(name, PLUGIN.replace("plugin.name ? 0 : &plugin", "0") % source)
    sentence = run_experiment.refused("list", "engines", "--engine-plugin", library)
    assert f"--engine-plugin {library}: " in sentence and told in sentence


@pytest.mark.parametrize("name, source, told", [
    ("no_symbol", "int other_symbol = 1;\n", "exports neither bwlab_engine_plugin nor"),
    ("crash_at_load", "#include <signal.h>\n__attribute__((constructor)) static void load(void) { raise(SIGSEGV); }\n",
     "the process that loaded it was ended by signal 11"),
    ("exit_at_load", "#include <stdlib.h>\n__attribute__((constructor)) static void load(void) { exit(0); }\n",
     "the process that loaded it ended with exit code 0"),
])
def test_a_library_that_is_no_plugin_is_refused_at_once(run_experiment, compiled, name, source, told):
    library = compiled(name, source)
    sentence = run_experiment.refused("run", "quickstart", "--engine-plugin", library, "--out", "out")
    assert str(library) in sentence and told in sentence


@pytest.mark.parametrize("value, told", [
    ("none.so", "there is no such file"),
    (".", "there is no such file"),
    ("text.so", "cannot be loaded"),
    ("x=", "takes [NAME=]FILE"),
    ("Bad=text.so", "cannot be loaded"),
])
def test_a_file_that_is_no_library_is_refused(run_experiment, value, told):
    (run_experiment.folder / "text.so").write_text("no library\n")
    assert told in run_experiment.refused("list", "engines", "--engine-plugin", value)


@pytest.mark.parametrize("name, told", [
    ("bwtree", 'there is an engine "bwtree" already'),
    ("Bad", 'the name "Bad" must be'),
])
def test_names_that_cannot_be_are_refused(run_experiment, plugins, name, told):
    value = f"{name}={plugins / 'libexample_map.so'}"
    assert told in run_experiment.refused("list", "engines", "--engine-plugin", value)


def test_the_example_of_the_guide_is_made_and_run_as_it_says(run_experiment, plugins, tmp_path):
    """Against the installed header, as a stranger has it."""
    guide = (REPOSITORY / "experiments" / "plugins" / "README.md").read_text()
    (block,) = [part for part in guide.split("```") if part.startswith("sh\n")]
    compile_line, run_line = block.removeprefix("sh\n").strip().splitlines()
    build = plugins.parent
    installed = tmp_path / "installed"
    subprocess.run(["cmake", "--install", build, "--component", "engine_plugin", "--prefix", installed], check=True,
                   capture_output=True, timeout=60)
    shutil.copy(REPOSITORY / "experiments" / "plugins" / "example_map.cc", tmp_path)
    line = compile_line.replace("experiments/plugins/", "").replace("-I experiments", f"-I {installed}/include")
    assert "-I experiments" in compile_line and "example_map.cc" in line
    subprocess.run(line.split(), cwd=tmp_path, check=True, timeout=120)
    arguments = run_line.split()
    assert arguments[0] == "build/native/run_experiment"
    (run_experiment.folder / "libexample_map.so").symlink_to(tmp_path / "libexample_map.so")
    done = run_experiment(*arguments[1:], "--set", "keys.count=1000", "--set", "ops=1000", "--reps", 1, "--out", "out")
    assert done.returncode == 0, done.stderr
    labels = {result["label"] for result in results_of(run_experiment.folder / "out")}
    assert labels == {"example_map", "std_map_rwlock"}


def test_the_example_is_short():
    lines = (REPOSITORY / "experiments" / "plugins" / "example_map.cc").read_text().splitlines()
    assert len(lines) < 100
