"""The registry: candidates by the digest of their files, signatures, and who is champion.

The log is the only truth; a change is one line appended to it, under a lock. A plain directory on
a file system with locks (local, or NFS 4), not a bucket.
"""

import contextlib
import datetime
import fcntl
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from components.fine_tuner.model_card import model_digest
from components.model_registry.log import Entry, append_entry, new_entry, read_entries
from components.model_registry.records import CandidateRecord, record_from_json, text_digest
from components.model_registry.serving_directory import copy_whole, publish
from components.model_registry.state import (
    PROMOTED,
    REGISTERED,
    ROLLED_BACK,
    SIGNED,
    RegistryState,
    Signature,
    replay,
)
from trainer.errors import UserError

LOG = "log.jsonl"
SHORT = 12
"""Characters of a digest that are shown."""


class ModelRegistry:
    """A registry in a directory; every method reads the log anew."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def entries(self) -> list[Entry]:
        """Returns the log.

        Raises:
            UserError: Its chain is broken.
        """
        return read_entries(self.directory / LOG)

    def state(self) -> RegistryState:
        """Returns what the log amounts to; raises as `entries` does."""
        return replay(self.entries())

    def saved_model(self, model: str) -> Path:
        """Returns where a model's files are kept, if it passed the gate."""
        return self.directory / "models" / model / "model"

    def check_files(self, model: str) -> None:
        """Checks that a model's files are those that were registered.

        Raises:
            UserError: They are not.
        """
        path = self.saved_model(model)
        if not path.is_dir() or model_digest(str(path)) != model:
            raise UserError(
                f"{path}: the files are not those that were registered. Restore them from a backup."
            )

    def record(self, model: str) -> CandidateRecord:
        """Returns the newest record of a model.

        Raises:
            UserError: The record is not what the log says.
        """
        return record_from_json(self._record_text(model, self.state().models[model].record))

    def find(self, name: str) -> str:
        """Returns the digest of the model whose digest begins with `name`.

        Raises:
            UserError: There is none, or more than one.
        """
        found = [model for model in self.state().models if model.startswith(name)]
        if len(found) != 1 or not name:
            number = "no model" if not found else f"{len(found)} models"
            raise UserError(
                f"{self.directory}: {number} begin with '{name}'. 'micle models list' shows them."
            )
        return found[0]

    def register(self, record: CandidateRecord, saved_model: Path) -> None:
        """Records a judged candidate; what is recorded already is left as it is.

        Files are kept only of a candidate that passed: no other one can be promoted.
        """
        text = record.to_json()
        digest = text_digest(text)
        with self._lock():
            known = self.state().models.get(record.model)
            if record.passed and not self.saved_model(record.model).is_dir():
                copy_whole(saved_model, self.saved_model(record.model))
            if known is not None and known.record == digest:
                return
            path = self._record_path(record.model, digest)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            self._append(
                REGISTERED,
                record.model,
                {
                    "record": digest,
                    "passed": record.passed,
                    "judged_against": record.judged_against,
                    "training_digest": record.lineage["training_digest"],
                    "sign_off_roles": list(record.sign_off_roles),
                },
            )

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
        with self._lock():
            state = self.state().models[model]
            if not state.passed:
                raise UserError(f"{model[:SHORT]}: the gate refused it; there is nothing to sign.")
            if role not in state.sign_off_roles:
                needed = ", ".join(state.sign_off_roles) or "none"
                raise UserError(
                    f"{model[:SHORT]}: needs no signature as '{role}'. Roles needed: {needed}."
                )
            details = {
                "role": role,
                "name": name,
                "agreed": refusal is None,
                "reason": refusal or "",
                "record": state.record,
            }
            self._append(SIGNED, model, details)

    def promote(self, model: str, by: str) -> None:
        """Makes a model the champion, if the champion is still the one it was judged against.

        Of two candidates that were judged against the same champion only one can win.

        Raises:
            UserError: The model did not pass, a signature is missing or refuses, another model
                became champion since, or its files are not those that were registered. Nothing
                has changed then.
        """
        with self._lock():
            state = self.state()
            if model == state.champion:
                return
            why_not = self.why_not_promotable(state, model)
            if why_not is not None:
                raise UserError(f"{model[:SHORT]}: {why_not}")
            self.check_files(model)
            self._append(PROMOTED, model, {"instead_of": state.champion, "by": by})

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
            UserError: There was none before, somebody has refused it since, its files are not those
                that were registered, or the reason is blank. Nothing has changed then.
        """
        reason = _required(reason, "the reason of a rollback")
        with self._lock():
            state = self.state()
            if len(state.champions) < 2:
                raise UserError(f"{self.directory}: there is no earlier champion to go back to.")
            restored = state.champions[-2]
            if refusals := state.models[restored].refusals:
                raise UserError(
                    f"{restored[:SHORT]}: the earlier champion was refused by {_named(refusals)}. "
                    "Promote another model."
                )
            self.check_files(restored)
            details = {"instead_of": state.champion, "by": by, "reason": reason}
            self._append(ROLLED_BACK, restored, details)
            return restored

    def publish_champion(self, serving: Path) -> Path:
        """Makes the champion the newest version of a serving directory, if it is not.

        Raises:
            UserError: There is no champion, or its files are not those that were registered.
        """
        with self._lock():
            champion = self.state().champion
            if not champion:
                raise UserError(f"{self.directory}: there is no champion to serve.")
            self.check_files(champion)
            return publish(self.saved_model(champion), serving, champion)

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
        for model, state in known.items():
            if state.passed:
                self.check_files(model)
        for folder in sorted((self.directory / "models").glob("*")):
            if folder.name not in known:
                raise UserError(
                    f"{folder}: the log knows no such model; entries may be missing from its end. "
                    "Restore the log from a backup."
                )
        return len(entries), entries[-1].hash if entries else ""

    def _record_path(self, model: str, digest: str) -> Path:
        return self.directory / "models" / model / f"record-{digest[:SHORT]}.json"

    def _record_text(self, model: str, digest: str) -> str:
        path = self._record_path(model, digest)
        text = path.read_text() if path.is_file() else ""
        if text_digest(text) != digest:
            raise UserError(f"{path}: is not what the log says. Restore it from a backup.")
        return text

    def _append(self, action: str, model: str, details: Mapping[str, Any]) -> None:
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        entry = new_entry(self.entries(), now, action, model, details)
        append_entry(self.directory / LOG, entry)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _named(signatures: Iterable[Signature]) -> str:
    return ", ".join(f"{sign.name} ({sign.role})" for sign in signatures)


def _required(text: str, what: str) -> str:
    """Returns a text without the blanks around it; the log is no place for an empty one."""
    if not text.strip():
        raise UserError(f"{what} is blank. Write it out.")
    return text.strip()
