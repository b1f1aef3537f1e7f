"""What is read from a compiled pipeline, and runtime parameters held against it."""

import pytest

from pipeline.submission.package import parse_parameters, read_package
from tests.pipeline.submission.conftest import SPECIFICATION, STEPS
from trainer.errors import UserError


def test_name_steps_and_parameters_come_from_the_file(package):
    assert package.name == "micle-demo"
    assert package.steps == STEPS
    assert package.parameters["seed"].kind == "NUMBER_INTEGER"
    assert not any(parameter.required for parameter in package.parameters.values())


def test_steps_come_after_those_they_need(write_package):
    tasks = {"a": {"dependentTasks": ["c"]}, "b": {"dependentTasks": ["a"]}, "c": {}}
    assert write_package(root={"dag": {"tasks": tasks}}).steps == ("c", "a", "b")
    tasks["c"] = {"dependentTasks": ["b"]}
    with pytest.raises(UserError, match="is no compiled pipeline"):
        write_package(root={"dag": {"tasks": tasks}})


def test_a_version_is_named_by_content(write_package):
    first, again = write_package().version, write_package().version
    assert first == again
    assert len(first) == 12
    assert write_package(sdkVersion="other").version != first


@pytest.mark.parametrize("content", ["", "[1, 2]", "a: b", "{", "pipelineInfo: {name: x}"])
def test_a_file_that_is_no_compiled_pipeline(content, tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match=r"is no compiled pipeline\. Make one by 'micle compile'"):
        read_package(path)


def test_values_have_the_declared_types(package):
    assert parse_parameters(
        package, ["seed=7", "label-fraction=0.1", "image-tag=2=3", "cache=true"]
    ) == {"seed": 7, "label-fraction": 0.1, "image-tag": "2=3", "cache": True}
    assert parse_parameters(package, ["label-fraction=1"]) == {"label-fraction": 1}


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        (["seed"], "--set seed: must be NAME=VALUE."),
        (["sed=7"], "--set sed: is no runtime parameter of micle-demo (cache, image-tag"),
        (["seed=7", "seed=8"], "--set seed: is given twice."),
        (["seed=0.5"], "--set seed=0.5: must be a whole number."),
        (["seed=true"], "--set seed=true: must be a whole number."),
        (["label-fraction=half"], "--set label-fraction=half: must be a number."),
        (["label-fraction=NaN"], "--set label-fraction=NaN: must be a number."),
        (["cache=1"], "--set cache=1: must be true or false."),
    ],
)
def test_other_values_are_refused(assignments, expected, package):
    with pytest.raises(UserError) as error:
        parse_parameters(package, assignments)
    assert str(error.value).startswith(expected)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("LIST", "[1, 2]", [1, 2]), ("STRUCT", '{"a": 1}', {"a": 1})],
)
def test_a_parameter_without_default_must_be_given(kind, text, value, write_package):
    tasks = SPECIFICATION["root"]["dag"]
    inputs = {"parameters": {"x": {"parameterType": kind}}}
    package = write_package(root={"dag": tasks, "inputDefinitions": inputs})
    with pytest.raises(UserError, match="--set x=VALUE is missing: a JSON"):
        parse_parameters(package, [])
    assert parse_parameters(package, [f"x={text}"]) == {"x": value}
