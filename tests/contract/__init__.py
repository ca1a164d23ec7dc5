"""The contract suites, over everything that is installed."""
