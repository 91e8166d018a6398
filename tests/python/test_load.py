"""Reading a results folder: the columns, and a clear sentence for everything that can be wrong."""

import json
import math

import jsonschema
import pytest
from repository import REPOSITORY
from made_results import made_result, made_spec, quickstart_documents, write_results

from bwlab_results import ResultsError, load


def set_at(document, path, value):
    *parents, last = path.split(".")
    for key in parents:
        document = document[key]
    document[last] = value


def delete_at(document, path):
    *parents, last = path.split(".")
    for key in parents:
        document = document[key]
    del document[last]


def load_error(folder):
    with pytest.raises(ResultsError) as caught:
        load(folder)
    return str(caught.value)


def test_one_row_a_cell_and_repetition(tmp_path):
    results = load(write_results(tmp_path / "run", quickstart_documents(reps=2), made_spec()))
    assert len(results.frame) == 6 * 4 * 2 * 2
    assert not results.frame.duplicated(["workload", "label", "threads", "rep"]).any()
    assert results.experiment == "quickstart"
    assert results.spec["baseline"] == "std_map_rwlock"


def test_the_made_results_follow_the_schema():
    """Otherwise the other tests would prove nothing about run_experiment's files."""
    schema = json.loads((REPOSITORY / "experiments/schema/result.schema.json").read_text())
    for document in quickstart_documents(reps=1):
        jsonschema.validate(document, schema)
    jsonschema.validate(made_result(bytes_per_key=None, git_commit=None), schema)


def test_columns_carry_the_values_of_the_file(tmp_path):
    document = made_result("ycsb_b", "bwtree/scalar", threads=2, rep=1, throughput_ops_s=3.5e6)
    document["run"]["ops"]["read"] = {"ok": 5, "miss": 2, "fail": 1}
    document["run"]["ops"]["update"] = {"ok": 5, "miss": 3, "fail": 0}
    row = load(write_results(tmp_path / "run", [document])).frame.iloc[0]
    assert (row.workload, row.engine, row.variant, row.label) == (
        "ycsb_b", "bwtree", "scalar", "bwtree/scalar")
    assert (row.threads, row.rep, row.throughput_ops_s) == (2, 1, 3.5e6)
    assert (row.latency_p50_ns, row.latency_p99_9_ns) == (200, 1500)
    assert (row.ops_miss, row.ops_fail) == (5, 1)
    assert row.bytes_per_key_after_run == 2 * row.bytes_per_key
    assert row.host == "Example 9000, 2 cores"
    assert row.mix == "95% read, 5% update"


def test_mix_rounds_and_keeps_rare_operations_visible(tmp_path):
    document = made_result()
    document["stream"]["realised_mix"] = {"delete": 0.001, "read": 0.999, "scan": 0.0}
    assert load(write_results(tmp_path / "run", [document])).frame.mix[0] == "100% read, <1% delete"


@pytest.mark.parametrize("path", ["memory", "memory.bytes_per_key", "latency_ns", "latency_ns.all"])
@pytest.mark.parametrize("absent", [False, True])
def test_what_was_not_measured_is_nan_and_not_an_error(tmp_path, path, absent):
    document = made_result()
    delete_at(document, path) if absent else set_at(document, path, None)
    frame = load(write_results(tmp_path / "run", [document])).frame
    column = "bytes_per_key" if path.startswith("memory") else "latency_p99_ns"
    assert math.isnan(frame[column][0])
    assert frame[column].dtype == "float64"


def test_seeds_of_64_bits_survive(tmp_path):
    document = made_result()
    document["seed"] = 2**64 - 1
    assert int(load(write_results(tmp_path / "run", [document])).frame.seed[0]) == 2**64 - 1


def test_unfinished_files_are_left_alone(tmp_path):
    folder = write_results(tmp_path / "run", [made_result()])
    (folder / "cells" / ".half.json").write_text("{")
    (folder / "cells" / "half.json.tmp").write_text("{")
    assert len(load(folder).frame) == 1


def test_order_is_that_of_the_spec_then_alphabetical(tmp_path):
    documents = [made_result(label=name) for name in ("b", "a", "bwtree/scalar", "std_map_rwlock")]
    spec = made_spec(matrix={"engine": ["std_map_rwlock", "absent", "bwtree/scalar"]})
    results = load(write_results(tmp_path / "run", documents, spec))
    assert results.ordered("label") == ["std_map_rwlock", "bwtree/scalar", "a", "b"]
    assert results.ordered("workload") == ["ycsb_a"]


def test_a_missing_folder_is_named(tmp_path):
    assert "no such folder" in load_error(tmp_path / "nowhere")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    assert "not a folder" in load_error(tmp_path / "file")


def test_a_folder_of_runs_points_to_the_newest(tmp_path):
    for name in ("quickstart-1", "quickstart-2"):
        write_results(tmp_path / name, [made_result()])
    assert f"did you mean {tmp_path / 'quickstart-2'}?" in load_error(tmp_path)


def test_a_run_without_a_finished_cell_is_named(tmp_path):
    assert "holds no result" in load_error(write_results(tmp_path / "run", []))


@pytest.mark.parametrize("content, words", [
    (b"", "not valid JSON"),
    (b'{"schema_version": 1,', "not valid JSON"),
    (b"[" * 200_000, "nested too deeply"),
    (b"\xff\xfe", "not UTF-8 at byte 0"),
    (b"[1]", "must hold a JSON object, holds an array"),
    (b"null", "must hold a JSON object, holds null"),
    (b'{"schema_version": NaN}', "NaN is not JSON"),
    (b"{}", "schema_version is missing; this program reads 1"),
    (b'{"schema_version": 2}', "schema_version is 2; this program reads 1"),
    (b'{"schema_version": true}', "schema_version is true; this program reads 1"),
])
def test_a_file_that_is_no_result_is_named(tmp_path, content, words):
    folder = write_results(tmp_path / "run", [made_result()])
    (folder / "cells" / "broken.json").write_bytes(content)
    message = load_error(folder)
    assert "cells/broken.json: " in message
    assert words in message


@pytest.mark.parametrize("path, value, words", [
    ("cell_id", 7, 'cell_id is 7, must be a non-empty string'),
    ("rep", -1, "rep is -1, must be an integer of 0 or more"),
    ("rep", True, "rep is true, must be an integer"),
    ("rep", 1.5, "rep is 1.5, must be an integer"),
    ("threads", 0, "threads is 0, must be an integer of 1 or more"),
    ("threads", "two", 'threads is "two", must be an integer'),
    ("label", " ", "label is \" \", must be a non-empty string"),
    ("run.throughput_ops_s", 0, "run.throughput_ops_s is 0, must be a number above 0"),
    ("run.throughput_ops_s", None, "run.throughput_ops_s is null, must be a number above 0"),
    ("run.throughput_ops_s", {"a": 1}, "run.throughput_ops_s is an object, must be a number"),
    ("memory.bytes_per_key", -2.5, "memory.bytes_per_key is -2.5, must be a number of 0 or more"),
    ("provenance.git_dirty", "no", 'provenance.git_dirty is "no", must be true or false'),
    ("verify.wrong", 3, "verify.wrong is 3: the engine returned wrong values"),
])
def test_a_wrong_value_is_named_with_its_path_and_what_is_allowed(tmp_path, path, value, words):
    document = made_result()
    set_at(document, path, value)
    folder = write_results(tmp_path / "run", [])
    (folder / "cells" / "broken.json").write_text(json.dumps(document))
    assert f"cells/broken.json: {words}" in load_error(folder)


def test_a_number_too_large_for_a_double_is_refused(tmp_path):
    folder = write_results(tmp_path / "run", [])
    text = json.dumps(made_result())
    assert "2000000.0" in text
    text = text.replace("2000000.0", "1e400")
    (folder / "cells" / "broken.json").write_text(text)
    assert "must be a number" in load_error(folder)


def test_coordinates_are_text_and_checked(tmp_path):
    results = load(write_results(tmp_path / "run", [made_result(sweep={"keys.count": 1000}),
                                                    made_result(label="null")]))
    assert sorted(results.frame["sweep"]) == ["", "keys.count=1000"]
    broken = write_results(tmp_path / "broken", [made_result(sweep={"keys.count": [1, 2]})])
    assert "sweep is an object, must be an object of strings, numbers and booleans" in (
        load_error(broken))


@pytest.mark.parametrize("path", ["cell_id", "run", "run.seconds", "provenance.spec_sha256"])
def test_a_missing_key_is_named(tmp_path, path):
    document = made_result()
    delete_at(document, path)
    folder = write_results(tmp_path / "run", [])
    (folder / "cells" / "broken.json").write_text(json.dumps(document))
    found = path if path != "run" else "run.seconds"
    assert f"cells/broken.json: {found} is missing, must be" in load_error(folder)


def test_all_problems_are_reported_together_up_to_ten(tmp_path):
    folder = write_results(tmp_path / "run", [made_result()])
    for number in range(14):
        (folder / "cells" / f"broken{number:02}.json").write_text("{}")
    message = load_error(folder)
    assert "14 problems" in message
    assert "broken09" in message and "broken10" not in message
    assert "... and 4 more" in message


def test_two_files_of_one_repetition_are_refused(tmp_path):
    folder = write_results(tmp_path / "run", [made_result()])
    (folder / "cells" / "copy.json").write_text(json.dumps(made_result()))
    assert "repeats cell_id" in load_error(folder)


def test_a_broken_spec_is_named(tmp_path):
    folder = write_results(tmp_path / "run", [made_result()])
    (folder / "spec.json").write_text("{")
    assert "spec.json: not valid JSON" in load_error(folder)
