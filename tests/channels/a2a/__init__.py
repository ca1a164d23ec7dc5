"""Tests of the A2A channel."""
