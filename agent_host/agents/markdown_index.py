"""Ranks sections by the words of a question: Okapi BM25 with weight on headings and phrases.

It holds no files and writes no prose. Built once for a set of sections, then only read, so any
number of threads may search it at once. Equal questions get equal answers.
"""

import difflib
import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

from agent_host.agents.markdown_section import Section
from agent_host.agents.term import is_content, stem, terms_of, words_of

_K1: Final = 1.2
_B: Final = 0.6
_HEADING_WEIGHT: Final = 4.0
_TRAIL_WEIGHT: Final = 1.5
_PHRASE_BONUS: Final = 0.35
_SIGNPOST_FACTOR: Final = 0.4
_ABOUT_WEIGHT: Final = 2.0
_QUERY_TERM_LIMIT: Final = 64
_RESULT_LIMIT: Final = 60
_COVERAGE: Final = 0.4
"""The share of the words asked for and known, rare ones counting more, that an answer must have."""
_SUGGESTION_CLOSENESS: Final = 0.75
_SUGGESTION_LENGTH: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked for. With `about`, only sections that mention one of its words count, and
    `terms` set the scene.
    """

    terms: tuple[str, ...]
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A section that answers, the higher the `score` the better."""

    section: Section
    score: float


class MarkdownIndex:
    """The sections, ready to be asked."""

    def __init__(self, sections: Iterable[Section]) -> None:
        self.sections = tuple(sections)
        self._terms: list[tuple[str, ...]] = []
        self._postings: dict[str, list[tuple[int, float]]] = {}
        words: Counter[str] = Counter()
        shared: dict[str, str] = {}
        for number, section in enumerate(self.sections):
            spoken = words_of(f"{section.heading}\n{section.text}")
            words.update(word for word in spoken if is_content(word) and word.isalpha())
            body = tuple(shared.setdefault(term, term) for term in terms_of(section.text))
            self._terms.append(body)
            for term, weight in _weights(section, body).items():
                self._postings.setdefault(term, []).append((number, weight))
        self._signposts = frozenset(
            number for number, section in enumerate(self.sections) if section.is_signpost
        )
        self._words: Mapping[str, int] = words
        lengths = [len(body) for body in self._terms]
        self._mean_length = sum(lengths) / len(lengths) if lengths else 1.0

    @property
    def documents(self) -> tuple[tuple[str, str], ...]:
        """(path, title) of every file, in order; the title is its first heading, else its name."""
        titles: dict[str, str] = {}
        for section in self.sections:
            if not titles.get(section.path):
                titles[section.path] = section.headings[0] if section.headings else ""
        return tuple((path, title or PurePosixPath(path).stem) for path, title in titles.items())

    def knows(self, term: str) -> bool:
        """Whether any section has the term."""
        return term in self._postings

    def search(self, query: Query) -> tuple[Hit, ...]:
        """The sections that answer, best first; equals in the order of the files."""
        weights = _query_weights(query)
        asked = {
            term for term in (query.about or query.terms)[:_QUERY_TERM_LIMIT] if self.knows(term)
        }
        scores: dict[int, float] = defaultdict(float)
        covered: dict[int, float] = defaultdict(float)
        for term, weight in weights.items():
            rarity = self._rarity(term)
            for number, frequency in self._postings.get(term, ()):
                scores[number] += weight * rarity * self._saturated(frequency, number)
                if term in asked:
                    covered[number] += rarity
        needed = _COVERAGE * sum(map(self._rarity, sorted(asked)))
        answering = [number for number, share in covered.items() if share >= needed]
        best = heapq.nsmallest(
            _RESULT_LIMIT, answering, key=lambda number: (-scores[number], number)
        )
        ranked = sorted(
            (
                -scores[number] * self._phrase_factor(number, query) * self._kind_factor(number),
                number,
            )
            for number in best
        )
        return tuple(
            Hit(section=self.sections[number], score=round(-score, 4)) for score, number in ranked
        )

    def suggest(self, word: str, *, limit: int = 3) -> tuple[str, ...]:
        """Words of the documents that look like this one, the closest first."""
        if len(word) < _SUGGESTION_LENGTH:
            return ()
        near = sorted(
            known
            for known in self._words
            if abs(len(known) - len(word)) <= 2  # noqa: PLR2004 - two letters more or less
            and (known[0] == word[0] or known[-1] == word[-1])
        )
        matches = difflib.get_close_matches(word, near, n=3 * limit, cutoff=_SUGGESTION_CLOSENESS)
        by_stem: dict[str, str] = {}
        for match in matches:
            by_stem.setdefault(stem(match), match)
        return tuple(by_stem.values())[:limit]

    def _rarity(self, term: str) -> float:
        holders = len(self._postings.get(term, ()))
        return math.log(1 + (len(self.sections) - holders + 0.5) / (holders + 0.5))

    def _saturated(self, frequency: float, number: int) -> float:
        length = len(self._terms[number]) / (self._mean_length or 1.0)
        return frequency * (_K1 + 1) / (frequency + _K1 * (1 - _B + _B * length))

    def _phrase_factor(self, number: int, query: Query) -> float:
        wanted = set(pairwise(query.terms)) | set(pairwise(query.about))
        if not wanted:
            return 1.0
        return 1.0 + _PHRASE_BONUS * len(wanted.intersection(pairwise(self._terms[number])))

    def _kind_factor(self, number: int) -> float:
        return _SIGNPOST_FACTOR if number in self._signposts else 1.0


def _weights(section: Section, body: Sequence[str]) -> dict[str, float]:
    """How often each term stands in the section, headings and file name counted for more."""
    weights: dict[str, float] = defaultdict(float)
    for term in body:
        weights[term] += 1.0
    for term in set(terms_of(section.headings[-1] if section.headings else "")):
        weights[term] += _HEADING_WEIGHT
    above = " ".join((PurePosixPath(section.path).stem, *section.headings[:-1]))
    for term in set(terms_of(above)):
        weights[term] += _TRAIL_WEIGHT
    return weights


def _query_weights(query: Query) -> dict[str, float]:
    weights = dict.fromkeys(query.terms[:_QUERY_TERM_LIMIT], 1.0)
    weights.update((term, _ABOUT_WEIGHT) for term in query.about[:_QUERY_TERM_LIMIT])
    return weights


__all__ = ["Hit", "MarkdownIndex", "Query"]
