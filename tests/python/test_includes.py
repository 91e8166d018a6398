"""Who may include whom (core/README.md, "Rooms"). What is not on an include path cannot be included anyway; within one
include root this test is the wall."""

import re

import pytest
from repository import REPOSITORY

INCLUDE = re.compile(r'^#include "(bwlab/[^"]+)"', re.MULTILINE)

# folder -> prefixes that its files may include
ALLOWED = {
    "core/bwlab/base": ["bwlab/base/"],
    "core/bwlab/policy": ["bwlab/base/", "bwlab/policy/"],
    "core/bwlab/record": ["bwlab/base/", "bwlab/policy/search/sorted_heads.h", "bwlab/record/"],
    "core/bwlab/bwtree": ["bwlab/base/", "bwlab/policy/", "bwlab/record/", "bwlab/bwtree/"],
    "core/bwlab/btree": ["bwlab/base/", "bwlab/policy/", "bwlab/record/", "bwlab/btree/"],
    "workloads/bwlab": ["bwlab/workload/"],
}
# default_traits.h bundles policies with the record types, the delta layout and the numbers that go with them, and
# alone chooses concrete ones; catalog.h lists them all, the layouts too.
ALSO_ALLOWED = {
    "core/bwlab/policy/default_traits.h": [
        "bwlab/bwtree/packed_editor.h",
        "bwlab/bwtree/tree_options.h",
        "bwlab/record/record_types.h",
    ],
    "core/bwlab/policy/catalog.h": ["bwlab/bwtree/packed_editor.h", "bwlab/bwtree/linked_editor.h"],
}
# What the tree and its policies share; everything else in policy/ is a choice that a traits struct makes.
SHARED_POLICY_HEADERS = {
    "bwlab/policy/concepts.h",
    "bwlab/policy/reclamation/retired.h",
    "bwlab/policy/search/finger.h",
    "bwlab/policy/search/short_hints.h",
    "bwlab/policy/search/slot_tags.h",
    "bwlab/policy/search/sorted_heads.h",
    "bwlab/policy/stats/stats.h",
}


def sources(folder):
    return sorted(path for end in ("*.h", "*.cc") for path in (REPOSITORY / folder).rglob(end))


def includes(path):
    return INCLUDE.findall(path.read_text())


@pytest.mark.parametrize("folder", ALLOWED)
def test_a_room_includes_only_the_rooms_below(folder):
    assert sources(folder), f"{folder} is gone"
    for path in sources(folder):
        name = str(path.relative_to(REPOSITORY))
        allowed = ALLOWED[folder] + ALSO_ALLOWED.get(name, [])
        for included in includes(path):
            assert included.startswith(tuple(allowed)), f"{name} includes {included}"


@pytest.mark.parametrize("folder", ["core/bwlab/bwtree", "core/bwlab/btree"])
def test_the_trees_know_concepts_and_no_concrete_policy(folder):
    for path in sources(folder):
        if path.name.endswith("_test.cc"):
            continue
        for included in includes(path):
            if included.startswith("bwlab/policy/"):
                assert included in SHARED_POLICY_HEADERS, f"{path.name} includes {included}"
