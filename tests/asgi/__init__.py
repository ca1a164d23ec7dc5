"""The edge: guards, problems, health, and a real server on a real socket."""
