"""Models are compared only if they answer the same question."""

import pytest

from components.model_question import ModelQuestion, check_same_question
from trainer.errors import UserError

OURS = ModelQuestion("multi_label", ("edema", "mass"))


def test_models_of_one_task_and_the_same_classes_are_compared():
    check_same_question("--compare B", ModelQuestion("multi_label", ("edema", "mass")), OURS)


@pytest.mark.parametrize(
    ("task", "classes"),
    [
        ("multi_class", ("edema", "mass")),
        ("multi_label", ("edema", "nodule")),
        ("multi_label", ("mass", "edema")),
    ],
)
def test_another_task_other_classes_or_another_order_is_refused_in_one_line(task, classes):
    with pytest.raises(UserError) as caught:
        check_same_question("--compare B", ModelQuestion(task, classes), OURS)
    assert str(caught.value) == (
        f"--compare B: the model is {task} ({', '.join(classes)}), expected multi_label (edema, "
        "mass). Compare models of the same task and classes."
    )
