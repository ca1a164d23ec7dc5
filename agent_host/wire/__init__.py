"""What channels on HTTP share of their wire: JSON, bodies, replies, event streams, disconnects.

Knows no protocol and no channel. What a protocol says in its own way is an argument.
"""
