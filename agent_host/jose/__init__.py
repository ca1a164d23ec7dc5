"""Signatures of others: which algorithms are taken, whose keys they are, where the keys come from.

For whoever verifies tokens: callers' and those that a sign-in ends with. Decides about nobody.
"""
