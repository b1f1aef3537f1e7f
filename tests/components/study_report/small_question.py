"""What a small study asks: two starts on two shares of the labels, two seeds."""

from components.site_evaluator.sufficiency import SampleLimits
from components.study_report.question import ComparedStart, StudyQuestion


def small_question(**changes) -> StudyQuestion:
    values = {
        "title": "<script>alert(1)</script>",
        "task": "multi_label",
        "classes": ("edema",),
        "held_out_sites": ("east",),
        "evaluation_split": "test",
        "metric": "mean_auc",
        "metrics": ("mean_auc",),
        "baseline": "random",
        "contrasts": (("random", "pretrained"),),
        "initialisations": (
            ComparedStart("random"),
            ComparedStart("pretrained", ("SimCLR natural", "SimCLR medical")),
        ),
        "seeds": (0, 1),
        "label_fractions": (0.5, 1.0),
        "trainable": ("network",),
        "sample_limits": SampleLimits(),
    }
    return StudyQuestion(**{**values, **changes})
