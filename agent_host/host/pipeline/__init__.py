"""The ordered steps that every request of every channel goes through, one file each."""
