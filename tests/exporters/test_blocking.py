import asyncio
import threading

import pytest

from otel_bridge.exporters import blocking


async def thread_name() -> str:
    await asyncio.sleep(0)
    return threading.current_thread().name


def test_a_coroutine_runs_to_its_end_in_the_callers_thread() -> None:
    assert threading.current_thread().name == blocking.run(thread_name)


def test_beside_a_running_loop_it_runs_in_another_thread() -> None:
    async def application() -> str:
        return blocking.run(thread_name)

    assert "otel-bridge-export" in asyncio.run(application())


def test_errors_come_out_as_they_are() -> None:
    async def failing() -> None:
        raise LookupError("of its own")

    with pytest.raises(LookupError, match="of its own"):
        blocking.run(failing)


def test_an_interrupt_from_the_keyboard_leaves_no_task_behind() -> None:
    ended: list[str] = []

    async def beside() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("beside")

    async def interrupted() -> None:
        task = asyncio.ensure_future(beside())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(interrupt)
        await task

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        blocking.run(interrupted)
    assert ["beside"] == ended


def test_names_are_looked_up() -> None:
    async def look_up() -> list[object]:
        return list(await asyncio.get_running_loop().getaddrinfo("localhost", 80))

    assert blocking.run(look_up)
