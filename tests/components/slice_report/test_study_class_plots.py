"""The figure of what the starts of a study gain, class by class."""

from components.slice_report import svg
from components.slice_report.message_catalogue import ENGLISH
from components.slice_report.study_class_plots import class_figure
from components.slice_report.study_plots import efficiency_figure
from tests.components.slice_report.study_results import class_row, study_results

GAINS = {"supervised": 0.0, "a": 0.05, "b": -0.02}
CLASSES = ("effusion", "nodule", "oedema", "mass")


def results(rows=None, **changes):
    return study_results(
        initialisations=[{"name": name, "steps": []} for name in GAINS],
        classes=rows
        or [
            class_row(name, start, fraction, gain if fraction == 1.0 else 0.3)
            for name in CLASSES
            for fraction in (0.1, 1.0)
            for start, gain in GAINS.items()
        ],
        **changes,
    )


def panels_of(study):
    with svg.style("classes"):
        drawn = class_figure(study, ENGLISH).axes
    return {panel.get_title(loc="left"): panel for panel in drawn if panel.axison}


def points(panel):
    """From the colour of a start to where its dot stands."""
    dots = [line for line in panel.lines if line.get_marker() not in ("None", None, "")]
    return {line.get_color(): (line.get_xdata()[0], line.get_ydata()[0]) for line in dots}


def test_each_class_has_a_panel_with_the_starts_but_the_baseline():
    panels = panels_of(results())
    assert list(panels) == list(CLASSES)
    for panel in panels.values():
        assert [label.get_text() for label in panel.get_yticklabels()] in ([], ["a", "b"])
        # With the most labels alone, each in the line of its name.
        assert sorted(points(panel).values()) == [(-0.02, 1), (0.05, 0)]


def test_a_dot_has_its_interval_and_the_panel_a_line_at_no_gain():
    panel = panels_of(results())["mass"]
    spans = [tuple(line.get_xdata()) for line in panel.lines if len(line.get_xdata()) == 2]
    assert (0, 0) in spans
    assert (0.05 - 0.02, 0.05 + 0.02) in spans


def test_a_start_has_the_colour_of_the_curve():
    study = results()
    with svg.style("curve"):
        curves = efficiency_figure(study, ENGLISH).axes[0].lines
    of_curve = {line.get_label(): line.get_color() for line in curves}
    dots = points(panels_of(study)["mass"])
    assert dots[of_curve["a"]] == (0.05, 0)
    assert dots[of_curve["b"]] == (-0.02, 1)


def test_a_class_with_too_few_cases_says_so_in_words():
    rows = [
        class_row(name, start, 1.0, None if name == "nodule" else gain)
        for name in CLASSES
        for start, gain in GAINS.items()
    ]
    panels = panels_of(results(rows))
    assert [text.get_text() for text in panels["nodule"].texts] == ["too few to estimate"] * 2
    assert points(panels["nodule"]) == {}
    assert list(panels["mass"].texts) == []


def test_each_kind_of_fine_tuning_has_panels_of_its_own():
    rows = [
        class_row(name, start, 1.0, gain) | {"trainable": kind}
        for kind in ("network", "head")
        for name in CLASSES
        for start, gain in GAINS.items()
    ]
    titles = list(panels_of(results(rows, trainable=["network", "head"])))
    assert titles == [
        f"{name}\n{kind}"
        for kind in ("whole network fine-tuned", "linear probe")
        for name in CLASSES
    ]
