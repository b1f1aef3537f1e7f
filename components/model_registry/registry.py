"""The registry: candidates by the digest of their files, signatures, and who is champion.

The log is the only truth; a change is one entry that follows what it was decided on, or is decided
anew if another one came in between. See `Storage` for where it may lie.
"""

import contextlib
import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from components.fine_tuner.model_card import model_digest
from components.model_registry.log import (
    LOG,
    Entry,
    append_entry,
    entry_name,
    new_entry,
    read_entries,
)
from components.model_registry.records import CandidateRecord, record_from_json, text_digest
from components.model_registry.serving_directory import publish, serving_lock
from components.model_registry.state import (
    PROMOTED,
    REGISTERED,
    ROLLED_BACK,
    SIGNED,
    ModelState,
    RegistryState,
    Signature,
    replay,
)
from components.model_registry.storage import Storage, open_storage
from trainer.errors import UserError

SHORT = 12
"""Characters of a digest that are shown."""

_MODELS = "models"
_Change = tuple[str, str, Mapping[str, Any]]
"""Action, model and details of an entry."""


class NotPromotableError(UserError):
    """A model that must not become champion, as things are."""


class ModelRegistry:
    """A registry in a storage; every method reads the log anew."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @classmethod
    def at(cls, location: str) -> "ModelRegistry":
        """Returns the registry in a folder or at the URL of a bucket; raises as `open_storage`."""
        return cls(open_storage(location))

    @property
    def location(self) -> str:
        """Folder or URL."""
        return self._storage.location

    def exists(self) -> bool:
        """Says whether anything has been registered."""
        return bool(self._storage.names(LOG) or self._storage.names(_MODELS))

    def require_log(self) -> None:
        """Checks that a log which was lost is not taken for one that never was.

        Raises:
            UserError: There are models and no log.
        """
        models = self._storage.names(_MODELS)
        if models and not self._storage.names(LOG):
            raise UserError(
                f"{self.location}: holds {len(models)} models and no log: nobody can tell who is "
                "champion. Restore the log from a backup; if there never was one (a first run that "
                f"was cut off), remove {_MODELS}."
            )

    def entries(self) -> list[Entry]:
        """Returns the log.

        Raises:
            UserError: Its chain is broken.
        """
        return read_entries(self._storage)

    def state(self) -> RegistryState:
        """Returns what the log amounts to; raises as `entries` does."""
        return replay(self.entries())

    @contextlib.contextmanager
    def saved_model(self, model: str) -> Iterator[Path]:
        """Gives the files of a model that passed the gate, to be read.

        Raises:
            UserError: They are not those that were registered.
        """
        name = _model_folder(model)
        with self._storage.folder(name) as path:
            if not path.is_dir() or model_digest(str(path)) != model:
                raise UserError(
                    f"{self.location}: {name}: the files are not those that were registered. "
                    "Restore them from a backup."
                )
            yield path

    def record(self, model: str) -> CandidateRecord:
        """Returns the newest record of a model; raises as `record_of` does."""
        return self.record_of(self.state().models[model])

    def record_of(self, found: ModelState) -> CandidateRecord:
        """Returns the record that a model's state names.

        Raises:
            UserError: The record is not what the log says.
        """
        return record_from_json(self._record_text(found.model, found.record))

    def find(self, name: str) -> str:
        """Returns the digest of the model whose digest begins with `name`.

        Raises:
            UserError: There is none, or more than one.
        """
        found = [model for model in self.state().models if model.startswith(name)]
        if len(found) != 1 or not name:
            number = "no model" if not found else f"{len(found)} models"
            raise UserError(
                f"{self.location}: {number} begin with '{name}'. 'micle models list' shows them."
            )
        return found[0]

    def register(self, record: CandidateRecord, saved_model: Path) -> None:
        """Records a judged candidate; what is recorded already is left as it is.

        Files are kept only of a candidate that passed: no other one can be promoted.
        """
        text = record.to_json()
        digest = text_digest(text)

        def change(state: RegistryState) -> _Change | None:
            known = state.models.get(record.model)
            if known is not None and known.record == digest:
                return None
            return REGISTERED, record.model, _registration(record, digest)

        if change(self.state()) is None:
            return
        if record.passed:
            self._storage.store_folder(_model_folder(record.model), saved_model)
        self._storage.create(_record_name(record.model, digest), text.encode())
        self._append(change)

    def sign(self, model: str, role: str, name: str, refusal: str | None = None) -> None:
        """Records a person's word on a model that passed the gate.

        Args:
            model: Digest.
            role: One of those that the model needs.
            name: Of the person.
            refusal: Why the person refuses; None = agrees.

        Raises:
            UserError: The model did not pass, or needs nobody in this role; the name, or the reason
                of a refusal, is blank.
        """
        name = _required(name, "the name of the person who signs")
        if refusal is not None:
            refusal = _required(refusal, "the reason of a refusal")
        seen = self.state().models[model].record

        def change(state: RegistryState) -> _Change:
            found = state.models[model]
            if found.record != seen:
                raise UserError(
                    f"{model[:SHORT]}: was judged anew meanwhile. Look at it again before you sign."
                )
            if not found.passed:
                raise UserError(f"{model[:SHORT]}: the gate refused it; there is nothing to sign.")
            if role not in found.sign_off_roles:
                needed = ", ".join(found.sign_off_roles) or "none"
                raise UserError(
                    f"{model[:SHORT]}: needs no signature as '{role}'. Roles needed: {needed}."
                )
            details = {
                "role": role,
                "name": name,
                "agreed": refusal is None,
                "reason": refusal or "",
                "record": found.record,
            }
            return SIGNED, model, details

        self._append(change)

    def promote(self, model: str, by: str) -> None:
        """Makes a model the champion, if the champion is still the one it was judged against.

        Of two candidates that were judged against the same champion only one can win.

        Raises:
            NotPromotableError: The model did not pass, a signature is missing or refuses, or
                another model became champion since. Nothing has changed then.
            UserError: Its files are not those that were registered. Nothing has changed either.
        """

        def change(state: RegistryState) -> _Change | None:
            if model == state.champion:
                return None
            why_not = self.why_not_promotable(state, model)
            if why_not is not None:
                raise NotPromotableError(f"{model[:SHORT]}: {why_not}")
            self._check_files(model)
            return PROMOTED, model, {"instead_of": state.champion, "by": by}

        self._append(change)

    def why_not_promotable(self, state: RegistryState, model: str) -> str | None:
        """Returns what stands against a promotion, with the remedy; None if nothing does."""
        found = state.models[model]
        if not found.passed:
            return "the gate refused it. 'micle models show' says why."
        if found.refusals:
            return f"refused by {_named(found.refusals)}."
        if found.awaited_roles:
            roles = ", ".join(found.awaited_roles)
            return f"awaits sign-off: {roles}. Use 'micle models sign'."
        if found.judged_against != state.champion:
            against = found.judged_against[:SHORT] or "no champion"
            return (
                f"it was judged against {against}, but the champion is now "
                f"{state.champion[:SHORT] or 'none'}. Run its pipeline again to judge it anew."
            )
        return None

    def rollback(self, by: str, reason: str) -> str:
        """Makes the champion before the present one champion again, and returns it.

        Raises:
            UserError: There was none before, somebody or the gate has refused it since, it was
                itself rolled back or awaits sign-off since, its files are not those that were
                registered, the champion changed meanwhile, or the reason is blank. Nothing has
                changed then.
        """
        reason = _required(reason, "the reason of a rollback")
        seen = self.state()
        earlier = seen.champions[-2] if len(seen.champions) > 1 else ""

        def change(state: RegistryState) -> _Change:
            if state.champions != seen.champions:
                raise UserError(
                    f"{self.location}: the champion changed meanwhile: it is now "
                    f"{state.champion[:SHORT]}. Decide anew."
                )
            if len(state.champions) < 2:
                raise UserError(f"{self.location}: there is no earlier champion to go back to.")
            if why_not := _why_no_way_back(state.models[earlier]):
                raise UserError(f"{earlier[:SHORT]}: the earlier champion {why_not}")
            self._check_files(earlier)
            details = {"instead_of": state.champion, "by": by, "reason": reason}
            return ROLLED_BACK, earlier, details

        self._append(change)
        return earlier

    def publish_champion(self, serving: Path) -> Path:
        """Makes the champion the newest version of a serving directory, if it is not.

        Raises:
            UserError: There is no champion, or its files are not those that were registered.
        """
        # Who is asked under the lock who is champion cannot serve an earlier one over a later.
        with serving_lock(serving):
            champion = self.state().champion
            if not champion:
                raise UserError(f"{self.location}: there is no champion to serve.")
            with self.saved_model(champion) as path:
                return publish(path, serving, champion)

    def verify(self) -> tuple[int, str]:
        """Checks the log, every record and every model's files.

        Returns:
            The number of entries, and the hash of the last one: written down elsewhere, it shows
            later whether entries were cut off the end.

        Raises:
            UserError: Something is not as the log says.
        """
        entries = self.entries()
        for entry in entries:
            if entry.action == REGISTERED:
                self._record_text(entry.model, entry.details["record"])
        known = replay(entries).models
        for model in {e.model: None for e in entries if e.details.get("passed")}:
            self._check_files(model)
        for model in self._storage.names(_MODELS):
            if model not in known:
                raise UserError(
                    f"{self.location}: {_MODELS}/{model}: the log knows no such model; entries may "
                    "be missing from its end. Restore the log from a backup."
                )
        return len(entries), entries[-1].hash if entries else ""

    def _check_files(self, model: str) -> None:
        with self.saved_model(model):
            pass

    def _record_text(self, model: str, digest: str) -> str:
        name = _record_name(model, digest)
        [content] = self._storage.read([name])
        text = (content or b"").decode(errors="replace")
        if text_digest(text) != digest:
            raise UserError(
                f"{self.location}: {name} is not what the log says. Restore it from a backup."
            )
        return text

    def _append(self, change: Callable[[RegistryState], _Change | None]) -> None:
        """Appends the entry that `change` makes of the state; decides anew if that is no more."""
        tried = -1
        while True:
            entries = self.entries()
            if len(entries) == tried:
                raise UserError(
                    f"{self.location}: {entry_name(tried + 1)} is there and is not listed. Look at "
                    "the rights of the folder."
                )
            tried = len(entries)
            decided = change(replay(entries))
            if decided is None:
                return
            now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
            if append_entry(self._storage, new_entry(entries, now, *decided)):
                return


def _registration(record: CandidateRecord, digest: str) -> dict[str, Any]:
    return {
        "record": digest,
        "passed": record.passed,
        "judged_against": record.judged_against,
        "training_digest": record.lineage["training_digest"],
        "sign_off_roles": list(record.sign_off_roles),
    }


def _model_folder(model: str) -> str:
    return f"{_MODELS}/{model}/model"


def _record_name(model: str, digest: str) -> str:
    return f"{_MODELS}/{model}/record-{digest[:SHORT]}.json"


def _why_no_way_back(earlier: ModelState) -> str | None:
    """Returns what stands against serving an earlier champion again, with the remedy."""
    if not earlier.passed:
        return "was refused by the gate since. Promote another model."
    if earlier.refusals:
        return f"was refused by {_named(earlier.refusals)}. Promote another model."
    if earlier.was_rolled_back:
        return "was itself rolled back since. Promote another model."
    if earlier.awaited_roles:
        roles = ", ".join(earlier.awaited_roles)
        return f"was judged anew and awaits sign-off: {roles}. Use 'micle models sign' first."
    return None


def _named(signatures: Iterable[Signature]) -> str:
    return ", ".join(f"{sign.name} ({sign.role})" for sign in signatures)


def _required(text: str, what: str) -> str:
    """Returns a text without the blanks around it; the log is no place for an empty one."""
    if not text.strip():
        raise UserError(f"{what} is blank. Write it out.")
    return text.strip()
