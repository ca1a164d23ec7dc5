"""Tokens for downstream services."""
