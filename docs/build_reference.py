"""Writes the two files that are derived from the settings: `make docs`.

`deploy/agent-host.toml` and `docs/configuration.md` document every option of the host and of the
channels in this repository. `--check` writes nothing and fails if they are out of date.
"""

import sys
from importlib.metadata import distribution
from pathlib import Path

from agent_host.cli.parser import DISTRIBUTION
from agent_host.cli.reference import render_markdown, render_toml, section_titles
from agent_host.registry import channel_config
from agent_host.settings import Settings, list_options

ROOT = Path(__file__).parents[1]


def documents() -> dict[Path, str]:
    """What each file should say."""
    entries = distribution(DISTRIBUTION).entry_points.select(group="agent_host.channels")
    configs = {name: channel_config(name) for name in sorted(entry.name for entry in entries)}
    options = list_options(configs)
    titles = section_titles(configs)
    mounted = list(Settings().channels)
    return {
        ROOT / "deploy/agent-host.toml": render_toml(options, titles=titles, mounted=mounted),
        ROOT / "docs/configuration.md": render_markdown(options, titles=titles),
    }


def main() -> int:
    """Write the files, or with `--check` name those that differ and fail."""
    stale = [path for path, text in documents().items() if not _says(path, text)]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run make docs", file=sys.stderr)  # noqa: T201
        return 1 if stale else 0
    for path in stale:
        path.write_text(documents()[path], "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")  # noqa: T201 - a script speaks so
    return 0


def _says(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
