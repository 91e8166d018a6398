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
        line = next(line for line in lines if line.startswith(f"| `{field}` |"))
        return [cell.strip() for cell in line.split(" | ")]

    assert cells("reps")[1:4] == ["integer", "`3`", "1 to 1000"]
    assert cells("verify")[1:4] == ["string", '`"sample"`', "`off`, `sample`, `full`"]
    assert cells("keys.count")[1:4] == ["integer", "required", "1 to 1000000000000"]
    assert cells("arrival")[1] == "[object](#arrival)"
    assert cells("rate_ops_s")[4] == "operations/s"


def test_unknown_topics_are_refused(run_experiment):
    assert 'did you mean "result"' in run_experiment.refused("docs", "resutl")
    assert "spec" in run_experiment.refused("docs")


# A request of each distribution that has parameters.
REQUESTS = [
    {"distribution": "zipfian", "theta": 0.99, "scrambled": True},
    {"distribution": "latest", "theta": 0.99},
    {"distribution": "hotspot", "set_fraction": 0.1, "op_fraction": 0.9, "first": 0.5},
    {"distribution": "exponential", "percentile": 95, "fraction": 0.8},
    {"distribution": "self_similar", "h": 0.2},
]


def around_the_bounds(rule):
    """Values at and beyond the ends of a number's range, and one of another type."""
    for low in ("minimum", "exclusiveMinimum"):
        if low in rule:
            yield from (rule[low], rule[low] - 1)
    for high in ("maximum", "exclusiveMaximum"):
        if high in rule:
            yield from (rule[high], rule[high] + 1)
    yield "text"


def workloads_around_the_bounds():
    rules = schema("workload")["definitions"]["request"]["properties"]
    for request in REQUESTS:
        for key in request.keys() & rules.keys():
            for value in around_the_bounds(rules[key]):
                yield {"mix": {"read": 1}, "request": {**request, key: value}}
    scan = {"mix": {"scan": 1}, "request": {"distribution": "uniform"}}
    pareto = {"distribution": "pareto", "k": 2.5, "sigma": 14, "length_max": 100}
    for key, rule in schema("workload")["definitions"]["scan"]["properties"].items():
        if key in pareto:
            for value in around_the_bounds(rule):
                yield {**scan, "scan": {**pareto, key: value}}
    for low, high in ((0, 9), (1, 65535), (1, 65536), (1.5, 9)):
        yield {**scan, "scan": {"distribution": "uniform", "length_min": low, "length_max": high}}
    read = {"mix": {"read": 1}, "request": {"distribution": "uniform"}}
    yield from ({**read, "mix": {"raed": 1}}, {**read, "mix": {"read": 2}}, {**read, "extra": 1},
                {**read, "title": ""}, {**read, "name": "a b"})
    yield from ({"phases": []}, {"phases": [{**read, "share": 1}]}, {"phases": [read]},
                {"phases": [{**read, "share": 0}]}, {"phases": [{**read, "share": 1, "x": 1}]})


def test_the_schema_of_workloads_refuses_what_the_binary_refuses_of_mixgraph(run_experiment,
                                                                             write_spec):
    """Its parameters must fit each other too, so that not all within the bounds is taken."""
    base = document_of(REPOSITORY / "workloads" / "mixgraph.json")
    validator = jsonschema.Draft7Validator(schema("workload"))
    rules = schema("workload")["definitions"]["request"]["properties"]
    for key in base["request"].keys() - {"distribution"}:
        for value in (rules[key]["maximum"] + 1, "text"):
            document = {**base, "request": {**base["request"], key: value}}
            sentence = run_experiment.refused("validate", write_spec(document, "mixgraph.json"))
            assert f"/request/{key}" in sentence
            assert not validator.is_valid(document)


def test_the_binary_and_the_schema_of_workloads_agree(run_experiment, write_spec):
    """The binary reads workloads with a reader of its own."""
    validator = jsonschema.Draft7Validator(schema("workload"))
    for path in (REPOSITORY / "workloads").glob("*.json"):
        validator.validate(document_of(path))
    head = {"schema_version": 1, "name": "w", "title": "a test", "source": "a test"}
    answers = set()
    for change in workloads_around_the_bounds():
        document = {**head, **change}
        done = run_experiment("validate", write_spec(document, "w.json"))
        assert (done.returncode == 0) == validator.is_valid(document), (change, done.stderr)
        answers.add(done.returncode)
    assert answers == {0, 2}


def test_the_schema_of_workloads_has_every_distribution(run_experiment):
    listed = {item["name"] for item in run_experiment.json("list", "distributions")}
    described = schema("workload")["definitions"]["request"]["properties"]["distribution"]["enum"]
    assert listed == set(described)
