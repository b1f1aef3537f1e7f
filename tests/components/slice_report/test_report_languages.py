"""The page in Chinese: every message is there, and no English sentence of ours is left."""

import dataclasses
import json
import re
import string
from html.parser import HTMLParser

import pytest

from components.case_example_gen.ingestion_report import TextCount
from components.promotion_gate.gate import Evidence, judge
from components.promotion_gate.opponent import NO_CHAMPION
from components.promotion_gate.rules import GateRules, MinimumRule
from components.site_evaluator.sufficiency import SampleLimits
from components.slice_report.message_catalogue import ENGLISH, load_messages
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from tests.components.slice_report.simulated_evaluation import SETTINGS, simulated_inputs

CHINESE = load_messages("zh")
# What comes from data and settings stays as it was written; so do abbreviations of the field.
DATA = {"MICLe", "random", "initialisation", "effusion", "cardiomegaly", "nodule", "naevus",
        "melanoma", "keratosis", "north", "east", "island", "tiny", "demo", "micle", "tfx",
        "report", "json", "metrics", "csv", "sha", "SHA", "AUC", "ROC", "ECE", "PPV", "NPV",
        "lateral", "scanner", "drift", "Brier", "Cox", "Chest", "findings", "sites"}  # fmt: skip


def placeholders(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


class VisibleText(HTMLParser):
    """Text and attributes that a person reads or hears, outside of what is marked as English."""

    def __init__(self, page):
        super().__init__()
        self.pieces, self._skipped = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in ("meta", "input", "br"):
            hidden = tag in ("style", "script", "code") or attributes.get("lang") == "en"
            self._skipped.append(hidden or (bool(self._skipped) and self._skipped[-1]))
        self.pieces += [attributes.get(name) or "" for name in ("aria-label", "title", "data-text")]

    def handle_endtag(self, tag):
        self._skipped.pop()

    def handle_data(self, text):
        if not (self._skipped and self._skipped[-1]):
            self.pieces.append(text)


def test_both_files_have_the_same_keys_and_placeholders():
    assert list(CHINESE.texts) == list(ENGLISH.texts)
    differing = [
        key
        for key, text in ENGLISH.texts.items()
        if set(placeholders(text)) != set(placeholders(CHINESE.texts[key]))
    ]
    assert differing == []


def test_every_chinese_message_is_in_chinese():
    latin = {key for key, text in CHINESE.texts.items() if not re.search("[\u4e00-\u9fff]", text)}
    # Signs and abbreviations only.
    assert all(
        set(re.findall("[A-Za-z]+", re.sub(r"{\w+}", "", CHINESE.texts[key]))) <= {"AUC", "CI", "n"}
        for key in latin
    )


@pytest.fixture(scope="module", params=["multi_label", "multi_class"])
def chinese(request):
    settings = dataclasses.replace(
        SETTINGS,
        language="zh",
        intended_use="用于放射科阅片排序。",
        population=("成人。",),
        not_intended_for=("儿童。",),
        owner="影像安全委员会",
        limits=("标签来自报告。",),
        deployment_prevalence={
            "effusion" if request.param == "multi_label" else "melanoma": 0.02,
        },
    )
    inputs = dataclasses.replace(simulated_inputs(request.param), settings=settings)
    return render(report_data(inputs))


def test_the_page_says_its_language(chinese):
    assert '<html lang="zh-CN">' in chinese


def test_no_english_sentence_is_left(chinese):
    text = re.sub(r"{\w+}", "", " ".join(VisibleText(chinese).pieces))
    words = set(re.findall("[A-Za-z]{3,}", text))
    assert words - DATA == set()


def test_the_chinese_page_has_the_numbers_and_words_of_the_field(chinese):
    text = "".join(VisibleText(chinese).pieces)
    for word in ("灵敏度", "特异度", "阳性预测值", "未通过", "未参与训练", "例数过少，无法估计"):
        assert word in text
    assert "个百分点" in text or "平均 AUC" in text


def test_images_with_text_in_their_pixels_are_told_in_chinese():
    inputs = simulated_inputs()
    counts = (TextCount("north", 3), TextCount("tiny", 1))
    ingestion = dataclasses.replace(inputs.ingestion, text_in_pixels=counts)
    settings = dataclasses.replace(SETTINGS, language="zh")
    page = render(report_data(dataclasses.replace(inputs, ingestion=ingestion, settings=settings)))
    text = "".join(VisibleText(page).pieces)
    assert "文件注明像素内含有文字（可能显示患者姓名）的有：north 3、tiny 1" in text


def test_the_gates_sentences_are_chinese_and_say_where(chinese_verdict):
    page = render(chinese_verdict)
    text = "".join(VisibleText(page).pieces)
    assert "要求：平均 AUC不低于 0.800，以其 95% 区间的下限为准。" in text
    assert "参与训练的站点" in text
    assert "尚无现行模型" in text
    assert "Required:" not in text
    rules = {rule["rule"]: rule for rule in chinese_verdict["verdict"]["rules"]}
    overall = chinese_verdict["slices"][1]
    assert overall["name"] == "in distribution"
    assert rules["minimum mean_auc"]["cases"] == overall["cases"]


@pytest.fixture
def chinese_verdict():
    inputs = simulated_inputs("multi_label")
    verdict = judge(
        Evidence(inputs.candidate, inputs.ingestion),
        GateRules(minimum=(MinimumRule("mean_auc", 0.8, "in_distribution"),)),
        SampleLimits(),
    )
    settings = dataclasses.replace(SETTINGS, language="zh")
    data = report_data(
        dataclasses.replace(inputs, verdict=verdict, settings=settings, champion=NO_CHAMPION)
    )
    return json.loads(json.dumps(data))


def test_a_value_in_a_message_is_escaped_in_the_page_and_not_in_a_sentence():
    assert "&lt;b&gt;" in ENGLISH.html("by_site.absent", classes="<b>")
    assert ENGLISH.plain("by_site.absent", classes="<b>") == "none of one kind of <b>"
