"""`list`, `validate`, help, and the schemas themselves."""

import json

import jsonschema
import pytest

from repository import REPOSITORY, schema

TOPICS = ["engines", "policies", "variants", "workloads", "distributions", "experiments"]


@pytest.mark.parametrize("topic", TOPICS)
def test_list_is_an_array_of_named_summaries(run_experiment, topic):
    items = run_experiment.json("list", topic)
    assert items
    for item in items:
        assert item["name"] and item["summary"]
        if topic == "policies":
            assert item["family"]
    text = run_experiment("list", topic)
    assert text.returncode == 0
    assert len(text.stdout.splitlines()) == len(items)


def test_what_is_listed_is_what_is_there(run_experiment):
    def names(topic):
        return {item["name"] for item in run_experiment.json("list", topic)}

    assert names("engines") == {
        "bwtree", "btree_olc", "std_map_rwlock", "absl_btree_rwlock", "tbb_concurrent_map", "libcds_skiplist",
        "rocksdb", "leveldb", "lmdb", "wiredtiger", "sqlite", "null"}
    assert {"default", "scalar", "stats"} <= names("variants")
    assert names("workloads") == {path.stem for path in (REPOSITORY / "workloads").glob("*.json")}
    assert "quickstart" in names("experiments")
    assert {"uniform", "zipfian", "latest"} <= names("distributions")


@pytest.mark.parametrize("kind", ["spec", "result", "workload", "micro"])
def test_schemas_are_draft_07(kind):
    document = schema(kind)
    jsonschema.Draft7Validator.check_schema(document)
    assert document["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_every_spec_of_the_repository_is_valid(run_experiment):
    specs = sorted((REPOSITORY / "experiments" / "specs").glob("*.json"))
    assert specs
    done = run_experiment("validate", *specs)
    assert done.returncode == 0, done.stderr


def test_every_workload_of_the_repository_is_valid(run_experiment):
    done = run_experiment("validate", *sorted((REPOSITORY / "workloads").glob("*.json")))
    assert done.returncode == 0, done.stderr


def test_a_folder_without_files_to_check_is_named(run_experiment):
    (run_experiment.folder / "empty").mkdir()
    assert "empty: a folder in which no *.json is" in run_experiment.refused("validate", "empty")


def test_what_follows_two_dashes_is_no_flag(run_experiment, write_spec, spec):
    write_spec(spec, "-spec.json")
    done = run_experiment("validate", "--", "-spec.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "-spec.json: valid, a spec of 1 cell, 1 repetition each" in done.stdout


def test_a_results_folder_is_valid_until_one_byte_is_wrong(run_experiment, write_spec, spec):
    assert run_experiment("run", write_spec(spec), "--out", "out").returncode == 0
    verdicts = run_experiment.json("validate", "out")
    assert [verdict["kind"] for verdict in verdicts] == ["result", "spec"]
    (file,) = (run_experiment.folder / "out" / "cells").iterdir()
    result = json.loads(file.read_text())
    assert list(result)[0] == "schema_version"
    for path, value, shown in [("rep", -1, "/rep"), ("cell_id", "xyz", "/cell_id"),
                               ("threads", 1.5, "/threads"), ("extra", 1, '"extra"')]:
        file.write_text(json.dumps({**result, path: value}))
        sentence = run_experiment.refused("validate", file)
        assert str(file) in sentence and shown in sentence
    broken = dict(result)
    del broken["provenance"]
    file.write_text(json.dumps(broken))
    assert '"provenance"' in run_experiment.refused("validate", file)


def test_the_binary_and_jsonschema_agree(run_experiment, write_spec, spec):
    """The binary checks with a validator of its own; the reference must not differ."""
    validator = jsonschema.Draft7Validator(schema("spec"))
    for change in [{}, {"reps": 0}, {"reps": 5.0}, {"reps": 5.5}, {"title": 3},
                   {"figures": ["a", "a"]}, {"figures": ["a b"]}, {"matrix": {}},
                   {"unknown": 1}, {"verify": None}, {"latency": {}},
                   {"keys": {"count": 5, "space": "mono_int"}},
                   {"sweep": {"ops": [1, 2]}}, {"sweep": {"ops": [1, 1]}}, {"sweep": {"ops": []}},
                   {"sweep": {"ops": 1}}, {"sweep": []}, {"sweep": {}},
                   {"overrides": [{"where": {}, "set": {}}]}, {"overrides": [{}]},
                   {"engine_options": {"bwtree": {"leaf_capacity": 8}}},
                   {"engine_options": {"bwtree": {"leaf_capacity": "8"}}}]:
        document = {**spec, **change}
        valid = run_experiment("validate", write_spec(document)).returncode == 0
        assert valid == validator.is_valid(document), change


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["list", "-h"],
                                       ["plan", "--help"], ["validate", "--help"],
                                       ["explain", "--help"], ["doctor", "--help"],
                                       ["compare", "--help"], ["find-max", "--help"],
                                       ["completion", "--help"], ["micro", "--help"],
                                       ["docs", "--help"], ["trace", "--help"]])
def test_help(run_experiment, arguments):
    done = run_experiment(*arguments)
    assert done.returncode == 0
    assert "run_experiment" in done.stdout
    assert "faulty" not in done.stdout


def test_the_hidden_engine_is_not_named_anywhere(run_experiment):
    assert "faulty" not in run_experiment("list", "engines").stdout
    assert "faulty" not in run_experiment.refused("run", "--set", "matrix.engine=x", "--out", "out")
