"""Tests of the REST channel."""
