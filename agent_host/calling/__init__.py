"""How plain Python becomes a target: typed input, answers, worker threads, questions.

What adapters and shipped targets share. Knows no framework, no channel and no store.
"""
