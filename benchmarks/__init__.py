"""Measurements that run ours and its comparison interleaved and give a ratio.

`python -m benchmarks` lists them. Nothing here is imported by the product or asserts in tests.
"""
