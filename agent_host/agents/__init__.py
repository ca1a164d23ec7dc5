"""Agents we ship as targets."""
