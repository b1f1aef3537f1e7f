"""The studies that are shipped can be read, and are of the size that their heads say."""

from pathlib import Path

import pytest
import yaml

from pipeline.study.arms import arms_of, encoders_of
from pipeline.study.question import study_question
from pipeline.study.report_limit import most_arms
from pipeline.study.settings import load_study
from pipeline.yaml_files import read_yaml
from tests.pipeline.study.study_files import labelled_natural


@pytest.mark.parametrize(
    ("name", "encoders", "arms"),
    [
        ("demo", 4, 12),
        ("natural", 2, 3),
        ("synthetic", 5, 108),
        ("synthetic-seeds", 13, 36),
        ("synthetic-longer", 5, 54),
        ("synthetic-tuning", 9, 60),
        ("ham10000", 5, 192),
        ("chest", 5, 96),
        ("ham10000-seeds", 15, 24),
        ("ham10000-longer", 3, 30),
        ("ham10000-larger", 7, 48),
        ("ham10000-tuning", 18, 69),
        ("chest-tuning", 11, 33),
    ],
)
def test_a_shipped_study_is_sound(name, encoders, arms, tmp_path):
    values = read_yaml(f"configs/study-{name}.yaml")
    values["base"] = str(Path("configs", values["base"]).absolute())
    if "natural_labels" in values:
        values["natural_labels"] = labelled_natural(tmp_path)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(values))
    study = load_study(str(tmp_path / "study.yaml"))
    trained = [encoder for encoder in encoders_of(study) if not encoder.is_ready]
    assert (len(trained), len(arms_of(study))) == (encoders, arms)
    head = Path(f"configs/study-{name}.yaml").read_text()
    assert f"{encoders} pretrainings, {arms} arms" in head
    cannot_be_compiled = arms > most_arms(study_question(study))
    assert cannot_be_compiled == ("too many to compile as one" in head)


def test_every_shipped_study_is_among_them():
    [parametrized] = test_a_shipped_study_is_sound.pytestmark
    named = {name for name, *_ in parametrized.args[1]}
    assert named == {
        path.stem.removeprefix("study-") for path in Path("configs").glob("study-*.yaml")
    }
