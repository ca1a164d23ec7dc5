"""Understands what is wished for, from what a person said so far.

It reads the person's own words only, first to last, and needs nothing else: the same words mean the
same thing on every channel and after every restart. It searches nothing and writes no answers.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce
from typing import Final

from agent_host.agents.term import terms_of, words_of

LAST: Final = -1
"""The number of the last passage shown."""

_TEXT_LIMIT: Final = 2_000
_ORDINALS: Final = {
    word: number
    for number, words in enumerate(
        (
            "first",
            "second two",
            "third three",
            "fourth four",
            "fifth five",
            "sixth six",
            "seventh seven",
            "eighth eight",
            "ninth nine",
            "tenth ten",
        ),
        start=1,
    )
    for word in words.split()
}
_NUMBER: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
_GREETINGS: Final = frozenset(
    words_of("hi hello hey hallo hola salut good morning afternoon evening day there greetings")
)
_HAILS: Final = _GREETINGS - {"morning", "afternoon", "evening", "day", "there"}
_THANKS: Final = frozenset(
    words_of(
        "thanks thank you thx cheers great perfect ok okay nice cool bye goodbye very so much got"
        " it for all the that help your"
    )
)
_THANKFUL: Final = frozenset(
    words_of("thanks thank thx cheers great perfect ok okay nice cool bye")
)
_HELP: Final = re.compile(
    r"(?:help(?: me)?|(?:please )?(?:list|show)(?: me)?(?: the| all)*"
    r" (?:topics|documents|docs|files|contents)|topics|contents|documents|menu"
    r"|what (?:topics|documents|docs) (?:are there|do you have|do you know)"
    r"|what (?:can|do) (?:you|i) (?:do|ask|know|answer)(?: here| about| you)*"
    r"|what is this|who are you|what are you|how does this work|how do you work)"
)
_FILLERS: Final = frozenset(
    words_of(
        "and the a an one ones passage passages result results citation citations number no nr show"
        " see open read tell me give us please what about how in full whole entire entirely all of"
        " it its that this complete completely more detail details on from now then also quote"
        " expand section can could would you i want to is does say says ok okay next previous last"
        " for let go back other"
    )
)
_UNCUT: Final = frozenset(words_of("full whole entire entirely complete completely expand"))
_WHOLE: Final = _UNCUT | {"all", "more"}
_ONE_ALONE: Final = frozenset(words_of("one number no passage show open the"))
_MORE: Final = re.compile(
    r"(?:and |ok |okay |show |give |tell |me |us |please |some |any |the )*"
    r"(?:more|next|continue|go on|keep going|carry on|what else|anything else|something else|others"
    r"|more (?:please|results|passages|of (?:them|that|those|it)|about (?:it|that|this))"
    r"|next (?:page|passages|results|ones|please)|rest|other (?:passages|results|ones))"
    r"(?: please)?"
)
_WHERE: Final = re.compile(
    r"(?:and |so |ok |but )*"
    r"(?:where (?:does it|do they|did you|is (?:it|that|this)|was (?:it|that))\b.*"
    r"|where|where from|which (?:file|document|page|section|line)s?"
    r"(?: is (?:that|it|this)(?: in| from)?)?"
    r"|(?:the |your |show |me )*(?:source|sources|citation|citations|reference|references)"
    r"(?: please)?|how do you know(?: that| this)?|says who)"
)
_ABOUT: Final = re.compile(
    r"(?:and |ok |okay |but |so )*(?:what about|how about|and for|and with|and in|same for"
    r"|what of|the same for|and)\s+(?P<about>.+)",
    re.IGNORECASE | re.DOTALL,
)


class WishKind(StrEnum):
    """What a message is for. `unclear` names nothing to search for."""

    ASK = "ask"
    MORE = "more"
    SHOW = "show"
    LOCATE = "locate"
    GREET = "greet"
    HELP = "help"
    THANK = "thank"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a message asks for, in the light of those before it.

    `question` and `about` are the question the conversation is on (None: none yet), `about` being
    what "and what about X?" narrowed it to. `page` counts the pages of passages shown, from 0.
    `number` is the passage singled out, from 1, or `LAST`; `whole` that it is to be shown uncut.
    """

    kind: WishKind
    question: str | None = None
    about: str | None = None
    page: int = 0
    number: int | None = None
    whole: bool = False


_START: Final = Wish(kind=WishKind.UNCLEAR)


def understand(texts: Iterable[str]) -> Wish:
    """The wish in the last of a person's messages, oldest first."""
    return reduce(_next, (text[:_TEXT_LIMIT] for text in texts), _START)


def _next(before: Wish, text: str) -> Wish:
    words = words_of(text)
    plain = " ".join(words)
    if not words:
        help_asked = text.strip() in {"?", "/?"}
        return replace(before, kind=WishKind.HELP if help_asked else WishKind.UNCLEAR)
    if (small := _small_talk(words, plain)) is not None:
        return replace(before, kind=small)
    if before.question is not None:
        following = _follow_up(before, words, plain, text)
        if following is not None:
            return following
    if terms_of(text):
        return Wish(kind=WishKind.ASK, question=text)
    return replace(before, kind=WishKind.UNCLEAR)


def _small_talk(words: list[str], plain: str) -> WishKind | None:
    if words == ["start"] or (_GREETINGS.issuperset(words) and _HAILS.intersection(words)):
        return WishKind.GREET
    if _HELP.fullmatch(plain):
        return WishKind.HELP
    if _THANKS.issuperset(words) and _THANKFUL.intersection(words):
        return WishKind.THANK
    return None


def _follow_up(before: Wish, words: list[str], plain: str, text: str) -> Wish | None:
    if (number := _singled_out(before, words)) is not None:
        whole = bool(_WHOLE.intersection(words))
        return replace(before, kind=WishKind.SHOW, number=number, whole=whole)
    if _MORE.fullmatch(plain):
        return replace(before, kind=WishKind.MORE, page=before.page + 1, number=None)
    if _WHERE.fullmatch(plain):
        return replace(before, kind=WishKind.LOCATE)
    if (match := _ABOUT.fullmatch(text.strip())) is not None and terms_of(match["about"]):
        return Wish(kind=WishKind.ASK, question=before.question, about=match["about"])
    return None


def _singled_out(before: Wish, words: list[str]) -> int | None:
    """The passage that is pointed at, if the words do nothing but point."""
    pointing = [word for word in words if word not in _FILLERS]
    if pointing:
        return _ordinal(pointing[0]) if len(pointing) == 1 else None
    spoken = set(words)
    number: int | None = None
    if "last" in spoken:
        number = LAST
    elif "one" in spoken and before.number not in {None, LAST} and spoken & {"next", "previous"}:
        step = 1 if "next" in spoken else -1
        number = max(1, (before.number or 1) + step)
    elif "one" in spoken and spoken <= _ONE_ALONE:
        number = 1
    elif spoken & _UNCUT or spoken >= {"all", "it"}:
        number = before.number or 1
    return number


def _ordinal(word: str) -> int | None:
    if word in _ORDINALS:
        return _ORDINALS[word]
    match = _NUMBER.fullmatch(word)
    number = int(match.group(1)) if match else 0
    return number or None


__all__ = ["LAST", "Wish", "WishKind", "understand"]
