"""Coordinates as text: what agrees with what, and in which order they stand."""

import pytest

from bwlab_results import sweeps

SPEC = {"sweep": {"keys.space": ["rand_int", "mono_int"],
                  "engine_options.bwtree.leaf_capacity": [64, 32, 128]}}


def test_text_names_axes_as_run_experiment_does():
    assert sweeps.text_of({}) == ""
    assert sweeps.text_of({"keys.space": "mono_int", "engine_options.bwtree.leaf_capacity": 64,
                           "arrival.rate_ops_s": 1e6}) == (
        "arrival.rate_ops_s=1000000.0, bwtree.leaf_capacity=64, keys.space=mono_int")


@pytest.mark.parametrize("one, other, agree, covers", [
    ("", "", True, True),
    ("a=1", "", True, True),
    ("", "a=1", True, False),
    ("a=1, b=2", "b=2", True, True),
    ("a=1, b=2", "b=3", False, False),
    ("a=1", "b=2", True, False),
    ("a=1", "a=11", False, False),
])
def test_coordinates_agree_where_both_have_an_axis_and_cover_what_has_fewer(
        one, other, agree, covers):
    assert sweeps.agree(one, other) is sweeps.agree(other, one) is agree
    assert sweeps.covers(one, other) is covers


def test_the_order_is_that_of_the_specs_lists():
    texts = [f"bwtree.leaf_capacity={capacity}, keys.space={space}"
             for capacity in (64, 32, 128) for space in ("rand_int", "mono_int")]
    assert sweeps.in_order(sorted(texts) * 2, SPEC) == texts
    assert sweeps.in_order(["a=2", "a=1", ""], {}) == ["", "a=1", "a=2"]


def test_what_another_covers_is_no_panel_of_its_own():
    assert sweeps.widest(["", "a=2", "a=1", "a=1", "b=1"], {}) == ["a=1", "a=2", "b=1"]
    assert sweeps.widest(["", ""], {}) == [""]
