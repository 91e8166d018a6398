"""Medians, spreads and ratios, checked against numbers worked out by hand."""

import math

import pytest
from made_results import made_result, made_spec, write_results

from bwlab_results import ResultsError, load, summarise


def results_of(tmp_path, cells, spec=None):
    """`cells`: {(workload, label, threads): throughputs of the repetitions}."""
    documents = [made_result(workload, label, threads, rep, throughput_ops_s=value)
                 for (workload, label, threads), values in cells.items()
                 for rep, value in enumerate(values)]
    return load(write_results(tmp_path / "run", documents, spec))


def row(table, workload, label, threads):
    return table.set_index(["workload", "label", "threads"]).loc[(workload, label, threads)]


def test_median_spread_and_ratio(tmp_path):
    results = results_of(tmp_path, {
        ("ycsb_a", "bwtree/default", 1): [4e6, 3e6, 5e6],
        ("ycsb_a", "std_map_rwlock", 1): [1e6, 2e6],
        ("ycsb_a", "bwtree/default", 2): [9e6],
        ("ycsb_a", "std_map_rwlock", 2): [0.9e6],
    })
    table = summarise(results, baseline="std_map_rwlock")
    one = row(table, "ycsb_a", "bwtree/default", 1)
    assert (one.n, one["median"], one["min"], one["max"]) == (3, 4e6, 3e6, 5e6)
    assert one.spread == pytest.approx(0.5)
    assert one.ratio == pytest.approx(4e6 / 1.5e6)
    assert row(table, "ycsb_a", "bwtree/default", 2).ratio == pytest.approx(10)
    assert row(table, "ycsb_a", "std_map_rwlock", 1).ratio == 1
    assert row(table, "ycsb_a", "std_map_rwlock", 2).spread == 0


def test_intervals_are_where_there_are_enough_repetitions(tmp_path):
    results = results_of(tmp_path, {
        ("ycsb_a", "bwtree/default", 1): [4e6, 3e6, 5e6],
        ("ycsb_a", "std_map_rwlock", 1): [1e6, 2e6, 2e6],
        ("ycsb_a", "tbb_concurrent_map", 1): [4e6, 3e6],
    })
    table = summarise(results, baseline="std_map_rwlock")
    one = row(table, "ycsb_a", "bwtree/default", 1)
    assert (one.interval_low, one.interval_high) == (3e6, 5e6)
    assert 1.5 <= one.ratio_low < one.ratio == 2 < one.ratio_high <= 5
    few = row(table, "ycsb_a", "tbb_concurrent_map", 1)
    assert math.isnan(few.interval_low) and math.isnan(few.ratio_high)
    assert math.isnan(row(table, "ycsb_a", "std_map_rwlock", 1).ratio_low), "it is the baseline"


def test_ratios_are_to_the_baseline_of_the_same_coordinates(tmp_path):
    def made(label, throughput, **sweep):
        return made_result(label=label, throughput_ops_s=throughput,
                           sweep={key.replace("__", "."): value for key, value in sweep.items()})

    documents = [made("bwtree/default", 4e6, keys__space="rand_int"),
                 made("bwtree/default", 9e6, keys__space="mono_int"),
                 made("std_map_rwlock", 2e6, keys__space="rand_int"),
                 made("std_map_rwlock", 3e6, keys__space="mono_int"),
                 made("null", 8e6)]
    spec = made_spec(sweep={"keys.space": ["rand_int", "mono_int"]})
    results = load(write_results(tmp_path / "run", documents, spec))
    table = summarise(results, baseline="std_map_rwlock")
    ratios = {(row.label, row.sweep): row.ratio for row in table.itertuples()}
    assert ratios["bwtree/default", "keys.space=rand_int"] == 2
    assert ratios["bwtree/default", "keys.space=mono_int"] == 3
    assert math.isnan(ratios["null", ""]), "two cells of the baseline would do"
    assert list(table["sweep"].unique()) == ["", "keys.space=rand_int", "keys.space=mono_int"]
    against_null = summarise(results, baseline="null")
    assert sorted(against_null["ratio"]) == [0.25, 0.375, 0.5, 1, 1.125]


def test_ratio_is_nan_where_the_baseline_was_not_measured(tmp_path):
    results = results_of(tmp_path, {
        ("ycsb_a", "bwtree/default", 1): [4e6], ("ycsb_a", "std_map_rwlock", 1): [2e6],
        ("ycsb_b", "bwtree/default", 1): [4e6], ("ycsb_a", "bwtree/default", 2): [4e6],
    })
    table = summarise(results, baseline="std_map_rwlock")
    assert row(table, "ycsb_a", "bwtree/default", 1).ratio == 2
    assert math.isnan(row(table, "ycsb_b", "bwtree/default", 1).ratio)
    assert math.isnan(row(table, "ycsb_a", "bwtree/default", 2).ratio)


def test_the_baseline_is_the_specs_unless_given(tmp_path):
    results = results_of(tmp_path, {
        ("ycsb_a", "bwtree/default", 1): [4e6], ("ycsb_a", "std_map_rwlock", 1): [2e6],
    }, made_spec())
    assert set(summarise(results).baseline) == {"std_map_rwlock"}
    table = summarise(results, baseline="bwtree/default")
    assert row(table, "ycsb_a", "std_map_rwlock", 1).ratio == 0.5


def test_without_a_baseline_there_are_no_ratios(tmp_path):
    results = results_of(tmp_path, {("ycsb_a", "bwtree/default", 1): [4e6]}, made_spec())
    table = summarise(results)
    assert table.baseline.isna().all() and table.ratio.isna().all()


def test_a_metric_that_some_or_all_lack(tmp_path):
    documents = [made_result(label="bwtree/default", bytes_per_key=20),
                 made_result(label="std_map_rwlock", bytes_per_key=None)]
    table = summarise(load(write_results(tmp_path / "some", documents)), "bytes_per_key")
    assert row(table, "ycsb_a", "bwtree/default", 1)["median"] == 20
    missing = row(table, "ycsb_a", "std_map_rwlock", 1)
    assert missing.n == 0 and math.isnan(missing["median"])
    table = summarise(load(write_results(tmp_path / "all", documents[1:])), "bytes_per_key")
    assert table.n.tolist() == [0]


def test_rows_stand_in_the_specs_order(tmp_path):
    results = results_of(tmp_path, {
        (workload, label, threads): [1e6]
        for workload in ("ycsb_b", "ycsb_a") for label in ("std_map_rwlock", "bwtree/default")
        for threads in (16, 2)
    }, made_spec(matrix={"workload": ["ycsb_b", "ycsb_a"],
                         "engine": ["std_map_rwlock", "bwtree/default"]}))
    rows = [(r.workload, r.threads, r.label) for r in summarise(results).itertuples()]
    assert rows[:3] == [("ycsb_b", 2, "std_map_rwlock"), ("ycsb_b", 2, "bwtree/default"),
                        ("ycsb_b", 16, "std_map_rwlock")]


def test_cells_of_different_settings_are_never_averaged(tmp_path):
    small, large = made_result(rep=0), made_result(rep=0)
    large.update(cell_id="f" * 16, record_count=2000000)
    results = load(write_results(tmp_path / "run", [small, large]))
    with pytest.raises(ResultsError) as caught:
        summarise(results)
    assert "bwtree/default on ycsb_a with 1 threads differ in record_count" in str(caught.value)


@pytest.mark.parametrize("arguments, words", [
    ({"metric": "througput_ops_s"}, "did you mean 'throughput_ops_s'?"),
    ({"metric": "label"}, "unknown metric 'label'"),
    ({"baseline": "std_map_rwlok"}, "did you mean 'std_map_rwlock'?"),
    ({"baseline": "x"}, "unknown baseline 'x'; known: std_map_rwlock"),
])
def test_unknown_names_are_answered_with_the_choices(tmp_path, arguments, words):
    results = results_of(tmp_path, {("ycsb_a", "std_map_rwlock", 1): [2e6]})
    with pytest.raises(ResultsError) as caught:
        summarise(results, **arguments)
    assert words in str(caught.value)
