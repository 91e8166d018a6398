"""What the figures show, asked of matplotlib's objects: axes, bars, whiskers, captions."""

import pytest
from made_results import LABELS, made_spec, quickstart_documents, write_results

from bwlab_results import load, style
from bwlab_results.figures import MEASURES, draw
from bwlab_results.summary import summarise


def drawn(results, name):
    measure = MEASURES[name]
    with style.applied():
        return draw(results, measure, summarise(results, measure.metric))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures") / "run"
    return load(write_results(folder, quickstart_documents(), made_spec()))


@pytest.fixture(scope="module", params=list(MEASURES))
def figure(request, results):
    return drawn(results, request.param)


def test_a_panel_a_workload_each_from_zero(figure):
    assert [axes.get_title(loc="left") for axes in figure.axes] == [f"YCSB {c}" for c in "ABCDEF"]
    assert all(axes.get_ylim()[0] == 0 for axes in figure.axes)


def test_nothing_sticks_out_of_its_panel(figure):
    for axes in figure.axes:
        top = axes.get_ylim()[1]
        assert all(bar.get_height() < top for bar in axes.patches)


def test_bars_and_whiskers_stand_where_the_numbers_say(results):
    axes = drawn(results, "throughput").axes[0]
    heights = [bar.get_height() for bar in axes.patches]
    expected = 4.1 / 1.2  # of the first label on YCSB A with 1 thread, in millions a second
    assert heights[0] == pytest.approx(expected * 1.06)
    (low, high) = axes.containers[1].lines[2][0].get_segments()[0][:, 1]
    assert (low, high) == (pytest.approx(expected), pytest.approx(expected * 1.12))
    assert len(heights) == len(LABELS) * 2


def test_caption_and_stamp_say_n_baseline_spec_and_commit(results):
    text = "\n".join(entry.get_text() for entry in drawn(results, "throughput").texts)
    for part in ("n = 3 repetitions", "ratio to std_map_rwlock", "spec 555555555555",
                 "commit 0123456789ab", "Example 9000, 2 cores", "Release"):
        assert part in text


def test_uncommitted_changes_show_in_the_stamp(tmp_path):
    folder = write_results(tmp_path / "run", quickstart_documents(reps=1, git_dirty=True))
    text = "\n".join(entry.get_text() for entry in drawn(load(folder), "throughput").texts)
    assert "commit 0123456789ab + uncommitted changes" in text


def test_labels_differ_in_colour_and_hatch_and_then_in_one_of_them():
    looks = [(style.look(i)["facecolor"], style.look(i)["hatch"]) for i in range(64)]
    assert len(set(looks)) == 64
    assert len({colour for colour, _ in looks[:8]}) == len({hatch for _, hatch in looks[:8]}) == 8
