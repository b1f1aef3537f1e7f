"""What the registry's log says now: who is champion, what each model waits for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.model_registry.log import Entry

REGISTERED, SIGNED, PROMOTED, ROLLED_BACK = "registered", "signed", "promoted", "rolled_back"


@dataclass(frozen=True)
class Signature:
    """A person's word on a model.

    Attributes:
        role: In which it was given.
        name: Of the person.
        agreed: Whether the person agreed.
        reason: Of a refusal.
        time: UTC, ISO 8601.
    """

    role: str
    name: str
    agreed: bool
    reason: str
    time: str


@dataclass
class ModelState:
    """One model.

    Attributes:
        model: Its digest.
        record: Digest of its newest record.
        passed: Whether the gate let it pass, by that record.
        judged_against: The champion at that judgement; blank if there was none.
        training_digest: See `Lineage`.
        sign_off_roles: Roles in which somebody must agree.
        registered: When, UTC.
        signatures: On that record, and refusals of earlier ones; of a role the last one counts.
        was_rolled_back: Whether it was taken out of service.
    """

    model: str
    record: str
    passed: bool
    judged_against: str
    training_digest: str
    sign_off_roles: tuple[str, ...]
    registered: str
    signatures: dict[str, Signature] = field(default_factory=dict)
    was_rolled_back: bool = False

    @property
    def awaited_roles(self) -> tuple[str, ...]:
        """Roles in which nobody has signed yet."""
        return tuple(role for role in self.sign_off_roles if role not in self.signatures)

    @property
    def refusals(self) -> tuple[Signature, ...]:
        """Signatures that refuse."""
        return tuple(sign for sign in self.signatures.values() if not sign.agreed)


@dataclass
class RegistryState:
    """All models, and who is champion.

    Attributes:
        models: By digest.
        champions: In the order they came, the present one last; without those rolled back.
        changes: How often the champion changed.
    """

    models: dict[str, ModelState] = field(default_factory=dict)
    champions: list[str] = field(default_factory=list)
    changes: int = 0

    @property
    def champion(self) -> str:
        """Digest of the champion; blank if there is none."""
        return self.champions[-1] if self.champions else ""

    def champion_to_meet(self, candidate: str) -> str:
        """Returns the digest of the champion that a candidate is compared with; blank if none.

        A candidate that became champion meets the one it met before.
        """
        if candidate == self.champion and candidate:
            return self.models[candidate].judged_against
        return self.champion

    def comparison_key(self, training_digest: str) -> str:
        """Returns a text that changes whenever the candidate of a training meets another champion.

        It does not change when that very candidate becomes champion: a run that is repeated
        repeats no step.
        """
        state = self.models.get(self.champion)
        if state is not None and state.training_digest == training_digest:
            return f"{state.judged_against}@{self.changes - 1}"
        return f"{self.champion}@{self.changes}"

    def status(self, model: str) -> str:
        """Returns in a few words where a model stands."""
        state = self.models[model]
        if model == self.champion:
            by = ", ".join(sign.role for sign in state.refusals)
            by = by or ("" if state.passed else "the gate since")
            return f"champion, refused by {by}" if by else "champion"
        if not state.passed:
            return "refused by the gate"
        if state.refusals:
            return f"refused by {', '.join(sign.role for sign in state.refusals)}"
        awaited = f"awaiting sign-off: {', '.join(state.awaited_roles)}"
        if state.was_rolled_back:
            return f"rolled back, {awaited}" if state.awaited_roles else "rolled back"
        if state.awaited_roles:
            return awaited
        if model in self.champions:
            return "former champion"
        if state.judged_against != self.champion:
            return "judged against an earlier champion"
        return "ready"


def replay(entries: Sequence[Entry]) -> RegistryState:
    """Returns what a log amounts to."""
    state = RegistryState()
    for entry in entries:
        if entry.action == REGISTERED:
            _register(state, entry)
        elif entry.action == SIGNED:
            signature = Signature(**_signature_fields(entry.details), time=entry.time)
            state.models[entry.model].signatures[signature.role] = signature
        elif entry.action == PROMOTED:
            state.champions.append(entry.model)
            state.changes += 1
            state.models[entry.model].was_rolled_back = False
        elif entry.action == ROLLED_BACK:
            rolled_back = state.models[state.champions.pop()]
            rolled_back.was_rolled_back = True
            # Whoever agreed did so before it failed; whoever refused has not agreed since.
            rolled_back.signatures = {sign.role: sign for sign in rolled_back.refusals}
            state.changes += 1
    return state


def _register(state: RegistryState, entry: Entry) -> None:
    before = state.models.get(entry.model)
    fields = dict(entry.details) | {"sign_off_roles": tuple(entry.details["sign_off_roles"])}
    state.models[entry.model] = ModelState(
        model=entry.model,
        registered=entry.time,
        was_rolled_back=before is not None and before.was_rolled_back,
        # Who refused it agrees before it is promoted, however it is judged anew.
        signatures={} if before is None else {sign.role: sign for sign in before.refusals},
        **fields,
    )


def _signature_fields(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: details[name] for name in ("role", "name", "agreed", "reason")}
