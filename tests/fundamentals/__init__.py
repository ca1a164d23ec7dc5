"""One concept per test. Read these first."""
