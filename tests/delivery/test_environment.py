"""Proxies and authorities, as environment variables name them."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from otel_bridge.delivery.environment import proxy_for, trust
from otel_bridge.delivery.sender import NoConnection
from tests.delivery.sending import TOKEN, post, sending
from tests.delivery.tunnel import Tunnel
from tests.vendor_server import VendorServer, closed_port

pytestmark = pytest.mark.anyio

HOST = "galileo.example"
PROXY = "http://proxy:3128"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[VendorServer]:
    """Of a host that no name server knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    with VendorServer(tls=context) as server:
        yield server


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, f"http://{HOST}", None),
        ({"HTTP_PROXY": PROXY}, f"http://{HOST}", PROXY),
        ({"http_proxy": PROXY}, f"http://{HOST}", PROXY),
        ({"HTTP_PROXY": "proxy:3128"}, f"http://{HOST}", PROXY),
        ({"HTTP_PROXY": PROXY}, f"https://{HOST}", None),
        ({"HTTPS_PROXY": PROXY}, f"https://{HOST}", PROXY),
        ({"ALL_PROXY": PROXY}, f"https://{HOST}", PROXY),
        ({"ALL_PROXY": "http://other", "HTTP_PROXY": PROXY}, f"http://{HOST}", PROXY),
        ({"HTTP_PROXY": PROXY}, "http://localhost", None),
        ({"HTTP_PROXY": PROXY}, "http://127.0.0.1:4380", None),
        ({"HTTP_PROXY": PROXY}, "http://[::1]:4380", None),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "*"}, f"http://{HOST}", None),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": f"one.example, {HOST}"}, f"http://{HOST}", None),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "example"}, f"http://{HOST}", None),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": ".example"}, f"http://{HOST}", None),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "alileo.example"}, f"http://{HOST}", PROXY),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": f"{HOST}:8080"}, f"http://{HOST}:8080", None),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": f"{HOST}:8080"}, f"http://{HOST}", PROXY),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "10.0.0.7"}, "http://10.0.0.7", None),
    ],
)
def test_which_proxy_it_is(
    variables: dict[str, str], url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    parts = urlsplit(url)

    assert proxy == proxy_for(parts.scheme, parts.hostname or "", parts.port or 80)


async def test_https_goes_through_a_tunnel(
    server: VendorServer, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Tunnel(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://us%40er:pass@{proxy.address}")
        async with sending(verify=True, context=trusting) as sender:
            for _ in range(2):
                assert 200 == (await sender.send(post(f"https://{HOST}"))).status

    (asked,) = proxy.requests
    assert f"CONNECT {HOST}:443 HTTP/1.1" == asked[0]
    assert "Proxy-Authorization: Basic dXNAZXI6cGFzcw==" in asked
    assert not [line for line in asked if TOKEN in line]
    assert {1} == {request.connection for request in server.requests}
    assert not [request for request in server.requests if "proxy-authorization" in request.headers]


async def test_certificates_are_verified_through_a_tunnel(
    server: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Tunnel(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        async with sending(verify=True) as sender:
            with pytest.raises(NoConnection, match="its certificate is not trusted"):
                await sender.send(post(f"https://{HOST}"))

    assert [] == server.requests


async def test_a_proxy_that_refuses_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with Tunnel(closed_port(), status="407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        async with sending() as sender:
            with pytest.raises(NoConnection) as caught:
                await sender.send(post(f"https://{HOST}"))

    text = "through the proxy 127.0.0.1: it refuses to connect: 407 Proxy Authentication Required"
    assert text == str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_down_says_so(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://user:pass@127.0.0.1:{closed_port()}")
    async with sending() as sender:
        with pytest.raises(NoConnection) as caught:
            await sender.send(post(f"{scheme}://{HOST}"))

    assert "through the proxy 127.0.0.1: connection refused" == str(caught.value)


@pytest.mark.parametrize(
    "address", ["socks5://u:pass@proxy:1080", "http://", "http://u:pass@proxy:port", "http://u:pass@[::1"]
)
async def test_a_proxy_that_can_not_be_used_says_so(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", address)
    async with sending() as sender:
        with pytest.raises(NoConnection, match="the proxy that the environment names") as caught:
            await sender.send(post(f"https://{HOST}"))

    assert "pass" not in str(caught.value)


async def test_authorities_may_be_named_by_a_file(
    server: VendorServer, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with Tunnel(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        async with sending(verify=True) as sender:
            assert 200 == (await sender.send(post(f"https://{HOST}"))).status


def test_authorities_may_be_named_by_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(trust(verify=True).get_ca_certs()) > 50
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    assert [] == trust(verify=True).get_ca_certs()
