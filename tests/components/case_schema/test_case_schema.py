"""The schema of a case as an artifact, wherever the package is installed."""

from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from components.case_schema.component import CaseSchema
from components.case_schema.executor import Executor
from trainer.errors import UserError


def run(directory: Path, digest: str) -> None:
    schema = standard_artifacts.Schema()
    schema.uri = str(directory)
    Executor().Do({}, {"schema": [schema]}, {"digest": digest})


def test_it_is_the_schema_of_the_package_under_the_name_that_tfx_looks_for(tmp_path):
    component = CaseSchema()
    run(tmp_path / "schema", component.exec_properties["digest"])
    expected = Path("schemas/case.pbtxt").read_bytes()
    assert (tmp_path / "schema" / "schema.pbtxt").read_bytes() == expected


def test_an_image_with_another_schema_is_refused(tmp_path):
    with pytest.raises(UserError, match="Compile with the version of micle-tfx that is in"):
        run(tmp_path, "0" * 64)
