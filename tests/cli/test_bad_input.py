"""Bad input: exit code 2, one sentence that names what is wrong and what is allowed, no file."""

import json
import os
import subprocess

import pytest


def nested(depth):
    return '{"a":' * depth + "1" + "}" * depth


def edit(document, dotted_path, value):
    *parents, last = dotted_path.split(".")
    for key in parents:
        document = document.setdefault(key, {})
    document[last] = value


BAD_VALUES = [
    ("keys.count", 10**15, ["/keys/count", "1000000000000000", "1000000000000"]),
    ("keys.count", 0, ["/keys/count", "at least 1"]),
    ("keys.count", -5, ["/keys/count", "-5"]),
    ("keys.count", 1.5, ["/keys/count", "1.5", "integer"]),
    ("keys.count", 2**64, ["/keys/count", "18446744073709551616"]),
    ("keys.count", "many", ["/keys/count", "many", "integer"]),
    ("keys.count", None, ["/keys/count", "null"]),
    ("keys.count", 10**12, ["/keys/count", "GiB"]),
    ("keys.space", "rand", ["/keys/space", "rand_int", "mono_int"]),
    ("ops", 10**15, ["/ops", "1000000000000"]),
    ("ops", True, ["/ops", "true"]),
    ("matrix.threads", [0], ["/matrix/threads/0", "at least 1"]),
    ("matrix.threads", [1, 100000], ["/matrix/threads/1", "1024"]),
    ("matrix.threads", [2, 2], ["/matrix/threads/1", "twice"]),
    ("matrix.threads", [], ["/matrix/threads", "at least 1"]),
    ("matrix.threads", 2, ["/matrix/threads", "array"]),
    ("matrix.engine", ["bwtre"], ["/matrix/engine/0", 'did you mean "bwtree"', "std_map_rwlock"]),
    ("matrix.engine", ["bwtree/scaler"], ["/matrix/engine/0", 'did you mean "scalar"']),
    ("matrix.engine", ["std_map_rwlock/x"], ["/matrix/engine/0", "no variants"]),
    ("matrix.engine", ["../../etc"], ["/matrix/engine/0"]),
    ("matrix.workload", ["ycsb_z"], ["/matrix/workload/0", "ycsb_a"]),
    ("matrix.workload", ["../workloads/ycsb_a"], ["/matrix/workload/0"]),
    ("matrix.workloads", ["ycsb_a"], ['"workloads"', 'did you mean "workload"']),
    ("opps", 5, ['"opps"', 'did you mean "ops"']),
    ("id", "../evil", ["/id", "../evil"]),
    ("id", "x" * 129, ["/id"]),
    ("schema_version", 2, ["/schema_version", "expected 1"]),
    ("reps", 0, ["/reps", "at least 1"]),
    ("seed", -1, ["/seed", "-1"]),
    ("verify", "maybe", ["/verify", "off, sample, full"]),
    ("latency.sample_every", -1, ["/latency/sample_every"]),
    ("latency.sampel", 1, ['"sampel"', "sample_every"]),
    ("baseline", "tbb_concurrent_map", ["/baseline", "/matrix/engine"]),
    ("engine_options", {"bwtre": {}}, ["/engine_options", 'did you mean "bwtree"']),
    ("engine_options", {"std_map_rwlock": {"x": 1}},
     ["/engine_options/std_map_rwlock", "no options"]),
    ("overrides", [{"where": {"workload": "ycsb_x"}, "set": {}}], ["/overrides/0/where/workload"]),
    ("overrides", [{"where": {"engine": "btree"}, "set": {}}], ["/overrides/0/where/engine"]),
    ("overrides", [{"where": {}, "set": {"ops": 0}}], ["/overrides/0/set/ops"]),
    ("overrides", [{"where": {}, "set": {"opps": 1}}], ["/overrides/0/set", '"opps"']),
    ("overrides", [{"set": {"ops": 1}}], ["/overrides/0", '"where"', "missing"]),
    ("exclude", [{"workload": "*"}], ["no cell is left"]),
]


@pytest.mark.parametrize("path, value, shown", BAD_VALUES,
                         ids=[f"{path}={str(value)[:30]}" for path, value, _ in BAD_VALUES])
def test_bad_value_in_a_spec(run_experiment, write_spec, spec, path, value, shown):
    edit(spec, path, value)
    file = write_spec(spec)
    sentence = run_experiment.refused("run", file, "--out", "out")
    for part in [str(file), *shown]:
        assert part in sentence
    of_validate = run_experiment.refused("validate", file)
    free = ", but "  # what follows is the memory that is free, which changes by the moment
    assert of_validate.split(free)[0] == sentence.split(free)[0]


@pytest.mark.parametrize("key, options, shown", [
    ("leaf_capacity", 3, ["/engine_options/bwtree", "leaf_capacity", "4..1024"]),
    ("leaf_capasity", 64, ["/engine_options/bwtree", 'did you mean "leaf_capacity"']),
])
def test_bad_engine_option(run_experiment, write_spec, spec, key, options, shown):
    spec["matrix"]["engine"] = ["bwtree/default"]
    spec["engine_options"] = {"bwtree": {key: options}}
    sentence = run_experiment.refused("run", write_spec(spec), "--out", "out")
    for part in shown:
        assert part in sentence


def test_engines_tell_what_they_cannot_do(run_experiment):
    cannot = {engine["name"]: [key for key in ("scan", "reverse_scan", "delete", "byte_keys")
                                if not engine[key]]
               for engine in run_experiment.json("list", "engines")}
    assert {name: keys for name, keys in cannot.items() if keys} == {
        "tbb_concurrent_map": ["reverse_scan", "delete"],
        "libcds_skiplist": ["scan", "reverse_scan"]}


@pytest.mark.parametrize("text, shown", [
    ("", ["line 1"]),
    ("{", ["line 1"]),
    ('{"ops": 1,}', ["line 1"]),
    ("nonsense", ["line 1"]),
    ("\x00", ["line 1"]),
    ("[]", ["object"]),
    ("null", ["object"]),
    (nested(20000), ["32"]),
    ("[" * 20000, ["32"]),
    ('{"ops": 1, "ops": 2}', ["ops", "twice"]),
    ('{"ops": 1e400}', ["1e400"]),
    ('{"ops": 18446744073709551616}', ["18446744073709551616"]),
    ('{"title": "' + "x" * (1 << 20) + '"}', ["1048576"]),
    ("{}", ["schema_version"]),
], ids=range(14))
def test_text_that_is_no_spec(run_experiment, write_spec, text, shown):
    file = write_spec(text)
    sentence = run_experiment.refused("run", file, "--out", "out")
    for part in [str(file), *shown]:
        assert part in sentence
    run_experiment.refused("validate", file)


def test_comments_are_allowed(run_experiment, write_spec, spec):
    file = write_spec("// why\n" + json.dumps(spec))
    assert run_experiment("validate", file).returncode == 0


def test_bytes_that_are_not_utf_8(run_experiment):
    file = run_experiment.folder / "bytes.json"
    file.write_bytes(b'{"id": "\xff\xfe"}')
    assert "bytes.json" in run_experiment.refused("run", file)


@pytest.mark.parametrize("arguments, shown", [
    (["rum"], ["rum", 'did you mean "run"', "list"]),
    (["run", "--sed", "3"], ["--sed", "--seed"]),
    (["run", "--sed=3"], ['"--sed"']),
    (["--jsn"], ["--jsn"]),
    (["run", "a.json", "b.json"], ["b.json"]),
    (["run", "quickstrat"], ["quickstrat", 'did you mean "quickstart"']),
    (["run", "absent.json"], ["absent.json", "No such file"]),
    (["run", "."], ["."]),
    (["run", "./"], ["./: is a folder", "name of an experiment"]),
    (["help"], ['did you mean "--help"']),
    (["run", "--reps"], ["run: --reps takes N, which is missing"]),
    (["run", "--reps="], ['"--reps=" has no value']),
    (["run", "--reps", "1", "--reps", "2"], ["run: --reps N is given more than once"]),
    (["compare", "--binaries", "old"], ["compare: --binaries takes OLD NEW, which is missing"]),
    (["plan", "--json=x"], ["--json", "takes no value"]),
    (["run", "--ci", "0.1", "--reps-min", "9", "--reps-max", "3"], ["9 is more than --reps-max 3"]),
    (["run", "--set", "matrix.engine=btree_olc"], ["/baseline", "/matrix/engine: btree_olc"]),
    (["run", "--set", "matrix.engine=std_map"], ['did you mean "std_map_rwlock"']),
    (["run", "--reps", "0"], ["--reps 0", "at least 1"]),
    (["run", "--reps", "many"], ["--reps many", "integer"]),
    (["run", "--seed", "-1"], ["--seed -1", "at least 0"]),
    (["run", "--seed", "1e400"], ["--seed 1e400", "integer"]),
    (["run", "--seed", "18446744073709551616"], ["18446744073709551616"]),
    (["run", "--verify", "some"], ["--verify some", "off, sample, full"]),
    (["run", "--set", "opps=3"], ['"opps"', 'did you mean "ops"']),
    (["run", "--set", "ops"], ["ops", "key=value"]),
    (["run", "--set", "=3"], ["key=value"]),
    (["run", "--set", "ops="], ["/ops", "integer"]),
    (["run", "--set", "ops.x=3"], ['"x"']),
    (["run", "--set", "matrix.threads=0"], ["/matrix/threads/0", "at least 1"]),
    (["run", "--set", "matrix.engine=bwtre"], ["--set", 'did you mean "bwtree"']),
    (["run", "--set", "ops=" + nested(20000)], ["/ops"]),
    (["run", "--set", os.fsdecode(b"title=\xff")], ["title=", "not UTF-8"]),
    (["run", "--filter", "threads"], ["key=pattern"]),
    (["run", "--filter", "thread=1"], ['did you mean "threads"']),
    (["run", "--filter", "threads=9"], ['"9"', "1, 2"]),
    (["run", "--filter", "engine=bwtre"], ["bwtre", "std_map_rwlock"]),
    (["list"], ["engines", "workloads"]),
    (["list", "enginez"], ['did you mean "engines"']),
    (["list", "engines", "extra"], ["extra"]),
    (["validate"], ["spec"]),
    (["validate", "absent.json"], ["absent.json"]),
])
def test_bad_command_line(run_experiment, arguments, shown):
    if arguments[0] == "run" and "--out" not in arguments:
        arguments = [*arguments, "--out", "out"] if arguments[-1] != "--reps" else arguments
    sentence = run_experiment.refused(*arguments)
    for part in shown:
        assert part in sentence


def test_results_are_never_overwritten(run_experiment, write_spec, spec):
    file = write_spec(spec)
    assert run_experiment("run", file, "--out", "out").returncode == 0
    assert "out" in run_experiment.refused("run", file, "--out", "out")


def test_a_folder_called_like_an_experiment_does_not_hide_it(run_experiment):
    (run_experiment.folder / "quickstart").mkdir()
    assert run_experiment.json("plan", "quickstart")["experiment"] == "quickstart"


def test_a_folder_that_cannot_be_made_is_the_environments_fault(run_experiment, write_spec, spec):
    file = write_spec(spec)
    sentence = run_experiment.refused("run", file, "--out", "/proc/none/out", exit_code=4)
    assert "/proc/none" in sentence


def test_a_file_in_the_way_of_the_folder(run_experiment, write_spec, spec):
    file = write_spec(spec)
    assert "not a folder" in run_experiment.refused("run", file, "--out", file)


def test_garbage_for_the_hidden_command_is_an_error(binary):
    for text in ("", "{}", nested(20000), '{"workload_spec": 3}'):
        done = subprocess.run([binary, "cell"], input=text, text=True, capture_output=True,
                              check=False, timeout=60)
        assert done.returncode in (2, 70)
        assert done.stdout == ""
