"""The engine: pipeline, runs, sessions. Channels reach it through `HostContext` only."""
