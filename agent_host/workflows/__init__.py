"""Workflows we ship as targets."""
