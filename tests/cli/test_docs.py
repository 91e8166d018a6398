"""`docs`: the references of the file formats, and that the committed ones are what it prints."""

import json

import jsonschema
import pytest

from repository import REPOSITORY, schema

SCHEMAS = REPOSITORY / "experiments" / "schema"
KINDS = sorted(path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json"))


def document_of(path):
    return json.loads(path.read_text())


def undescribed(rule, document, path=""):
    """JSON paths of the properties, at any depth, that neither say what they are nor refer to a
    definition that does."""
    for key, field in rule.get("properties", {}).items():
        name = field.get("$ref", "").removeprefix("#/definitions/")
        if not (field.get("description") or document.get("definitions", {}).get(name, {}).get(
                "description")):
            yield f"{path}/{key}"
        yield from undescribed(field, document, f"{path}/{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(rule.get(key), dict):
            yield from undescribed(rule[key], document, f"{path}/{key}")
    for name, definition in rule.get("definitions", {}).items():
        yield from undescribed(definition, document, f"/definitions/{name}")


@pytest.mark.parametrize("kind", KINDS)
def test_every_property_says_what_it_is(kind):
    document = schema(kind)
    assert list(undescribed(document, document)) == [], f"{kind}.schema.json lacks descriptions"


def test_a_property_without_a_description_would_be_noticed():
    document = {"properties": {"a": {"items": {"properties": {"b": {}}}}, "c": {"description": "C"},
                               "d": {"$ref": "#/definitions/d"}, "e": {"$ref": "#/definitions/e"}},
                "definitions": {"d": {"description": "D", "properties": {"f": {}}}, "e": {}}}
    assert list(undescribed(document, document)) == ["/a", "/a/items/b", "/e", "/definitions/d/f"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_committed_reference_is_what_docs_prints(run_experiment, kind):
    printed = run_experiment("docs", kind)
    assert printed.returncode == 0, printed.stderr
    file = SCHEMAS / f"{kind}.md"
    assert file.is_file() and file.read_text() == printed.stdout, (
        f"experiments/schema/{kind}.md is not what {kind}.schema.json says: build run_experiment, "
        f"then write it anew: build/native/run_experiment docs {kind} > {file}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_reference_has_a_line_for_every_property(run_experiment, kind):
    text = run_experiment("docs", kind).stdout
    assert "Exit codes: 0 ok" in text.split("-->")[0]
    for key in schema(kind)["properties"]:
        assert f"| `{key}` |" in text
    for line in text.splitlines():
        if line.startswith("| `"):
            assert not line.endswith("|  |"), f"no description: {line}"


def test_the_table_says_defaults_ranges_choices_and_units(run_experiment):
    lines = run_experiment("docs", "spec").stdout.splitlines()

    def cells(field):
        (line,) = [line for line in lines if line.startswith(f"| `{field}` |")]
        return [cell.strip() for cell in line.split(" | ")]

    assert cells("reps")[1:4] == ["integer", "`3`", "1 to 1000"]
    assert cells("verify")[1:4] == ["string", '`"sample"`', "`off`, `sample`, `full`"]
    assert cells("keys.count")[1:4] == ["integer", "required", "1 to 1000000000000"]
    assert cells("arrival")[1] == "[object](#arrival)"
    assert cells("rate_ops_s")[4] == "operations/s"


def test_unknown_topics_are_refused(run_experiment):
    assert 'did you mean "result"' in run_experiment.refused("docs", "resutl")
    assert "spec" in run_experiment.refused("docs")


def test_the_binary_and_the_schema_of_workloads_agree(run_experiment, write_spec):
    """The binary reads workloads with a reader of its own; what it takes the schema must allow."""
    validator = jsonschema.Draft7Validator(schema("workload"))
    for path in (REPOSITORY / "workloads").glob("*.json"):
        validator.validate(document_of(path))
    base = document_of(REPOSITORY / "workloads" / "ycsb_e.json")
    for change in [{}, {"mix": {"raed": 1}}, {"mix": {"read": 2}}, {"extra": 1}, {"title": ""},
                   {"request": {"distribution": "zipf", "theta": 1}},
                   {"request": {"distribution": "zipfian", "theta": 0}},
                   {"request": {"distribution": "zipfian", "theta": 11}},
                   {"scan": {"distribution": "uniform", "length_min": 0, "length_max": 9}},
                   {"scan": {"distribution": "uniform", "length_min": 1, "length_max": 65536}}]:
        document = {**base, **change}
        valid = run_experiment("validate", write_spec(document, "ycsb_e.json")).returncode == 0
        assert valid == validator.is_valid(document), change
