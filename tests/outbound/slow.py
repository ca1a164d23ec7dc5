"""Servers that take their time, and never end."""

import asyncio


async def drip(writer: asyncio.StreamWriter) -> None:
    """Never stops for long, and never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def drip_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def say_nothing(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def go_on_saying_continue(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


__all__ = ["drip", "drip_head", "go_on_saying_continue", "say_nothing"]
