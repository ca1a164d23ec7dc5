"""Tests of the guarded way out."""
