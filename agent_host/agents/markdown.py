"""An agent that answers from a folder of Markdown: no key, no network, the same answer every time.

It wires the folder, the index and the writer, and speaks to the engine. What it knows of the
conversation it takes from the turn's history; it keeps nothing of anybody.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from agent_host.agents.answer import (
    PAGE_LENGTH,
    WrittenAnswer,
    chunks_of,
    hedged,
    locate,
    nothing_found,
    quote_page,
    quote_section,
    thanked,
    unclear,
    welcome,
)
from agent_host.agents.follow_up import LAST, Wish, WishKind, understand
from agent_host.agents.markdown_folder import FileStamp, MarkdownFolder
from agent_host.agents.markdown_index import Hit, MarkdownIndex, Query
from agent_host.agents.markdown_section import sections_of
from agent_host.agents.term import terms_of
from agent_host.errors import ConfigurationError
from agent_host.protocols.target import Target
from agent_host.types import (
    JsonObject,
    ProgressReported,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunResult,
    Skill,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)

FOLDER_VARIABLE: Final = "AGENT_HOST_DOCS_FOLDER"
_log = logging.getLogger(__name__)
_LOOK_AGAIN_SECONDS: Final = 1.0
_PROJECT_DOCUMENTS: Final = ("README.md", "docs")
_OUTPUT_SCHEMA: Final[JsonObject] = {
    "type": "object",
    "required": ["citations", "suggestions"],
    "properties": {
        "citations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "heading", "line", "score"],
                "properties": {
                    "path": {"type": "string"},
                    "heading": {"type": "string"},
                    "line": {"type": "integer", "minimum": 1},
                    "score": {"type": "number"},
                },
            },
        },
        "suggestions": {"type": "array", "items": {"type": "string"}},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Library:
    index: MarkdownIndex
    stamps: tuple[FileStamp, ...]
    looked_at: float


class MarkdownAgent:
    """Answers questions by quoting the folder's passages, and follows the conversation.

    Changed files are noticed at the next question, at most once a second. All reading, ranking
    and writing is done in a thread. `value` of a result holds the citations
    (`path`, `heading`, `line`, `score`) and, where nothing was found, `suggestions`.
    """

    def __init__(
        self, folder: MarkdownFolder, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._monotonic = monotonic
        self._library: _Library | None = None
        self._loading = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._open_library()
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._library = None

    @property
    def description(self) -> TargetDescription:
        """What it is."""
        return TargetDescription(
            name="markdown",
            description="Answers questions from a folder of Markdown and cites the passages.",
            skills=(
                Skill(
                    id="search",
                    name="Search the documents",
                    description="Finds the passages that answer a question, and quotes them.",
                ),
            ),
            output_schema=_OUTPUT_SCHEMA,
        )

    @property
    def capabilities(self) -> TargetCapabilities:
        """It streams, and a turn may be run again."""
        return TargetCapabilities(streams=True, rerunnable=True)

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        """Answer the turn's last question in the light of those before it."""
        library = await self._open_library()
        wish = understand(_questions(turn))
        if wish.kind is WishKind.ASK:
            sections = len(library.index.sections)
            yield ProgressReported(text=f"Looking through {sections} passages.")
        answer = await asyncio.to_thread(_answer, library.index, wish)
        for chunk in chunks_of(answer.text):
            if turn.cancelled.is_set():
                yield RunCancelled(reason=turn.cancelled.reason or "target")
                return
            yield TextDelta(text=chunk)
            await asyncio.sleep(0)  # an answer of many chunks leaves the loop to others
        yield RunCompleted(result=RunResult(value=answer.value))

    async def _open_library(self) -> _Library:
        library = self._library
        if library is not None and self._is_fresh(library):
            return library
        async with self._loading:
            library = self._library
            if library is None or not self._is_fresh(library):
                library = await asyncio.to_thread(self._look_again, library)
                self._library = library
            return library

    def _is_fresh(self, library: _Library) -> bool:
        return self._monotonic() - library.looked_at < _LOOK_AGAIN_SECONDS

    def _look_again(self, known: _Library | None) -> _Library:
        looked_at = self._monotonic()
        stamps = self._folder.scan()
        if known is not None and known.stamps == stamps:
            return _Library(index=known.index, stamps=stamps, looked_at=looked_at)
        index = MarkdownIndex(
            section
            for stamp in stamps
            for section in sections_of(self._folder.read(stamp), path=stamp.path)
        )
        _log.info("documents read: files=%d sections=%d", len(stamps), len(index.sections))
        return _Library(index=index, stamps=stamps, looked_at=looked_at)


def create_agent(folder: Path | str | None = None) -> Target:
    """An agent over `folder`, else over the folder that AGENT_HOST_DOCS_FOLDER names, else over the
    documents of the project in the current directory, else over this project's own.

    Raises:
        ConfigurationError: the folder is not there.
    """
    chosen = folder if folder is not None else os.environ.get(FOLDER_VARIABLE) or None
    if chosen is None:
        return MarkdownAgent(_default_folder())
    root = Path(chosen).expanduser().absolute()
    if not root.is_dir():
        source = "folder" if folder is not None else FOLDER_VARIABLE
        message = f"{source} names {str(root)!r}, which is not a folder of Markdown files"
        raise ConfigurationError(message)
    return MarkdownAgent(MarkdownFolder(root=root))


def _default_folder() -> MarkdownFolder:
    project = Path.cwd()
    if any((project / "docs").glob("*.md")):
        return MarkdownFolder(root=project, entries=_PROJECT_DOCUMENTS)
    shipped = Path(__file__).with_name("library")  # in a wheel
    checkout = Path(__file__).parents[2]  # in a clone
    for root in (shipped, checkout):
        if (root / "README.md").is_file():
            return MarkdownFolder(root=root, entries=_PROJECT_DOCUMENTS)
    message = f"there are no documents to answer from: set {FOLDER_VARIABLE} to a folder of them"
    raise ConfigurationError(message)


def _questions(turn: Turn) -> list[str]:
    """What the person said, oldest first; the new messages behind the last answer count as one."""
    earlier = list(turn.history.messages) if turn.history else []
    trailing = list(takewhile(lambda message: message.role == "user", reversed(turn.messages)))
    earlier.extend(turn.messages[: len(turn.messages) - len(trailing)])
    question = "\n".join(message.text for message in reversed(trailing))
    if isinstance(turn.input, str):
        question = turn.input
    return [*(message.text for message in earlier if message.role == "user"), question]


def _answer(index: MarkdownIndex, wish: Wish) -> WrittenAnswer:
    if wish.kind in {WishKind.GREET, WishKind.HELP}:
        return welcome(index, greeting=wish.kind is WishKind.GREET)
    if wish.kind is WishKind.THANK:
        return thanked()
    if wish.kind is WishKind.UNCLEAR or wish.question is None:
        return unclear(asked_before=wish.question is not None)
    query = Query(terms=tuple(terms_of(wish.question)), about=tuple(terms_of(wish.about or "")))
    hits = index.search(query)
    asked = wish.about or wish.question
    if not hits:
        return nothing_found(index, asked)
    answer = _quote(hits, wish, terms=frozenset((*query.terms, *query.about)))
    return hedged(answer, index, asked) if wish.kind is WishKind.ASK else answer


def _quote(hits: Sequence[Hit], wish: Wish, *, terms: frozenset[str]) -> WrittenAnswer:
    last = min((wish.page + 1) * PAGE_LENGTH, len(hits))
    number = last if wish.number == LAST else wish.number
    if wish.kind is WishKind.SHOW and number is not None:
        return quote_section(hits, number=number, whole=wish.whole)
    if wish.kind is WishKind.LOCATE:
        page = range(min(wish.page * PAGE_LENGTH, last - 1) + 1, last + 1)
        return locate(hits, terms=terms, numbers=[number] if number else page)
    return quote_page(hits, terms=terms, page=wish.page)


__all__ = ["FOLDER_VARIABLE", "MarkdownAgent", "create_agent"]
