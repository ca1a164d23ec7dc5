"""Answers that go elsewhere, from the end of a run to what a platform took."""
