"""Everything the report shows, as one plain dictionary: what `report.json` holds."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.case_example_gen.ingestion_report import IngestionReport
from components.model_question import check_same_question, question_of
from components.model_registry.standing import Standing
from components.promotion_gate.opponent import Opponent
from components.promotion_gate.verdict import RuleResult, Verdict
from components.site_drift.distributions import SiteData
from components.site_drift.drift import SiteDrift
from components.site_evaluator.results import OVERALL, Evaluation, site_slice
from components.slice_report.champion import champion_data
from components.slice_report.characteristics import characteristics
from components.slice_report.data_flow import data_flow, population
from components.slice_report.deployment import check_findings
from components.slice_report.disclosure.protection import protect_report, rounded
from components.slice_report.disclosure.verdict_rules import protect_verdict
from components.slice_report.drift import drift_rows
from components.slice_report.error_gallery import ConfidentError
from components.slice_report.exploration import exploration
from components.slice_report.message_catalogue import load_messages
from components.slice_report.operating_point_findings import operating_point_findings
from components.slice_report.pairs import pair_table
from components.slice_report.rule_slices import averaged_classes, slice_of
from components.slice_report.same_differences import with_same_scores_said
from components.slice_report.settings import ReportSettings, RunFields
from components.slice_report.shift import shift_rows
from components.slice_report.site_ranking import heterogeneity, rank_sites
from components.slice_report.slice_entries import slice_entries
from components.slice_report.summary import findings
from components.slice_report.vocabulary import MAIN_METRICS, slice_name
from trainer.errors import UserError

FORMAT = 4


@dataclass(frozen=True)
class ReportInputs:
    """What a report is made from.

    Attributes:
        candidate: Evaluation of the model that the gate judged.
        baseline: Evaluation of a model to compare with, on the same cases; None without one.
        verdict: The gate's verdict on the candidate.
        ingestion: What became of the images and cases.
        settings: Words and limits.
        run: Where the report comes from.
        champion: Evaluation of the model that is promoted now, on the same cases, or why there is
            none; None leaves it out of the report.
        champion_lineage: Where that model comes from, as the registry keeps it; empty if not known.
        evaluated_sites: What is known of the evaluated cases, by site; none without statistics.
        drift: How far each site's data is from what training saw; None if not measured.
        pairs: What was paired for MICLe (`pair_statistics.json`); None without such a step.
        study: What `read_study` returns of a study of several starts; None without one.
        errors: The most confident ones of each site; None if nobody asked for them.
        thumbnails: Their images as `data:` addresses, by case.
        standing: Where the model stands in the registry now; None where that was not read.
    """

    candidate: Evaluation
    baseline: Evaluation | None
    verdict: Verdict
    ingestion: IngestionReport
    settings: ReportSettings
    run: RunFields
    champion: Opponent | None = None
    champion_lineage: Mapping[str, Any] = field(default_factory=dict)
    drift: tuple[SiteDrift, ...] | None = None
    evaluated_sites: Mapping[str, SiteData] = field(default_factory=dict)
    pairs: Mapping[str, Any] | None = None
    study: Mapping[str, Any] | None = None
    errors: tuple[ConfidentError, ...] | None = None
    thumbnails: Mapping[str, str] = field(default_factory=dict)
    standing: Standing | None = None


def report_data(inputs: ReportInputs) -> dict[str, Any]:
    """Returns the report's content; numbers of sparse slices are already left out.

    The keys are described in `schemas/slice_report.schema.json`.

    Raises:
        UserError: The evaluations cannot be compared, or lack the slice of all cases.
    """
    _check(inputs)
    candidate, baseline, settings = inputs.candidate, inputs.baseline, inputs.settings
    main_metrics = MAIN_METRICS[candidate.card.task]
    entries = with_same_scores_said(
        slice_entries(candidate, baseline, settings), candidate, baseline
    )
    data = {
        "format": FORMAT,
        "settings": dataclasses.asdict(settings),
        "run": dataclasses.asdict(inputs.run),
        "task": candidate.card.task,
        "classes": list(candidate.card.classes),
        "main_metrics": list(main_metrics),
        "models": _models(candidate, baseline),
        "slices": entries,
        "shift": shift_rows(candidate, baseline, settings),
        "drift": None if inputs.drift is None else drift_rows(inputs.drift, settings.min_cases),
        "exploration": exploration(candidate, entries, settings),
        "errors": None
        if inputs.errors is None
        else [dataclasses.asdict(error) for error in inputs.errors],
        "champion": champion_data(
            candidate,
            inputs.champion,
            entries,
            settings,
            inputs.run,
            inputs.champion_lineage,
        ),
        "study": inputs.study,
        "data_flow": data_flow(inputs.ingestion),
        "population": population(inputs.ingestion),
        "characteristics": characteristics(inputs.evaluated_sites),
        "pairs": None if inputs.pairs is None else pair_table(inputs.pairs),
        "method": {
            "replicates": _replicates(candidate),
            "slices_examined": len(entries),
        },
    }
    if not settings.suppress_counts_below:
        return data | _summary(inputs, data, inputs.verdict)
    data = protect_report(data, settings.suppress_counts_below)
    verdict = protect_verdict(inputs.verdict, data, settings.suppress_counts_below)
    content: dict[str, Any] = rounded(data | _summary(inputs, data, verdict))
    return content


def _summary(inputs: ReportInputs, data: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
    """Returns what is said of the slices together, from their entries as they are shown."""
    entries, metric = data["slices"], data["main_metrics"][0]
    baseline = inputs.baseline.card.model_name if inputs.baseline else None
    messages = load_messages(inputs.settings.language)
    rankings = [
        rank_sites(inputs.candidate, entries, name, inputs.settings.sample_limits)
        for name in data["main_metrics"]
    ]
    ranking = next((one for one in rankings if one is not None and one.sites), rankings[0])
    worst = ranking.sites[0].site if ranking is not None and ranking.sites else None
    return {
        "heterogeneity": heterogeneity(ranking),
        "findings": [
            *operating_point_findings(data["shift"], data["champion"], entries, messages),
            *findings(ranking, entries[0], data["shift"], metric, baseline, messages),
        ],
        "verdict": _verdict(verdict, inputs.verdict, entries)
        | {"standing": None if inputs.standing is None else dataclasses.asdict(inputs.standing)},
        "worst_site": None
        if ranking is None or worst is None
        else {"name": slice_name(site_slice(worst)), "metric": ranking.metric},
    }


def _check(inputs: ReportInputs) -> None:
    if OVERALL not in inputs.candidate.slices:
        raise UserError(
            "evaluation: the slice of all cases is missing; evaluate with the overall slice"
        )
    check_findings(inputs.settings.deployment_prevalence, inputs.candidate.card.classes)
    if inputs.baseline is None:
        return
    ours, theirs = (question_of(model.card) for model in (inputs.candidate, inputs.baseline))
    check_same_question("baseline_evaluation", theirs, ours)
    if OVERALL not in inputs.baseline.slices:
        raise UserError(
            "baseline_evaluation: the slice of all cases is missing; evaluate with the overall "
            "slice"
        )
    replicates = _replicates(inputs.candidate), _replicates(inputs.baseline)
    if replicates[0] != replicates[1]:
        raise UserError(
            f"baseline_evaluation: {replicates[1]} replicates, expected {replicates[0]} as in the "
            "candidate's evaluation; evaluate both with the same settings"
        )


def _models(candidate: Evaluation, baseline: Evaluation | None) -> dict[str, dict[str, Any]]:
    evaluations = {"candidate": candidate, "baseline": baseline}
    return {
        role: dataclasses.asdict(evaluation.card)
        for role, evaluation in evaluations.items()
        if evaluation is not None
    }


def _verdict(verdict: Verdict, measured: Verdict, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the rules, failing ones first, each with the n of its slice where it is known.

    A rule about a class has that class' n, too.

    Args:
        verdict: As it is shown.
        measured: Of the gate.
        entries: Of the slices, as they are shown.
    """
    by_name = {entry["name"]: entry for entry in entries}
    rules = sorted(zip(verdict.rules, measured.rules, strict=True), key=lambda r: r[0].passed)
    return {
        "passed": verdict.passed,
        "sign_off_roles": list(verdict.sign_off_roles),
        "rules": [
            dataclasses.asdict(rule)
            | _sizes(rule, by_name.get(slice_of(rule)))
            | {
                "averaged": averaged_classes(rule),
                "withheld": rule.measured is None and given.measured is not None,
            }
            for rule, given in rules
        ],
    }


def _sizes(rule: RuleResult, entry: dict[str, Any] | None) -> dict[str, Any]:
    if entry is None:
        return {"cases": None, "positives": None, "negatives": None}
    class_name = rule.rule.partition(" ")[2].partition(":")[2]
    classes = entry["models"]["candidate"]["classes"] if entry["models"] else {}
    of_class = classes.get(class_name, {})
    return {
        "cases": entry["cases"],
        "positives": of_class.get("positives"),
        "negatives": of_class.get("negatives"),
    }


def _replicates(evaluation: Evaluation) -> int:
    metrics = evaluation.slices[OVERALL].metrics
    return max(estimate.replicates.size for estimate in metrics.values())
