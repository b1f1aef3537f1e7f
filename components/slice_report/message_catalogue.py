"""Every text of the report by key, in the reader's language."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from markupsafe import Markup

Language = Literal["en", "zh"]

_FILES: dict[Language, tuple[str, ...]] = {
    "en": ("en.yaml", "gate_en.yaml"),
    "zh": ("zh_CN.yaml", "gate_zh_CN.yaml"),
}


class Messages:
    """Texts of one language.

    A text may hold HTML and {placeholders}: it comes from a file of ours. What fills the
    placeholders comes from data and is escaped in HTML.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Keeps the texts by key: `explore.heading`."""
        self.texts = texts

    def html(self, key: str, **values: Any) -> Markup:
        """Returns a text for the page, its values escaped."""
        return Markup(self.texts[key]).format(**values)

    def plain(self, key: str, **values: Any) -> str:
        """Returns a text for a plot or a sentence in `report.json`."""
        return self.texts[key].format(**values)

    def joined(self, names: Iterable[str]) -> str:
        """Returns names as a list within a sentence."""
        return self.texts["page.separator"].join(names)

    def group(self, name: str) -> dict[str, str]:
        """Returns the texts of a group by the rest of their keys, placeholders unfilled."""
        start = f"{name}."
        return {
            key[len(start) :]: text for key, text in self.texts.items() if key.startswith(start)
        }


@functools.cache
def load_messages(language: Language) -> Messages:
    """Reads the texts of a language."""
    directory = Path(__file__).parent / "messages"
    texts: dict[str, str] = {}
    for name in _FILES[language]:
        texts |= _flat(yaml.safe_load((directory / name).read_text(encoding="utf-8")))
    return Messages(texts)


def _flat(tree: Mapping[str, Any], start: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{start}{name}.")
        else:
            yield f"{start}{name}", value


ENGLISH = load_messages("en")
