"""What hostile senders do, from a process of their own: `with attacking("idle", target, workers=1200): ...`

Each worker does its worst on one connection after the other, as long as it is let.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import multiprocessing
import signal
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple, cast

import grpc
import zstandard
from grpc import aio
from grpc.aio import AioRpcError

from otel_bridge.asgi.sockets import allow_open_files
from tests.end_to_end.traffic import EXPORT, Call, request
from tests.loops import LIMIT

MIB = 1024 * 1024
BOMB = 100 * MIB
"""Bytes that a bomb becomes; the bridge's bound is 64 MiB."""

_HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: bridge\r\nContent-Type: application/x-protobuf\r\n"
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_PAUSE = 0.2

_spawning = multiprocessing.get_context("spawn")


class Target(NamedTuple):
    http: str
    """host:port"""
    grpc: str


Attack = Callable[[Target], Awaitable[None]]


@contextlib.contextmanager
def attacking(name: str, target: Target, *, workers: int) -> Iterator[None]:
    """Attack *target* by so many at once until the block ends."""
    begun = _spawning.Event()
    process = _spawning.Process(target=_run, args=(name, target, workers, begun), daemon=True)
    process.start()
    try:
        assert begun.wait(2 * LIMIT), "the attack did not begin"
        yield
        assert process.is_alive(), "the attack ended by itself"
    finally:
        process.kill()
        process.join()
        process.close()


async def idle(target: Target) -> None:
    reader, writer = await _connect(target.http)
    await _until_closed(reader, writer)


async def idle_grpc(target: Target) -> None:
    """Half of them say that they speak HTTP/2, and then nothing."""
    reader, writer = await _connect(target.grpc)
    if id(writer) // 64 % 2:
        writer.write(_PREFACE + bytes(3) + b"\x04" + bytes(5))
    await _until_closed(reader, writer)


async def slow_head(target: Target) -> None:
    reader, writer = await _connect(target.http)
    await _drip(_HEAD + b"X: ", reader, writer)


async def endless_head(target: Target) -> None:
    _, writer = await _connect(target.http)
    writer.write(_HEAD + b"X: ")
    for _ in range(1000):
        writer.write(b"x" * 65536)
        await writer.drain()
    writer.close()


async def slow_body(target: Target) -> None:
    """Half a MiB at once, and the rest a byte at a time."""
    reader, writer = await _connect(target.http)
    writer.write(_HEAD + b"Content-Length: 1048576\r\n\r\n" + bytes(MIB // 2))
    await _drip(bytes(MIB // 2), reader, writer)


async def unread_answers(target: Target) -> None:
    _, writer = await _connect(target.http)
    cast(asyncio.Transport, writer.transport).pause_reading()
    for _ in range(10_000):
        writer.write(b"GET /x HTTP/1.1\r\nHost: bridge\r\n\r\n" * 100)
        await writer.drain()


async def bombs(target: Target, coding: str) -> None:
    bomb = _bomb(coding)
    reader, writer = await _connect(target.http)
    head = f"Content-Encoding: {coding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    for _ in range(100):
        writer.write(_HEAD + head + bomb)
        assert b"HTTP/1.1 " in await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def grpc_bombs(target: Target) -> None:
    options = [("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    async with aio.insecure_channel(target.grpc, options) as channel:
        for _ in range(100):
            with contextlib.suppress(AioRpcError):
                await channel.unary_unary(EXPORT)(bytes(BOMB), compression=grpc.Compression.Gzip, timeout=60)


async def grpc_without_messages(target: Target) -> None:
    """A hundred calls on each connection, none of which gets its message."""
    async with aio.insecure_channel(target.grpc, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        calls = [channel.stream_unary(EXPORT)() for _ in range(100)]
        for call in calls:
            await call.wait_for_connection()
        await asyncio.sleep(60)


async def costly_bodies(target: Target) -> None:
    """64 KB each, full of what redaction has to look at closely."""
    reader, writer = await _connect(target.http)
    number = 0
    while True:
        number += 1
        hostile = r"\\\"password\\\":" * 4000 + str(id(writer) + number)
        body = request(Call("/", attributes={"http.request.body.content": hostile}))
        writer.write(_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert b"HTTP/1.1 " in await reader.readuntil(b"\r\n\r\n")


ATTACKS: dict[str, Attack] = {
    "idle": idle,
    "idle gRPC": idle_grpc,
    "slow heads": slow_head,
    "endless heads": endless_head,
    "slow bodies": slow_body,
    "unread answers": unread_answers,
    "gzip bombs": functools.partial(bombs, coding="gzip"),
    "gzip bombs of many members": functools.partial(bombs, coding="x-gzip"),
    "deflate bombs": functools.partial(bombs, coding="deflate"),
    "zstd bombs": functools.partial(bombs, coding="zstd"),
    "gRPC bombs": grpc_bombs,
    "gRPC without messages": grpc_without_messages,
    "costly bodies": costly_bodies,
}


@functools.cache
def _bomb(coding: str) -> bytes:
    match coding:
        case "x-gzip":
            return gzip.compress(bytes(MIB)) * (BOMB // MIB)
        case "gzip":
            return gzip.compress(bytes(BOMB))
        case "deflate":
            return zlib.compress(bytes(BOMB))
        case _:
            return zstandard.compress(bytes(BOMB))


async def _connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = address.split(":")
    return await asyncio.open_connection(host, int(port))


async def _drip(data: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in data:
        writer.write(bytes([byte]))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PAUSE):
                if not await reader.read(65536):
                    break
    writer.close()


async def _until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass
    writer.close()


def _run(name: str, target: Target, workers: int, begun: threading.Event) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    allow_open_files()
    if "bombs" in name and "gRPC" not in name:
        _bomb(getattr(ATTACKS[name], "keywords", {})["coding"])
    asyncio.run(_attack(ATTACKS[name], target, workers, begun))


async def _attack(attack: Attack, target: Target, workers: int, begun: threading.Event) -> None:
    async def work() -> None:
        while True:
            # If it is turned away, it comes again.
            with contextlib.suppress(OSError, EOFError, AioRpcError):
                await attack(target)
            await asyncio.sleep(0.01)

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    await asyncio.sleep(0.2)
    begun.set()
    await asyncio.gather(*tasks)
