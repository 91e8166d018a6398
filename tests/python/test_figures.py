"""What the figures show, asked of matplotlib's objects: axes, bars, dots, whiskers, captions."""

import pandas as pd
import pytest
from matplotlib.markers import MarkerStyle
from made_results import LABELS, made_result, made_spec, quickstart_documents, write_results

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
    for part in ("Bars: median; whiskers: 95% BCa bootstrap interval of the median",
                 "n = 3 repetitions", "ratio to std_map_rwlock", "spec 555555555555",
                 "commit 0123456789ab", "Example 9000, 2 cores", "Release"):
        assert part in text


def test_uncommitted_changes_show_in_the_stamp(tmp_path):
    folder = write_results(tmp_path / "run", quickstart_documents(reps=1, git_dirty=True))
    text = "\n".join(entry.get_text() for entry in drawn(load(folder), "throughput").texts)
    assert "commit 0123456789ab + uncommitted changes" in text


def test_the_baseline_is_marked_in_the_legend_and_across_each_group(results):
    figure = drawn(results, "throughput")
    legend = {text.get_text(): text.get_fontweight() for text in figure.legends[0].get_texts()}
    assert [label for label, weight in legend.items() if weight == "bold"] == ["std_map_rwlock"]
    assert "as std_map_rwlock" in legend
    (one, two) = [lines for lines in figure.axes[0].collections
                  if lines.get_linestyle() == style_of_baseline()]
    of_baseline = 1.3 / 1.2 * 1.06
    assert one.get_segments()[0][:, 1] == pytest.approx([of_baseline, of_baseline])
    assert two.get_segments()[0][:, 1] == pytest.approx([0.8 * of_baseline, 0.8 * of_baseline])


def style_of_baseline():
    """As matplotlib has it: dashes grow with the width of the line."""
    offset, dashes = style.BASELINE["linestyle"]
    return [(offset, [style.BASELINE["linewidth"] * dash for dash in dashes])]


def swept(folder, labels=LABELS, spaces=("rand_int", "mono_int")):
    documents = [made_result(workload, label, throughput_ops_s=1e6 * (2 + place),
                             sweep={"keys.space": space})
                 for workload in ("ycsb_a", "ycsb_c") for place, space in enumerate(spaces)
                 for label in labels]
    documents += [made_result(workload, "null", throughput_ops_s=9e6)
                  for workload in ("ycsb_a", "ycsb_c")]
    return load(write_results(folder, documents, made_spec(
        baseline=labels[0], sweep={"keys.space": list(spaces)})))


def test_a_panel_a_workload_and_value_of_a_sweep_those_of_a_workload_in_a_row(tmp_path):
    figure = drawn(swept(tmp_path / "run"), "throughput")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        f"YCSB {letter}, keys.space={space}" for letter in "AC" for space in ("rand_int", "mono_int")]
    places = [axes.get_subplotspec() for axes in figure.axes]
    assert [(place.rowspan.start, place.colspan.start) for place in places] == [
        (0, 0), (0, 1), (1, 0), (1, 1)]
    heights = [[bar.get_height() for bar in axes.patches] for axes in figure.axes[:2]]
    assert heights == [[2, 2, 2, 2, 9], [3, 3, 3, 3, 9]], "what has no coordinates is in both"
    caption = "\n".join(text.get_text() for text in figure.texts)
    assert "at the same workload, keys.space and thread count" in caption


def test_sweeps_of_many_labels_are_panels_too(tmp_path):
    figure = drawn(swept(tmp_path / "run", MANY), "throughput")
    assert [axes.get_title(loc="left") for axes in figure.axes][:2] == [
        "YCSB A, keys.space=rand_int", "YCSB A, keys.space=mono_int"]
    caption = "\n".join(text.get_text() for text in figure.texts)
    assert f"ratio to {MANY[0]} at the same workload and keys.space, at 1 thread." in caption


def test_labels_differ_in_colour_and_hatch_and_then_in_one_of_them():
    looks = [(style.look(i)["facecolor"], style.look(i)["hatch"]) for i in range(64)]
    assert len(set(looks)) == 64
    assert len({colour for colour, _ in looks[:8]}) == len({hatch for _, hatch in looks[:8]}) == 8


def test_where_repetitions_are_few_whiskers_are_the_extremes_and_the_caption_says_so(tmp_path):
    folder = write_results(tmp_path / "run", quickstart_documents(reps=2))
    text = "\n".join(entry.get_text() for entry in drawn(load(folder), "throughput").texts)
    assert "whiskers: minimum to maximum; n = 2 repetitions" in text


MANY = [f"bwtree/variant_{number}" for number in range(9)]


def many_labels(folder, spec=None):
    """Nine labels, the later ones faster with 2 threads; the last one was measured with 1 only."""
    documents = [made_result("ycsb_a", label, threads, rep, bytes_per_key=20 + place,
                             throughput_ops_s=1e6 * (9 - place if threads == 1 else 10 + place)
                             * (1 + 0.1 * rep))
                 for place, label in enumerate(MANY) for threads in (1, 2) for rep in range(3)
                 if (label, threads) != (MANY[8], 2)]
    return load(write_results(folder, documents, spec or made_spec(baseline=MANY[0])))


def dots_of(axes):
    """{thread count's marker: (x, y)} of the dots of a panel."""
    return {line.get_marker(): line.get_xydata() for line in axes.lines
            if line.get_marker() in style.MARKERS and line.get_label().startswith("_")
            and line.get_markerfacecolor() != "none"}


@pytest.fixture(scope="module")
def dotted(tmp_path_factory):
    results = many_labels(tmp_path_factory.mktemp("dots") / "run")
    return results, drawn(results, "throughput")


def test_more_than_eight_labels_are_lines_and_not_bars(dotted, results):
    axes = dotted[1].axes[0]
    assert not axes.patches
    assert len(axes.get_yticklabels()) == 9
    assert drawn(results, "throughput").axes[0].patches


def test_lines_go_from_the_largest_median_down(dotted):
    axes = dotted[1].axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == MANY[7::-1] + [MANY[8]]
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first line is on top"
    bold = [text.get_text() for text in axes.get_yticklabels() if text.get_weight() == "bold"]
    assert bold == [MANY[0]]


def test_dots_and_their_whiskers_stand_where_the_numbers_say(dotted):
    axes = dotted[1].axes[0]
    assert axes.get_xlim()[0] == 0
    dots = dots_of(axes)
    assert len(dots) == 2, "a marker of its own for each thread count"
    one, two = dots["o"], dots["^"]
    assert one[:, 0] == pytest.approx([1.1 * (9 - place) for place in [*range(7, -1, -1), 8]])
    assert two[:, 0] == pytest.approx([1.1 * (10 + place) for place in range(7, -1, -1)])
    assert all(abs(y - round(y)) < 0.5 for y in one[:, 1])
    spans = [tuple(segment[:, 0]) for container in axes.containers
             for segment in container.lines[2][0].get_segments()]
    assert (pytest.approx(17), pytest.approx(17 * 1.2)) in spans
    assert max(high for _, high in spans) < axes.get_xlim()[1]


def test_the_caption_of_dots_says_n_order_and_ratios(dotted):
    text = "\n".join(entry.get_text() for entry in dotted[1].texts)
    for part in ("Dots: median; whiskers: 95% BCa bootstrap interval of the median",
                 "n = 3 repetitions", "Lines by the median at 2 threads",
                 f"ratio to {MANY[0]} at the same workload, at 1 and 2 threads"):
        assert part in text
    numbers = [text.get_text() for text in dotted[1].axes[0].texts]
    assert numbers.count("1.7×") == 1 and numbers.count("1.0×") >= 2


def test_memory_of_many_labels_shows_both_moments_and_the_floor(tmp_path):
    results = many_labels(tmp_path / "run")
    measure = MEASURES["memory"]
    points = pd.concat([summarise(results, metric) for metric in measure.metrics])
    with style.applied():
        axes = draw(results, measure, points).axes[0]
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "none"]
    assert len(hollow) == 2 and max(hollow[0].get_xdata()) == pytest.approx(2 * 28)
    assert any(set(line.get_xdata()) == {16} for line in axes.lines)


def test_a_label_that_was_not_measured_says_so(tmp_path):
    documents = [made_result("ycsb_a", label) for label in MANY] + [made_result("ycsb_b", MANY[0])]
    figure = drawn(load(write_results(tmp_path / "run", documents)), "throughput")
    said = [text.get_text() for text in figure.axes[1].texts]
    assert said.count("not measured") == 8


def test_thread_counts_differ_in_colour_and_marker():
    looks = [(style.dot(i)["color"], style.dot(i)["marker"]) for i in range(64)]
    assert len(set(looks)) == 64
    assert len({colour for colour, _ in looks[:8]}) == len({marker for _, marker in looks[:8]}) == 8
    assert {colour for colour, _ in looks} == set(style.PALETTE)
    assert all(MarkerStyle(marker).is_filled() for marker in style.MARKERS)
