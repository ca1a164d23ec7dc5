"""Strangers who are let in by an operator."""
