"""The page as a browser and a screen reader see it."""

import base64
import dataclasses
import hashlib
from html.parser import HTMLParser

import pytest

from components.case_example_gen.ingestion_report import TextCount
from components.promotion_gate.verdict import RuleResult, Verdict, rule_result
from components.site_drift.distributions import Shares, SiteData
from components.site_evaluator.sufficiency import CLASS_METRICS
from components.slice_report.characteristics import characteristics
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from components.slice_report.settings import ReportSettings
from components.statement import Statement, metric_statement
from tests.components.slice_report.simulated_evaluation import SETTINGS, VERDICT, simulated_inputs

VOID = {"meta", "br", "link", "img", "hr", "input"}
SECTIONS = (
    "purpose verdict sites rules shift by-site by-class subgroups comparison operating-point "
    "exploration data-flow model limits glossary method"
)
NORTH = Statement("gate.where.site", {"site": "north"})
SCRIPT = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Collects tags with attributes, the text of each section, and the cells of each row."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.rows, self.svg_text, self.open = [], [], [], []
        self.text = {}
        self.section = "page"
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag in ("section", "header"):
            self.section = attributes.get("aria-labelledby", tag)
        if tag == "tr":
            self.rows.append((self.section, []))
        if tag in ("td", "th"):
            self.rows[-1][1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text[self.section] = self.text.get(self.section, "") + text
        if "svg" in self.open:
            self.svg_text.append(text)
        elif self.open and ("td" in self.open or "th" in self.open):
            self.rows[-1][1][-1] += text

    def row(self, section, first_cell):
        return next(
            cells for where, cells in self.rows if where == section and first_cell in cells[0]
        )

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def parsed(page):
    return Page(page)


def test_every_element_is_closed_in_order(parsed):
    assert parsed.open == []


def test_the_page_has_all_its_sections(parsed, data):
    found = {attributes["aria-labelledby"] for attributes in parsed.attributes("section")}
    expected = set(SECTIONS.split())
    if data["task"] == "multi_class":
        expected.add("confusion")
    assert found == expected


def test_ids_are_unique_and_links_lead_to_them(parsed):
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {a["href"] for a in parsed.attributes("a")} | {
        a["xlink:href"] for a in parsed.attributes("use")
    }
    assert targets <= {f"#{name}" for name in ids}


def test_the_page_loads_nothing(page, parsed):
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in parsed.tags}
    assert not any("src" in attributes for _, attributes in parsed.tags)
    assert "://" not in page
    assert "@import" not in page
    assert page.count("url(") == page.count("url(#")


def test_the_policy_lets_only_the_pages_own_script_run(page, parsed):
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] for a in parsed.attributes("meta") if "http-equiv" in a)
    assert f"script-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy


def test_pictures_have_a_text_and_headers_a_scope(parsed):
    pictures = [a for a in parsed.attributes("svg") if a.get("aria-hidden") != "true"]
    assert len(pictures) == 1 + 3 * 3
    assert all(a["role"] == "img" and a["aria-label"] for a in pictures)
    assert all("scope" in attributes for attributes in parsed.attributes("th"))


def test_the_row_of_a_site_shows_the_numbers_given(inputs, parsed):
    metrics = inputs.candidate.slices[(("site", "north"),)].metrics
    row = parsed.row("by-site", "north")
    auc = metrics["mean_auc"]
    assert f"{auc.value:.3f}{auc.lower:.3f} to {auc.upper:.3f}" in row
    assert row[1] == "160"
    if "balanced_accuracy" in metrics:
        rate = metrics["balanced_accuracy"]
        shown = f"{100 * rate.value:.1f}%{100 * rate.lower:.1f} to {100 * rate.upper:.1f}"
        assert shown in row


def test_the_row_of_a_class_shows_the_numbers_given(inputs, parsed):
    name = inputs.candidate.card.classes[0]
    given = inputs.candidate.slices[()].classes[name]
    row = parsed.row("by-class", name)
    cases = f"{given.positives} / {given.positives + given.negatives}"
    assert row[1] == f"{cases}{given.positive_patients} with, {given.negative_patients} without"
    shown = [cell.split("%")[0] for cell in row[4:8]]
    rates = (given.sensitivity, given.specificity, given.ppv, given.npv)
    assert shown == [f"{100 * rate.value:.1f}" for rate in rates]


def test_a_sparse_site_shows_counts_and_words(parsed):
    row = parsed.row("by-site", "tiny")
    cases, patients, _, *estimates = row[1:]
    assert (cases, patients) == ("6", "5")
    assert all(cell.startswith("too few to estimate") for cell in estimates)
    assert not any("." in cell for cell in row)


def test_the_forest_plot_names_every_site_with_its_value_and_n(inputs, parsed):
    texts = "".join(parsed.svg_text)
    for site in ("north", "east", "island <b>", "tiny"):
        assert site in texts
    metric = "balanced_accuracy" if inputs.candidate.card.task == "multi_class" else "mean_auc"
    value = inputs.candidate.slices[(("site", "east"),)].metrics[metric].value
    shown = f"{100 * value:.1f}%" if metric == "balanced_accuracy" else f"{value:.3f}"
    assert f"{shown} (" in texts
    assert "too few to estimate" in texts


def test_the_verdict_is_in_words_with_the_failing_rule_first(parsed):
    words = parsed.text["verdict"]
    assert "Refused" in words
    assert "1 of 3 checks of the promotion gate fails." in " ".join(words.split())
    assert words.index("fails max shift gap mean AUC") < words.index("holds minimum mean AUC")
    assert "not judged" in words


@pytest.mark.parametrize(
    ("averaged", "words"),
    [
        ([(), ()], "2 rules hold"),
        ([()], "1 rule holds"),
        ([("effusion",), (), ()], "3 rules hold; over some of the findings alone: 1"),
    ],
)
def test_rules_that_hold_are_folded_and_the_others_stay_open(averaged, words):
    unjudged, failing = (rule for rule in VERDICT.rules if rule.measured is None or not rule.passed)
    verdict = Verdict((failing, *map(rule_on_mean, averaged), unjudged))
    page = render(report_data(dataclasses.replace(simulated_inputs(), verdict=verdict)))
    shown = page.partition('aria-labelledby="verdict"')[2].partition("</section>")[0]
    folded = shown.partition("<details>")[2].partition("</details>")[0]
    assert Page(folded).text["page"].strip().startswith(f"✓ {words}\n")
    assert folded.count("<li>") == len(averaged)
    assert "fails" not in folded
    assert "not judged" not in folded
    assert shown.replace(folded, "").count("<li>") == 2


def test_where_no_rule_holds_nothing_is_folded():
    verdict = Verdict(tuple(rule for rule in VERDICT.rules if not rule.passed))
    page = render(report_data(dataclasses.replace(simulated_inputs(), verdict=verdict)))
    assert "<details>" not in page


def test_a_model_whose_rules_hold_is_promoted_but_not_approved():
    rule = RuleResult("minimum mean_auc", "all cases", 0.83, 0.8, 0.86, 0.75, True, "Good.")
    inputs = dataclasses.replace(simulated_inputs(), verdict=Verdict((rule,)))
    words = Page(render(report_data(inputs))).text["verdict"]
    assert "Passed the gate" in words
    assert "not an approval for clinical use" in words


def rule_on_mean(averaged):
    found = Statement("gate.found.measured_alone", {"where": NORTH, "cases": 160, "value": 0.83})
    if averaged:
        classes = tuple(Statement("gate.class", {"class": name}) for name in averaged)
        found = Statement("gate.found.mean_over", {"found": found, "classes": classes})
    asked = {"metric": metric_statement("mean_auc"), "bound": 0.75}
    requirement = Statement("gate.asked.minimum_value", asked)
    sentence = Statement("gate.reason", {"requirement": requirement, "found": found})
    return rule_result("minimum mean_auc", NORTH, sentence, bound=0.75, passed=True, measured=0.83)


@pytest.mark.parametrize(
    ("task", "averaged", "words"),
    [
        ("multi_label", ("effusion",), "0.83 over 1 of 3 findings, at least 0.75"),
        ("multi_class", ("naevus", "melanoma"), "0.83 over 2 of 3 classes, at least 0.75"),
        ("multi_label", (), "0.83, at least 0.75"),
    ],
)
def test_a_rule_that_holds_over_some_of_the_findings_says_over_how_many(task, averaged, words):
    verdict = Verdict((rule_on_mean(averaged),))
    data = report_data(dataclasses.replace(simulated_inputs(task), verdict=verdict))
    assert data["verdict"]["rules"][0]["averaged"] == list(averaged)
    assert words in Page(render(data)).text["verdict"]


def test_a_verdict_says_where_no_rule_asks_for_a_rate_at_the_operating_point():
    words = "No rule asks for sensitivity, specificity, PPV or NPV"
    of_rate = RuleResult("minimum npv:nodule", "all cases", 0.9, 0.8, 0.9, 0.5, True, "Good.")
    for rules, is_said in (((rule_on_mean(()),), True), ((rule_on_mean(()), of_rate), False)):
        inputs = dataclasses.replace(simulated_inputs(), verdict=Verdict(rules))
        assert (words in Page(render(report_data(inputs))).text["verdict"]) == is_said


def test_text_from_data_is_never_markup():
    names = {SCRIPT: 160, "island <b>": 90, "tiny": 6}
    settings = dataclasses.replace(
        SETTINGS,
        title=SCRIPT,
        intended_use=SCRIPT,
        not_intended_for=(SCRIPT,),
        limits=(SCRIPT,),
        held_out_sites=(SCRIPT,),
    )
    rule = RuleResult(SCRIPT, f"site {SCRIPT}", None, None, None, 0.5, False, SCRIPT)
    inputs = simulated_inputs("multi_class", sites=names)
    card = dataclasses.replace(inputs.candidate.card, model_name=SCRIPT, pretraining=(SCRIPT,))
    candidate = dataclasses.replace(inputs.candidate, card=card)
    verdict = Verdict((rule,))
    text = render(
        report_data(
            dataclasses.replace(inputs, candidate=candidate, settings=settings, verdict=verdict)
        )
    )
    parsed = Page(text)
    assert parsed.attributes("script") == [{"type": "application/json", "id": "page-data"}, {}]
    assert text.count("<script") == 2
    assert any(SCRIPT[:20] in piece for piece in parsed.svg_text)
    assert SCRIPT in parsed.text["shift"]


def test_a_dollar_sign_in_a_name_is_not_mathematics():
    inputs = simulated_inputs(with_baseline=False, sites={"a$x^2$": 90, "island <b>": 90})
    assert "a$x^2$" in Page(render(report_data(inputs))).svg_text


def test_without_a_baseline_nothing_is_compared():
    page = Page(render(report_data(simulated_inputs(with_baseline=False))))
    assert "No baseline was evaluated" in page.text["comparison"]
    assert not any("random initialisation" in text for text in page.text.values())


def test_each_class_has_its_loss_at_the_operating_point_below_the_means(data, parsed):
    rows = [cells for where, cells in parsed.rows if where == "shift"]
    for name in data["classes"]:
        for rate in ("Sensitivity", "Specificity"):
            assert [cells for cells in rows if cells[1:3] == [name, rate]], (name, rate)


def test_a_rate_of_too_few_patients_stands_beside_their_number():
    inputs = simulated_inputs("multi_label")
    key = (("site", "east"),)
    east = inputs.candidate.slices[key]
    few = dataclasses.replace(
        east.classes["effusion"], positive_patients=9, negative_patients=2_000
    )
    east = dataclasses.replace(east, classes={**east.classes, "effusion": few})
    candidate = dataclasses.replace(inputs.candidate, slices={**inputs.candidate.slices, key: east})
    data = report_data(dataclasses.replace(inputs, candidate=candidate, baseline=None))
    rows = [row for where, row in Page(render(data)).rows if where == "by-class"]
    row = next(row for row in rows if row[0] == "east")
    known = few.positives + few.negatives
    assert row[1] == f"{few.positives} / {known}9 with, ≈ 2,000 without"
    assert "too few to estimate" in row


def test_each_class_table_has_rows_of_the_sites_of_training_and_of_the_held_out_ones(page, data):
    for number, name in enumerate(data["classes"], start=1):
        tables = page.partition(f'id="class-{number}"')[2].partition("</table>")[0]
        assert name in tables
        for row in ("In distribution", "Held-out sites"):
            assert f">{row}</th>" in tables


def test_the_day_on_which_the_operating_point_was_frozen_is_said_of_each_model(parsed):
    days = parsed.row("operating-point", "Frozen on")
    assert days == ["Frozen on", "2026-03-01", "not kept with the model"]


def test_a_finding_that_a_site_lacks_is_named_below_the_shift_table():
    inputs = simulated_inputs("multi_label")
    key = (("site", "island <b>"),)
    island = inputs.candidate.slices[key]
    nothing = dataclasses.replace(island.classes["nodule"], positives=0)
    island = dataclasses.replace(island, classes={**island.classes, "nodule": nothing})
    candidate = dataclasses.replace(
        inputs.candidate, slices={**inputs.candidate.slices, key: island}
    )
    page = Page(render(report_data(dataclasses.replace(inputs, candidate=candidate))))
    assert "both sides average over effusion, cardiomegaly" in page.text["shift"]
    assert "none of one kind of nodule" in page.text["by-site"]


def test_each_subgroup_has_sensitivity_and_specificity_of_each_class(data, inputs, parsed):
    key = next(key for key in inputs.candidate.slices if dict(key).keys() == {"sex"})
    label = f"sex {dict(key)['sex']}"
    rows = [cells for where, cells in parsed.rows if where == "subgroups"]
    for name in data["classes"]:
        given = inputs.candidate.slices[key].classes[name]
        shown = [
            f"{100 * rate.value:.1f}%{100 * rate.lower:.1f} to {100 * rate.upper:.1f}"
            for rate in (given.sensitivity, given.specificity)
        ]
        assert any(label in cells[0].lower() and set(shown) <= set(cells) for cells in rows)


def test_who_the_evaluated_cases_are_of_stands_by_site_few_without_a_share(data, page):
    rows = {row["site"]: row["features"] for row in data["characteristics"]}
    assert rows["north"]["sex"] == {"counts": {"female": 53, "male": 107}, "unknown": 0}
    assert rows["north"]["age_group"] == {"counts": {}, "unknown": 160}
    assert rows["north"]["view"] == {"counts": {"PA": 160, "lateral": 80}, "unknown": None}
    assert rows["north"]["case_feature:scanner"] == {"counts": {"A <i>": 159}, "unknown": 1}
    [north] = [row for row in data["characteristics"] if row["site"] == "north"]
    assert north["image_statistics"] == {"image_mean": 0.375, "image_contrast": None}
    assert '<td class="n">0.375</td><td class="n">–</td>' in page
    assert "female 53 (33.1%), male 107 (66.9%)" in page
    assert "A &lt;i&gt; 159 (100.0%), unknown 1" in page
    assert "female 2, male 4<" in page


def test_views_that_no_site_states_have_no_column():
    sites = {"north": SiteData(9, {"view": Shares({})})}
    [row] = characteristics(sites)
    assert list(row["features"]) == ["sex", "age_group"]


def test_the_glossary_names_the_key_of_every_metric_in_the_files(data, page):
    glossary = page[page.index('id="glossary"') :]
    estimate = data["slices"][0]["models"]["candidate"]
    for name in (*estimate["metrics"], *CLASS_METRICS):
        assert f"<code>{name}</code>" in glossary


def test_the_header_says_which_data_and_configuration_the_report_is_of(page):
    header = page[: page.index("</header>")]
    assert "Data <code>sha256:5fd0</code>, configuration <code>sha256:91ac</code>" in header
    assert "Run <code>2026-01-31T11:00:00</code>." in header


def test_the_first_screen_says_for_which_patients_the_model_is(page):
    lead = page[page.index('class="lead"') : page.index('aria-labelledby="sites"')]
    assert "Adults with a frontal view." in lead


def test_what_nobody_stated_is_said_not_to_be_stated():
    settings = ReportSettings(title="t", intended_use="u")
    page = Page(render(report_data(dataclasses.replace(simulated_inputs(), settings=settings))))
    for section, heading in (
        ("purpose", "For these patients"),
        ("purpose", "Not intended for"),
        ("limits", "Not intended for"),
    ):
        words = page.text[section].partition(heading)[2]
        assert words.split()[:2] == ["not", "stated"], heading
    assert "Owner: not stated." in page.text["header"]


def test_a_report_that_knows_neither_scanner_nor_source_of_the_labels_says_so(data):
    words = "Scanner and source of the labels: not stated."
    assert words not in Page(render(data)).text["data-flow"]
    sites = {"north": SiteData(9, {"sex": Shares({"female": 9})})}
    data = data | {"characteristics": characteristics(sites)}
    assert words in Page(render(data)).text["data-flow"]


def test_the_data_flow_counts_patients_where_ingestion_did(inputs, page):
    assert "1,003 images of 501 cases of 451 patients" in page
    assert "1,000 images of 500 cases of 450 patients" in page
    ingestion = dataclasses.replace(inputs.ingestion, received_patients=None, kept_patients=None)
    older = render(report_data(dataclasses.replace(inputs, ingestion=ingestion)))
    assert "1,003 images of 501 cases<" in older


def test_what_is_left_out_counts_patients_who_are_lost_where_ingestion_did(inputs, page):
    of_cases = "3 images; 1 case left without any image"
    assert f"{of_cases}; 1 patient left without any case" in page

    def shown(**changed):
        ingestion = dataclasses.replace(inputs.ingestion, **changed)
        return render(report_data(dataclasses.replace(inputs, ingestion=ingestion)))

    assert f"{of_cases}; 3 patients left without any case" in shown(kept_patients=448)
    older = shown(received_patients=None, kept_patients=None)
    assert of_cases in older
    assert "left without any case" not in older


def test_each_site_is_followed_from_received_to_analysed(page):
    headings = ["", "Received", "Left out", "Kept", "Evaluated"]
    rows = [cells for where, cells in Page(page).rows if where == "data-flow"]
    start = rows.index(headings)
    assert rows[start + 1] == ["Site", *["Images", "Cases", "Patients"] * 4]
    assert rows[start + 2 : start + 5] == [
        [site, *numbers.split()]
        for site, numbers in (
            ("island <b>", "280 140 120  0 0 0  280 140 120  280 140 120"),
            ("north", "722 360 330  2 0 0  720 360 330  320 160 150"),
            ("tiny", "1 1 1  1 1 1  0 0 0  0 0 0"),
        )
    ]


def test_where_ingestion_did_not_count_by_site_no_table_says_what_was_received(inputs):
    ingestion = dataclasses.replace(inputs.ingestion, received=())
    older = render(report_data(dataclasses.replace(inputs, ingestion=ingestion)))
    assert "From received to analysed" not in older


def test_images_with_text_in_their_pixels_are_told_by_site_where_there_are_any(inputs, page):
    words = "Checked images whose files say that their pixels hold text"
    assert words not in page
    counts = (TextCount("island <b>", 1200), TextCount("north", 3))
    ingestion = dataclasses.replace(inputs.ingestion, text_in_pixels=counts)
    shown = render(report_data(dataclasses.replace(inputs, ingestion=ingestion)))
    text = Page(shown).text["data-flow"]
    assert f"{words}, which may name the patient: island <b> 1,200, north 3" in text
    assert "</strong> island &lt;b&gt; 1,200, north 3</p>" in shown
