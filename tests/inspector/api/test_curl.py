"""The cURL command, as a shell reads it."""

from __future__ import annotations

import gzip
import subprocess
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.inspector.api.curl import curl
from otel_bridge.inspector.exchange import Side
from tests.inspector.exchanges import an_exchange
from tests.loops import LIMIT

# A shell's arguments end at NUL; a line end in a header can't be sent by anybody.
_TEXT = st.text(st.characters(exclude_characters="\x00", codec="utf-8"), min_size=1, max_size=20)
_LINE = st.text(st.characters(exclude_characters="\x00\r\n", codec="utf-8"), min_size=1, max_size=20)


def arguments(command: str, **variables: str) -> list[str]:
    """What a POSIX shell hands to `curl`."""
    script = f'curl() {{ for each; do printf "%s\\0" "$each"; done; }}\n{command}'
    done = subprocess.run(
        ["/bin/sh", "-u"],
        input=script.encode(),
        capture_output=True,
        env=variables,
        timeout=LIMIT,
        check=True,
    )
    return done.stdout.decode().split("\0")[:-1]


def values(command: list[str], option: str) -> list[str]:
    return [command[index + 1] for index, each in enumerate(command) if each == option]


def asked(*headers: tuple[str, str], body: bytes | None = None, **changes: Any) -> str:
    side = Side(headers=headers, body=body, **changes)
    return curl(an_exchange(method="POST", url="https://example.com/orders?a=1&b='", request=side))


@settings(max_examples=40, deadline=None)
@given(method=_LINE, url=_LINE, value=_LINE, body=_TEXT)
def test_a_shell_reads_what_was_sent(method: str, url: str, value: str, body: str) -> None:
    side = Side(headers=(("x-any", value),), body=body.encode())
    found = arguments(curl(an_exchange(method=method, url=url, request=side)), SECRET="", X_ANY="")

    assert ["--request", method] == found[:2]
    assert ["--header", f"x-any: {value}", "--data-raw", body, "--url", url] == found[-6:]


def test_what_was_masked_is_a_variable() -> None:
    command = asked(("Authorization", "Bearer REDACTED"), body=b'{"password":"REDACTED"}')
    found = arguments(command, AUTHORIZATION="abc$(id)", SECRET="s3")

    assert ["Authorization: Bearer abc$(id)"] == values(found, "--header")
    assert ['{"password":"s3"}'] == values(found, "--data-raw")


def test_a_variable_that_is_not_set_stops_the_shell() -> None:
    script = f"curl() {{ :; }}\n{asked(('Authorization', 'REDACTED'))}"
    done = subprocess.run(
        ["/bin/sh", "-u"], input=script.encode(), capture_output=True, timeout=LIMIT, check=False
    )

    assert done.returncode != 0
    assert b"AUTHORIZATION" in done.stderr


def test_what_curl_makes_itself_is_left_out() -> None:
    found = arguments(asked(("Host", "x"), ("Content-Length", "2"), (":path", "/"), ("Accept", "*/*")))

    assert ["Accept: */*"] == values(found, "--header")


def test_a_coded_body_is_sent_plain() -> None:
    found = arguments(asked(("Content-Encoding", "gzip"), body=gzip.compress(b"hello")))

    assert [] == values(found, "--header")
    assert ["hello"] == values(found, "--data-raw")


def test_a_body_is_sent_and_not_read_from_a_file() -> None:
    found = arguments(asked(body=b"@/etc/passwd"))

    assert ["@/etc/passwd"] == values(found, "--data-raw")
    assert not any(option in found for option in ("--data", "--data-binary"))


def test_what_can_not_be_on_a_command_line_is_said() -> None:
    binary, large = asked(body=b"\xff\x00"), asked(body=b"x" * 100_000)
    gone = asked(omitted="on disk")

    assert "# the body is no text" in binary
    assert "# the body is too large" in large
    assert "# the body is not here: on disk" in gone
    for command in (binary, large, gone):
        assert "https://example.com/orders?a=1&b='" == arguments(command)[-1]


def test_an_exchange_without_capture_says_so() -> None:
    command = curl(an_exchange(captured=False, request=Side()))

    assert command.startswith("# headers and body were not captured")
    assert ["--request", "GET", "--url", "https://example.com/request/path"] == arguments(command)
