"""Turns prose into terms to search by: words, without case, endings or filler.

It knows nothing of documents or questions. The same function reads both, so that whatever it does
to a word it does on either side.
"""

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_VOWEL: Final = re.compile(r"[aeiouy]")
_LONG_PLURALS: Final = ("sses", "shes", "ches", "xes", "zes")
_NO_PLURALS: Final = ("ss", "us", "is")
_UNSTEMMED_LENGTH: Final = 3

STOP_WORDS: Final = frozenset(
    _WORD.findall(
        """
    about after all also am an and any anyone anything are as at away be because been before being
    but by can cannot could did didn do does doesn doing don each else ever every everything find
    for from get gets give given go going got had has hasn have having he her here him his how
    however if in into is isn it its itself just know let ll make makes many may me mean means might
    more most much must my need needs no nor not now of off on one only or other our out over own
    please possible put really same say says she should show so some something such take tell than
    thank thanks that the their them then there these they thing things this those through to too
    under until up us use used uses using ve very want was wasn way we well were what whatever when
    where whether which while who whom whose why will with within without won work works would yes
    yet you your
    """
    )
)


def words_of(text: str) -> list[str]:
    """Every word in lower case, in order; one of humps (`RunEngine`) is followed by its parts."""
    words: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group()
        words.append(word.lower())
        parts = _HUMP.split(word)
        if len(parts) > 1:
            words.extend(part.lower() for part in parts)
    return words


def terms_of(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order, repeats kept."""
    return [stem(word) for word in words_of(text) if is_content(word)]


def is_content(word: str) -> bool:
    """Whether a lower-case word says what a text is about."""
    return word not in STOP_WORDS and (len(word) > 1 or word.isdigit())


def stem(word: str) -> str:
    """A lower-case word without its English ending. Not a dictionary form: only good to compare."""
    if len(word) <= _UNSTEMMED_LENGTH or not word.isascii():
        return word
    stemmed = _without_suffix(_singular(word))
    if stemmed.endswith("e") and len(stemmed) > _UNSTEMMED_LENGTH:
        stemmed = stemmed[:-1]
    if len(stemmed) > _UNSTEMMED_LENGTH and stemmed[-1] == stemmed[-2] and stemmed[-1].isalpha():
        stemmed = stemmed[:-1]
    return stemmed


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(_LONG_PLURALS):
        return word[:-2]
    if word.endswith("s") and not word.endswith(_NO_PLURALS):
        return word[:-1]
    return word


def _without_suffix(word: str) -> str:
    if word.endswith("ied"):
        return f"{word[:-3]}y"
    for suffix, shortest in (("ation", 4), ("ing", 3), ("ed", 3)):
        rest = word.removesuffix(suffix)
        if rest != word and len(rest) >= shortest and _VOWEL.search(rest):
            return rest
    return word


__all__ = ["STOP_WORDS", "is_content", "stem", "terms_of", "words_of"]
