"""Tokens for downstream services in the name of whoever calls the agent."""
