"""Checks that MICLe has pairs to train on, before any training."""

from collections.abc import Iterator, Mapping

from components.pair_builder.settings import PairSettings
from pipeline.configuration import PretrainingStep
from pipeline.validation.findings import Finding, Summary
from schemas.case_features import TRAIN


def check_pairs(steps: Mapping[str, PretrainingStep], medical: Summary) -> Iterator[Finding]:
    """Yields the MICLe steps for which no two images of the training split make a pair.

    Args:
        steps: Pretraining steps by the field that holds them.
        medical: What the medical data hold.
    """
    if not medical.cases_by_split.get(TRAIN):
        return
    for field, step in steps.items():
        pairs = step.pairs
        if step.method != "micle" or (pairs.pair_scope, pairs.pair_rule) in medical.pairable:
            continue
        allowed = "" if pairs.pair_rule == "any" else f" that pair_rule {pairs.pair_rule} pairs"
        nothing = f"{field}.pairs: no {pairs.pair_scope} of the train split has two images{allowed}"
        remedy = _remedy(pairs, medical)
        if pairs.single_image_pairs:
            yield Finding(
                "warning",
                f"{nothing}, so each pair is two views of one image, as SimCLR's are. {remedy}",
            )
        else:
            yield Finding(
                "error",
                f"{nothing}, and single_image_pairs is false: there is nothing to train on. "
                f"{remedy}",
            )


def _remedy(pairs: PairSettings, medical: Summary) -> str:
    if ("patient", pairs.pair_rule) in medical.pairable:
        return "Set pair_scope: patient, or leave the step out."
    if (pairs.pair_scope, "any") in medical.pairable:
        return "Set pair_rule: any, or leave the step out."
    return "Leave the step out."
