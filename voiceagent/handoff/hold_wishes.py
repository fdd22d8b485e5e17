"""What a caller on hold wants: the agent back, to know how long, a callback, or to add something.

In: the caller's words or a key, and ``prompts/hold.yaml``. Out: one of the wishes of
:class:`~voiceagent.domain.events.HoldWish`. No model is asked, so a caller is obeyed at once, with
the language model slow or down. Pure but for :func:`load_hold_wishes`, which reads the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from voiceagent.domain.errors import PlaybookError
from voiceagent.domain.handoff_events import HoldWish
from voiceagent.prompt_files import placing, read_prompt
from voiceagent.supervisor.phrases import Phrase, PhraseError, PhraseSet, split_words
from voiceagent.supervisor.policy import REMEDY, PhraseList

FILE = "hold.yaml"
# Of two wishes in one breath the one that gives the caller their time back comes first.
_ORDER = (HoldWish.CALLBACK, HoldWish.CANCEL, HoldWish.HOW_LONG)
# A cough on a hold line is often recognised as some word; nobody should read that in a packet.
_ADDED_FROM_CONFIDENCE = 0.4
_ADDED_FROM_WORDS = 2
# Beside a wish there is often a "please" or "you know what".
_BESIDE_FROM_WORDS = 5

Key = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]


class HoldFile(BaseModel):
    """The file as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: dict[Key, HoldWish]
    phrases: dict[HoldWish, dict[str, PhraseList]]


class HoldWishes:
    """Understands callers on hold.

    Raises:
        PlaybookError: a phrase cannot be read; the message names its field.
    """

    def __init__(self, file: HoldFile) -> None:
        self._keys = dict(file.keys)
        self._phrases: dict[HoldWish, dict[str, PhraseSet]] = {
            wish: {
                language: PhraseSet(
                    _compiled(f"phrases.{wish}.{language}.match", lists.match),
                    _compiled(f"phrases.{wish}.{language}.unless", lists.unless),
                )
                for language, lists in languages.items()
            }
            for wish, languages in file.phrases.items()
        }

    def keyed(self, key: str) -> HoldWish | None:
        """What this key asks for; None for a key without a meaning."""
        return self._keys.get(key)

    def said(
        self, text: str, languages: Iterable[str], confidence: float = 1.0
    ) -> tuple[HoldWish, ...]:
        """What these words ask for, and whether they add something worth passing on.

        Args:
            text: a turn of the caller.
            languages: it may be in (BCP 47 primary tags).
            confidence: of the recogniser, 0..1.

        Returns:
            ``ADDED`` first where a sentence of the turn is about something else, then at most one
            other wish; nothing for a cough.
        """
        words = split_words(text)
        spoken = set(languages)
        for wish in _ORDER:
            found = [
                match
                for language, phrases in self._phrases.get(wish, {}).items()
                if language in spoken
                for match in phrases.find(words)
            ]
            if found:
                about = {w.sentence for w in words for m in found if m.start <= w.start < m.end}
                rest = sum(word.sentence not in about for word in words)
                worth = rest >= _BESIDE_FROM_WORDS and confidence >= _ADDED_FROM_CONFIDENCE
                return (HoldWish.ADDED, wish) if worth else (wish,)
        worth = len(words) >= _ADDED_FROM_WORDS and confidence >= _ADDED_FROM_CONFIDENCE
        return (HoldWish.ADDED,) if worth else ()


def _compiled(field: str, patterns: Iterable[str]) -> tuple[Phrase, ...]:
    built = []
    for number, pattern in enumerate(patterns):
        try:
            built.append(Phrase(pattern, _NO_WORDS))
        except PhraseError as error:
            raise PlaybookError(f"{field}[{number}]: {error}", REMEDY) from error
    return tuple(built)


_NO_WORDS: Mapping[str, list[str]] = {}


def load_hold_wishes(prompts: Path) -> HoldWishes:
    """The wishes as ``hold.yaml`` in the prompts folder words them. Reads the disk.

    Raises:
        PlaybookError: the file is missing, is no YAML, or does not validate.
    """
    path = prompts / FILE
    file = read_prompt(path, HoldFile, REMEDY)
    with placing(path):
        return HoldWishes(file)
