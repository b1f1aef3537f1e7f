"""The PDF: every section on paper, nothing fetched, the same bytes; and a machine without Pango."""

import base64
import dataclasses
import shutil
import subprocess
import sys

import pytest
from PIL import Image

from components.promotion_gate.verdict import Verdict
from components.slice_report import report
from components.slice_report.error_gallery import ConfidentError
from components.slice_report.pdf import write_pdf
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from components.slice_report.report_files import PAGE, PDF, WITHOUT_PDF, missing_pdf
from tests.components.slice_report.simulated_evaluation import VERDICT, simulated_inputs

# One pixel.
PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


@pytest.fixture(scope="module")
def pdf(tmp_path_factory):
    pytest.importorskip("weasyprint", exc_type=OSError, reason="Pango is not on this machine")
    file = tmp_path_factory.mktemp("pdf") / PDF
    inputs = simulated_inputs("multi_class")
    errors = tuple(
        ConfidentError("north", case, "confused", "naevus", "melanoma", 0.9, None, 0.9)
        for case in ("a", "b")
    )
    verdict = dataclasses.replace(VERDICT, rules=VERDICT.rules * 5)
    inputs = dataclasses.replace(inputs, errors=errors, verdict=verdict)
    assert write_pdf(render(report_data(inputs), {"a": PICTURE}), file) is None
    return file


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not on this machine")
def test_the_paper_says_what_the_page_says_and_has_no_controls(pdf):
    text = subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True
    ).stdout
    for words in ("Refused", "Distribution shift", "Confusion matrix", "island <b>", "Glossary"):
        assert words in text
    assert "Another operating point" not in text
    assert "Most confident errors" in text
    first_page = text.split("\f")[0]
    assert "Refused" in first_page
    pages = text.count("\f")
    assert f"1 / {pages}" in text
    assert f"{pages} / {pages}" in text


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not on this machine")
def test_twelve_rules_that_hold_leave_the_main_figure_on_the_first_sheet(tmp_path, pdf):
    held = next(rule for rule in VERDICT.rules if rule.passed and rule.measured is not None)
    inputs = dataclasses.replace(simulated_inputs(), verdict=Verdict((held,) * 12))
    assert write_pdf(render(report_data(inputs)), tmp_path / PDF) is None
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / PDF, "-"], check=True, capture_output=True, text=True
    ).stdout
    first, _, rest = text.partition("\f")
    assert "12 rules hold" in first
    assert "Mean AUC by site" in first
    # The figure's lowest row.
    assert "tiny" in first.partition("Mean AUC by site")[2]
    assert "Required:" not in first
    assert rest.count("Required: mean AUC of at least 0.750.") == 12


def test_the_same_page_gives_the_same_bytes(tmp_path, pdf):
    for name in ("first", "second"):
        assert write_pdf("<title>a</title><p>words", tmp_path / name) is None
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    assert pdf.read_bytes().startswith(b"%PDF")


def test_nothing_is_loaded_but_what_stands_in_the_page(tmp_path, pdf):
    def printed(name, address):
        file = tmp_path / name
        assert write_pdf(f'<img src="{address}" alt="">', file) is None
        return b"/Image" in file.read_bytes()

    picture = tmp_path / "picture.png"
    Image.new("RGB", (4, 4), "red").save(picture)
    encoded = base64.b64encode(picture.read_bytes()).decode()
    assert printed("own.pdf", f"data:image/png;base64,{encoded}")
    assert not printed("file.pdf", picture.as_uri())


def test_a_page_that_cannot_be_laid_out_costs_the_pdf_alone(tmp_path, monkeypatch, pdf):
    import weasyprint

    def fail(_self, target, **_options):
        target.write_bytes(b"half")
        raise IndexError("line")

    monkeypatch.setattr(weasyprint.HTML, "write_pdf", fail)
    reason = write_pdf("<p>words", tmp_path / PDF)
    assert reason == "no PDF: WeasyPrint failed (IndexError); print report.html from a browser."
    assert not (tmp_path / PDF).exists()


def test_without_pango_the_report_has_its_other_files_and_says_why(tmp_path, monkeypatch, caplog):
    class WithoutPango:
        def find_spec(self, name, *_):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'\nand more lines")

    monkeypatch.setattr(report, "write_pdf", write_pdf)
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [WithoutPango(), *sys.meta_path])
    (tmp_path / PDF).write_bytes(b"of an earlier report")
    report.write_report(str(tmp_path), simulated_inputs())
    reason = missing_pdf(tmp_path)
    assert reason.startswith("no PDF: the system library Pango cannot be loaded (cannot load")
    assert "apt-get install libpango" in reason
    assert reason in caplog.text
    assert (tmp_path / PAGE).is_file()
    assert not (tmp_path / PDF).exists()
    assert (tmp_path / WITHOUT_PDF).read_text().count("\n") == 1
