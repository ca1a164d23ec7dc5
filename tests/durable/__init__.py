"""What survives `kill -9` of a real server process, over HTTP."""
