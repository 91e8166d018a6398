"""The medians as Markdown, and that the README shows those of committed results."""

import re

from made_results import made_result, made_spec, write_results
from repository import REPOSITORY

from bwlab_results import load
from bwlab_results.measures import MEASURES
from bwlab_results.summary import summarise
from bwlab_results.tables import markdown


def table_of(folder, documents, spec):
    results = load(write_results(folder, documents, spec))
    measure = MEASURES["throughput"]
    return markdown(results, measure, summarise(results, measure.metric)).splitlines()


def test_a_row_a_label_and_a_column_a_workload_with_the_medians_of_all_thread_counts(tmp_path):
    documents = [made_result(workload, label, threads, rep, throughput_ops_s=speed * (rep + 1))
                 for workload, label, threads, speed in (
                     ("ycsb_a", "bwtree/default", 1, 1.23456e6),
                     ("ycsb_a", "bwtree/default", 2, 61.7e6),
                     ("ycsb_c", "bwtree/default", 2, 200e6),
                     ("ycsb_a", "std_map_rwlock", 1, 4444.0),
                     ("ycsb_c", "std_map_rwlock", 1, 0.49999e6))
                 for rep in range(3)]
    assert table_of(tmp_path / "run", documents, made_spec()) == [
        "Throughput: million operations a second; medians; repetitions: 3; threads: 1 / 2.",
        "",
        "| | ycsb_a | ycsb_c |",
        "| --- | --- | --- |",
        "| `bwtree/default` | 2.47 / 123 | - / 400 |",
        "| `std_map_rwlock` | 0.00889 / - | 1.00 / - |",
    ]


def test_a_table_for_each_value_of_an_axis_of_all_and_a_row_for_those_of_one_label(tmp_path):
    documents = [made_result(label=label, throughput_ops_s=speed,
                             sweep={"keys.space": space, **own})
                 for space, factor in (("rand_int", 1), ("mono_int", 2))
                 for label, own, speed in (
                     ("bwtree/default", {"engine_options.bwtree.leaf_capacity": 64}, 1e6 * factor),
                     ("bwtree/default", {"engine_options.bwtree.leaf_capacity": 32}, 2e6 * factor),
                     ("std_map_rwlock", {}, 3e6 * factor))]
    spec = {**made_spec(), "sweep": {"keys.space": ["rand_int", "mono_int"],
                                     "engine_options.bwtree.leaf_capacity": [64, 32]}}
    assert table_of(tmp_path / "run", documents, spec) == [
        "Throughput: million operations a second; medians; repetitions: 1; threads: 1.",
        "",
        "keys.space=rand_int:",
        "",
        "| | ycsb_a |",
        "| --- | --- |",
        "| `bwtree/default` bwtree.leaf_capacity=64 | 1.00 |",
        "| `bwtree/default` bwtree.leaf_capacity=32 | 2.00 |",
        "| `std_map_rwlock` | 3.00 |",
        "",
        "keys.space=mono_int:",
        "",
        "| | ycsb_a |",
        "| --- | --- |",
        "| `bwtree/default` bwtree.leaf_capacity=64 | 2.00 |",
        "| `bwtree/default` bwtree.leaf_capacity=32 | 4.00 |",
        "| `std_map_rwlock` | 6.00 |",
    ]


def test_the_tables_of_the_readme_are_those_of_committed_results():
    readme = (REPOSITORY / "README.md").read_text()
    named = re.findall(r"\]\((results/reference/[^)]*\.md)\)", readme)
    assert named
    committed = {line for name in named
                 for line in (REPOSITORY / name).read_text().splitlines() if line.startswith("|")}
    shown = [line for line in readme.splitlines() if line.startswith("| `")]
    assert len(shown) > 10
    assert [line for line in shown if line not in committed] == []
