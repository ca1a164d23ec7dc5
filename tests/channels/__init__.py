"""Tests of the channels that are shipped."""
