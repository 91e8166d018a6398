"""`completion bash`: the script, sourced in bash, and its function called as bash calls it."""

import re
import shutil
import subprocess

import pytest

from test_list_and_validate import TOPICS


@pytest.fixture
def script(run_experiment):
    done = run_experiment("completion", "bash")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def complete(run_experiment, script):
    """Completes a line that ends at the cursor."""
    path = run_experiment.folder / "completion.bash"
    path.write_text(script)

    def run(line, setup=""):
        line = f"{run_experiment.binary} {line}"
        done = subprocess.run(
            ["bash", "--norc", "-uc",
             f"{setup}\nsource '{path}'\nCOMP_LINE=$1 COMP_POINT=${{#1}}\n_run_experiment\n"
             'printf "%s\\n" "${COMPREPLY[@]}"', "bash", line],
            text=True, capture_output=True, timeout=60, check=False, cwd=run_experiment.folder)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return done.stdout.split()

    return run


def flags_in_help(run_experiment, *command):
    text = run_experiment(*command, "--help").stdout
    return set(re.findall(r"^  (?:-h,)?(--[a-z-]+)", text, re.MULTILINE))


def test_commands_and_flags_are_those_of_the_help(run_experiment, complete):
    commands = complete("")
    assert {"run", "plan", "list", "validate", "doctor", "compare", "find-max",
            "completion"} <= set(commands)
    assert "cell" not in commands, "it is hidden"
    for command in commands:
        assert re.search(rf"^  {command}\b", run_experiment("--help").stdout, re.MULTILINE)
        assert set(complete(f"{command} -")) == flags_in_help(run_experiment, command)
    assert set(complete("-")) == flags_in_help(run_experiment)


@pytest.mark.parametrize("line, expected", [
    ("ru", ["run"]),
    ("fi", ["find-max"]),
    ("run --res", ["--resume"]),
    ("run --verify ", ["off", "sample", "full"]),
    ("run --verify s", ["sample"]),
    ("run --verify=s", ["sample"]),
    ("run --order ro", ["round-robin"]),
    ("run --reps ", []),
    ("run --counters page", ["page_faults"]),
    ("run --counters cycles,page", ["cycles,page_faults"]),
    ("run quick", ["quickstart"]),
    ("run --resume quick", ["quickstart"]),
    ("run --out x quick", ["quickstart"]),
    ("compare quick", ["quickstart"]),
    ("list ", TOPICS),
    ("docs ", ["spec", "result", "workload", "micro"]),
    ("list w", ["workloads"]),
    ("find-max --arrival ", ["constant", "poisson"]),
    ("completion ", ["bash"]),
    ("trace ", ["record", "convert", "stats", "replay"]),
    ("trace rep", ["replay"]),
    ("trace record quick", ["quickstart"]),
    ("trace record --see", ["--seed"]),
    ("trace convert x.csv --layout ", ["twitter", "ops"]),
    ("trace replay --engine std", ["std_map_rwlock"]),
    ("trace replay --order ro", ["round-robin"]),
    ("plan --filter ", ["workload=", "engine=", "threads="]),
    ("plan --filter workload=ycsb_a", ["ycsb_a"]),
    ("plan --filter engine=std", ["std_map_rwlock"]),
    ("plan --filter engine=bwtree/sc", ["bwtree/scalar"]),
    ("plan --filter=engine=bwtree/sc", ["bwtree/scalar"]),
    ("plan --filter threads=", []),
    ("nonsense ", []),
])
def test_values_are_completed(complete, line, expected):
    assert complete(line) == expected


def test_names_come_from_the_program(run_experiment, complete):
    for topic, line in (("workloads", "run --filter workload="), ("experiments", "run ")):
        assert complete(line) == [item["name"] for item in run_experiment.json("list", topic)]


def test_a_filter_is_whole_where_bash_does_not_break_words_at_equals(complete):
    breaks = "COMP_WORDBREAKS=' '"
    assert complete("run --filter engine=std", breaks) == ["engine=std_map_rwlock"]


def test_folders_are_completed(run_experiment, complete):
    (run_experiment.folder / "results_1").mkdir()
    (run_experiment.folder / "results_2").write_text("a file")
    assert complete("run --out res") == ["results_1"]


def test_bash_takes_it_for_every_path_of_the_program(run_experiment, script):
    path = run_experiment.folder / "completion.bash"
    path.write_text(script)
    done = subprocess.run(["bash", "--norc", "-c", f"source '{path}'; complete -p run_experiment"],
                          text=True, capture_output=True, timeout=60, check=True)
    assert "-F _run_experiment run_experiment" in done.stdout


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
def test_shellcheck_finds_nothing(script):
    done = subprocess.run(["shellcheck", "-s", "bash", "-"], input=script, text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.stdout == ""


@pytest.mark.parametrize("arguments, words", [
    ([], "name a shell: bash"),
    (["bsh"], 'did you mean "bash"'),
    (["bash", "more"], "unexpected argument"),
])
def test_bad_input_is_refused(run_experiment, arguments, words):
    assert words in run_experiment.refused("completion", *arguments)
