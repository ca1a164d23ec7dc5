"""`python -m agent_host.cli`, the same as `agent-host`."""

import sys

from agent_host.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
