"""Where a judged model stands in the registry on a day: who signed, and whether it was promoted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from components.model_registry.registry import ModelRegistry
from components.model_registry.state import (
    PROMOTED,
    ModelState,
    RegistryState,
    Signature,
    replay,
)

Stage = Literal[
    "champion", "refused_by_gate", "refused", "rolled_back", "awaiting", "former", "ready"
]


@dataclass(frozen=True)
class Standing:
    """Where a model stands.

    Attributes:
        day: On which the registry was read, YYYY-MM-DD.
        stage: `champion`; `refused_by_gate`, in a later judgement perhaps; `refused` by a person;
            `rolled_back`; `awaiting` a signature; `former` champion; `ready` to be promoted.
        signatures: On its newest judgement, and refusals of earlier ones.
        awaited_roles: In which nobody has signed.
        promoted_on: Day of its last promotion, YYYY-MM-DD; None if it never was promoted.
        judged_anew: Whether its newest judgement is another than the one asked about.
    """

    day: str
    stage: Stage
    signatures: tuple[Signature, ...]
    awaited_roles: tuple[str, ...]
    promoted_on: str | None
    judged_anew: bool


def standing(
    registry: ModelRegistry, model: str, verdict: Mapping[str, Any], day: str
) -> Standing | None:
    """Returns where a model stands; None where the registry does not know it.

    Args:
        registry: Read once.
        model: Digest.
        verdict: That is asked about: `passed`, and `rules` with their `reason`.
        day: Today, YYYY-MM-DD.

    Raises:
        UserError: The registry is broken.
    """
    entries = registry.entries()
    state = replay(entries)
    found = state.models.get(model)
    if found is None:
        return None
    promotions = [
        entry.time for entry in entries if (entry.action, entry.model) == (PROMOTED, model)
    ]
    return Standing(
        day=day,
        stage=_stage(state, found),
        signatures=tuple(found.signatures.values()),
        awaited_roles=found.awaited_roles,
        promoted_on=promotions[-1][: len("YYYY-MM-DD")] if promotions else None,
        judged_anew=_judgement(registry.record_of(found).verdict) != _judgement(verdict),
    )


def _stage(state: RegistryState, found: ModelState) -> Stage:
    if found.model == state.champion:
        return "champion"
    if not found.passed:
        return "refused_by_gate"
    if found.refusals:
        return "refused"
    if found.was_rolled_back:
        return "rolled_back"
    if found.awaited_roles:
        return "awaiting"
    return "former" if found.model in state.champions else "ready"


def _judgement(verdict: Mapping[str, Any]) -> tuple[bool, list[str]]:
    return bool(verdict["passed"]), [rule["reason"] for rule in verdict["rules"]]
