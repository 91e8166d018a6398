"""`find-max`: the highest rate of an open loop that keeps a latency."""

import json
import signal
import subprocess

import jsonschema
import pytest

from repository import schema
from test_resume import names_in
from test_run import results_of


def find(run_experiment, path, *flags, name="out"):
    out = run_experiment.folder / name
    return out, run_experiment.json("find-max", path, "--out", out, *flags)


def test_a_rate_is_found_between_one_that_keeps_and_one_that_breaks(
        run_experiment, write_spec, spec):
    # A second, so that a stall of a busy machine is no 2% of it.
    out, report = find(run_experiment, write_spec(spec), "--slo", "p50<20ms", "--precision", 0.5,
                       "--seconds", 1, "--reps", 3, "--rate-min", 100000)
    (cell,) = report["cells"]
    assert cell["outcome"] == "found"
    kept, failed = cell["kept_ops_s"], cell["failed_ops_s"]
    assert 100000 <= kept < failed <= 1.5 * kept
    assert cell["probes"][0]["rate_ops_s"] == 100000
    identities = {(probe["rate_ops_s"], probe["rep"]) for probe in cell["probes"]}
    assert len(identities) == len(cell["probes"])
    for probe in cell["probes"]:
        fast = probe["latency_ns"]["p50"] < 20e6
        achieved = probe["achieved_ops_s"] >= 0.98 * probe["offered_ops_s"]
        assert probe["kept"] == (fast and achieved)
        assert probe["offered_ops_s"] == pytest.approx(probe["rate_ops_s"], rel=0.5)

    results = {(result["cell_id"], result["rep"]): result for result in results_of(out)}
    assert len(names_in(out)) == len(cell["probes"])
    validator = jsonschema.Draft7Validator(schema("result"))
    for probe in cell["probes"]:
        result = results[probe["cell_id"], probe["rep"]]
        validator.validate(result)
        assert result["arrival"] == {"kind": "poisson", "rate_ops_s": probe["rate_ops_s"]}
        assert result["op_count"] == probe["rate_ops_s"]
        assert result["latency_ns"]["all"]["p50"] == probe["latency_ns"]["p50"]


def test_it_is_said_where_even_the_lowest_rate_breaks(run_experiment, write_spec, spec):
    path = write_spec(spec)
    flags = ("--slo", "p99<1ns", "--seconds", 0.01, "--rate-min", 5000, "--reps", 5)
    _, report = find(run_experiment, path, *flags)
    (cell,) = report["cells"]
    assert cell["outcome"] == "lowest_fails"
    assert (cell["kept_ops_s"], cell["failed_ops_s"]) == (None, 5000)
    assert len(cell["probes"]) == 3, "three of five decide"
    done = run_experiment("find-max", path, *flags, "--out", "text")
    assert done.returncode == 0
    assert "none: p99 " in done.stdout and "at the lowest rate, 5000 ops/s" in done.stdout


def test_it_is_said_where_even_the_highest_rate_is_kept(run_experiment, write_spec, spec):
    flags = ("--slo", "p50 of read < 10s, max<100s", "--arrival", "constant", "--seconds", 1,
             "--reps", 5, "--rate-min", 1500, "--rate-max", 1500, "--quiet")
    out, report = find(run_experiment, write_spec(spec), *flags)
    (cell,) = report["cells"]
    assert cell["outcome"] == "highest_keeps"
    assert (cell["kept_ops_s"], cell["failed_ops_s"]) == (1500, None)
    assert set(cell["probes"][0]["latency_ns"]) == {"p50 of read", "max"}
    assert {result["arrival"]["kind"] for result in results_of(out)} == {"constant"}
    done = run_experiment("find-max", write_spec(spec), *flags, "--out", "text")
    assert "1500 ops/s, p50 of read" in done.stdout and "highest rate tried" in done.stdout
    assert done.stderr == ""


def test_a_probe_is_on_one_schedule_and_in_one_piece(run_experiment, write_spec, spec):
    spec["measure"] = {"stream_ops_max": 1000}
    out, _ = find(run_experiment, write_spec(spec), "--slo", "p50<10s", "--seconds", 0.1,
                  "--rate-min", 50000, "--rate-max", 50000, "--reps", 1)
    for result in results_of(out):
        assert "pieces" not in result["stream"]
        assert result["latency_ns"]["all"]["count"] == result["op_count"] == 5000


def test_every_cell_has_its_rate(run_experiment, write_spec, spec):
    spec["matrix"]["engine"] = ["std_map_rwlock", "bwtree/default"]
    _, report = find(run_experiment, write_spec(spec), "--slo", "p50<1ns", "--seconds", 0.01)
    assert [cell["label"] for cell in report["cells"]] == ["std_map_rwlock", "bwtree/default"]
    _, report = find(run_experiment, write_spec(spec), "--slo", "p50<1ns", "--seconds", 0.01,
                     "--filter", "engine=bwtree", name="one")
    assert [cell["label"] for cell in report["cells"]] == ["bwtree/default"]


def test_an_interruption_keeps_the_finished_probes(run_experiment, write_spec, spec):
    out = run_experiment.folder / "out"
    with subprocess.Popen(
            [run_experiment.binary, "find-max", str(write_spec(spec)), "--slo", "p50<10s",
             "--seconds", "0.2", "--rate-max", "1000", "--reps", "999", "--out", str(out)],
            stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()  # the first probe is done
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
        assert process.wait(60) == 130
    assert "interrupted; " in errors and "with --resume --out" in errors
    assert names_in(out)
    for result in results_of(out):
        json.dumps(result)


def test_what_is_finished_is_not_probed_again(run_experiment, write_spec, spec):
    path = write_spec(spec)
    flags = ("--slo", "max<100s", "--seconds", 0.1, "--rate-max", 4000, "--reps", 1)
    out, whole = find(run_experiment, path, *flags)
    before = {name: (out / "cells" / name).stat().st_mtime_ns for name in names_in(out)}
    taken = names_in(out)[-1]
    (out / "cells" / taken).unlink()
    _, resumed = find(run_experiment, path, *flags, "--resume")
    after = {name: (out / "cells" / name).stat().st_mtime_ns for name in names_in(out)}
    assert after.keys() >= before.keys()
    assert {name for name in before if after[name] != before[name]} == {taken}
    kept = {probe["cell_id"]: probe for probe in whole["cells"][0]["probes"]
            if not taken.startswith(probe["cell_id"])}
    for probe in resumed["cells"][0]["probes"]:
        assert probe == kept.get(probe["cell_id"], probe)
    # Another promise is kept or not by what was measured before.
    _, strict = find(run_experiment, path, "--slo", "max<1ns", *flags[2:], "--resume")
    assert strict["cells"][0]["outcome"] == "lowest_fails"
    assert {name: (out / "cells" / name).stat().st_mtime_ns for name in names_in(out)} == after
    assert "holds results of another spec" in run_experiment.refused(
        "find-max", path, *flags, "--resume", "--out", out, "--seed", 5)


def test_fresh_begins_anew_and_keeps_what_was_there(run_experiment, write_spec, spec):
    path = write_spec(spec)
    flags = ("--slo", "max<100s", "--seconds", 0.1, "--rate-max", 1000, "--reps", 1)
    out, _ = find(run_experiment, path, *flags)
    said = run_experiment.refused("find-max", path, *flags, "--out", out)
    assert "never overwritten" in said and "--resume" in said and "--fresh" in said
    first = {name: (out / "cells" / name).read_bytes() for name in names_in(out)}
    find(run_experiment, path, *flags, "--fresh")
    aside = run_experiment.folder / "out.1"
    assert {name: (aside / "cells" / name).read_bytes() for name in names_in(aside)} == first
    assert names_in(out)


@pytest.mark.parametrize("flags, words", [
    ((), "--slo 'p99<50us'"),
    (("--slo", "p99<50"), "is no latency"),
    (("--slo", "p98<50us"), "unknown metric"),
    (("--slo", "p99 of scan<50us"), '"ycsb_a" has no operation scan'),
    (("--slo", "p99<1s", "--arrival", "burst"), "constant, poisson"),
    (("--slo", "p99<1s", "--rate-min", "0"), "--rate-min"),
    (("--slo", "p99<1s", "--rate-min", "5000", "--rate-max", "4000"), "from 5000 to 1000000000"),
    (("--slo", "p99<1s", "--precision", "0"), "--precision"),
    (("--slo", "p99<1s", "--seconds", "-1"), "--seconds"),
    (("--slo", "p99<1s", "--reps", "0"), "--reps"),
    (("--slo", "p99<1s", "--filter", "engine=x"), "unknown engine"),
    (("--slo", "p99<1s", "--sweep", "ops=1,2"), 'a sweep over "ops" means nothing here'),
    (("--sli", "p99<1s"), 'did you mean "--slo"'),
])
def test_bad_input_is_refused(run_experiment, write_spec, spec, flags, words):
    assert words in run_experiment.refused("find-max", write_spec(spec), *flags)
