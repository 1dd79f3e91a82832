"""Certificates that change while servers run: over HTTP and gRPC, with real handshakes."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest

from otel_bridge.asgi import StartupError, Tls, TlsFiles
from tests.certificates import Certificates
from tests.loops import LIMIT, BackgroundLoop
from tests.receiver.running import PROTOBUF, Receivers, fresh_request
from tests.receiver.test_otlp_grpc import TRACES


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture(scope="module")
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as loop:
        yield loop


class Looked:
    """Files with their counters."""

    def __init__(self, tls: Tls) -> None:
        self.taken = self.refused = 0
        self.files = TlsFiles(tls, taken=self._take, refused=self._refuse)

    def look(self, times: int = 2) -> None:
        for _ in range(times):
            self.files.look()

    @property
    def counts(self) -> tuple[int, int]:
        """Taken and refused."""
        return self.taken, self.refused

    def _take(self) -> None:
        self.taken += 1

    def _refuse(self) -> None:
        self.refused += 1


class TestFiles:
    def test_that_stay_as_they_are_stay_in_use(self, certificates: Certificates) -> None:
        looked = Looked(certificates.tls)
        before = looked.files.current
        looked.look(3)

        assert before is looked.files.current
        assert (0, 0) == looked.counts

    def test_that_are_renewed_are_taken_at_the_second_look(self, certificates: Certificates) -> None:
        looked = Looked(certificates.tls)
        certificates.renew()
        looked.look(1)
        assert (0, 0) == looked.counts
        looked.look(1)

        assert certificates.tls.cert_file.read_bytes() == looked.files.current.cert
        assert (1, 0) == looked.counts

    @pytest.mark.parametrize("part", ["cert", "key"])
    def test_of_which_one_is_renewed_first_wait_for_the_other(
        self, certificates: Certificates, part: str, tmp_path: Path
    ) -> None:
        looked = Looked(certificates.tls)
        before = looked.files.current
        old = {path: path.read_bytes() for path in (certificates.tls.cert_file, certificates.tls.key_file)}
        certificates.renew()
        late = certificates.tls.key_file if part == "cert" else certificates.tls.cert_file
        new = late.read_bytes()
        late.write_bytes(old[late])
        looked.look(5)
        assert before is looked.files.current
        assert (0, 1) == looked.counts
        late.write_bytes(new)
        looked.look()

        assert certificates.tls.cert_file.read_bytes() == looked.files.current.cert
        assert (1, 1) == looked.counts

    def test_that_are_half_written_are_refused(
        self, certificates: Certificates, caplog: pytest.LogCaptureFixture
    ) -> None:
        looked = Looked(certificates.tls)
        before = looked.files.current
        whole = certificates.tls.cert_file.read_bytes()
        certificates.tls.cert_file.write_bytes(whole[: len(whole) // 2])
        looked.look()
        assert before is looked.files.current
        assert (0, 1) == looked.counts
        certificates.tls.cert_file.write_bytes(whole)
        looked.look()

        assert whole == looked.files.current.cert

    def test_that_are_gone_for_a_while_are_reported_once(self, certificates: Certificates) -> None:
        looked = Looked(certificates.tls)
        key = certificates.tls.key_file.read_bytes()
        certificates.tls.key_file.unlink()
        looked.look(4)
        assert (0, 1) == looked.counts
        certificates.tls.key_file.write_bytes(key)
        looked.look(3)

        assert (0, 1) == looked.counts

    def test_behind_a_link_that_is_swapped(self, tmp_path: Path) -> None:
        """As Kubernetes mounts secrets: the files are links into a directory that is a link."""
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            Certificates(tmp_path / name)
        data = tmp_path / "data"
        data.symlink_to("one")
        for name in ("cert.pem", "key.pem"):
            (tmp_path / name).symlink_to(f"data/{name}")
        looked = Looked(Tls(cert_file=tmp_path / "cert.pem", key_file=tmp_path / "key.pem"))
        (tmp_path / "fresh").symlink_to("two")
        (tmp_path / "fresh").rename(data)
        looked.look()

        assert (tmp_path / "two" / "cert.pem").read_bytes() == looked.files.current.cert

    def test_are_taken_at_once_when_somebody_says_so(self, certificates: Certificates) -> None:
        looked = Looked(certificates.tls)
        certificates.renew()
        looked.files.reread()
        assert (1, 0) == looked.counts
        certificates.renew(key=False)
        looked.files.reread()

        assert (1, 1) == looked.counts

    def test_show_no_key(self, certificates: Certificates) -> None:
        looked = Looked(certificates.tls)

        assert "PRIVATE" not in repr(looked.files.current) + repr(looked.files)

    def test_that_do_not_fit_at_start_are_one_sentence(self, certificates: Certificates) -> None:
        certificates.renew(key=False)
        with pytest.raises(StartupError, match=r"^Cannot set up TLS with .*key\.pem: .*\.$"):
            TlsFiles(certificates.tls)


def certificate_of(address: str) -> bytes:
    """What the server at *address* shows in a new handshake."""
    host, port = address.rsplit(":", 1)
    return ssl.get_server_certificate((host, int(port)), timeout=LIMIT).encode()


def shown(certificates: Certificates) -> bytes:
    return certificates.tls.cert_file.read_bytes().replace(b"\r\n", b"\n")


class TestServers:
    def test_show_the_new_certificate_and_keep_open_connections(
        self, loop: BackgroundLoop, certificates: Certificates
    ) -> None:
        trusted = grpc.ssl_channel_credentials(certificates.ca_file.read_bytes())
        with (
            Receivers(loop, tls=certificates.tls) as receivers,
            httpx.Client(verify=certificates.context()) as client,
            grpc.secure_channel(receivers.grpc_address, trusted) as channel,
        ):
            files = receivers.tls
            assert files is not None
            connected: list[object] = []

            def post() -> int:
                with client.stream(
                    "POST",
                    f"{receivers.url}/v1/traces",
                    content=fresh_request(),
                    headers={"content-type": PROTOBUF},
                ) as answer:
                    connected.append(answer.extensions["network_stream"].get_extra_info("client_addr"))
                    answer.read()
                    return answer.status_code

            def export() -> bytes:
                answer: bytes = channel.unary_unary(TRACES)(fresh_request(), timeout=LIMIT)
                return answer

            assert (200, b"") == (post(), export())
            before = shown(certificates)
            assert [before] * 2 == [certificate_of(receivers.http.address), _peer(receivers)]
            certificates.renew()
            files.look()
            files.look()

            assert before != shown(certificates)
            assert [shown(certificates)] * 2 == [certificate_of(receivers.http.address), _peer(receivers)]
            assert (200, b"") == (post(), export())
            assert 1 == len(set(connected))

    def test_go_on_with_the_old_certificate_while_the_new_one_has_no_key(
        self, loop: BackgroundLoop, certificates: Certificates
    ) -> None:
        with Receivers(loop, tls=certificates.tls) as receivers:
            files = receivers.tls
            assert files is not None
            before = shown(certificates)
            certificates.renew(key=False)
            files.look()
            files.look()

            assert [before] * 2 == [certificate_of(receivers.http.address), _peer(receivers)]

    def test_ask_for_client_certificates_of_the_new_authority_alone(
        self, loop: BackgroundLoop, tmp_path: Path
    ) -> None:
        old, new = (tmp_path / name for name in ("old", "new"))
        for directory in (old, new):
            directory.mkdir()
        before, after = Certificates(old), Certificates(new)
        trusted = before.ca_file.read_bytes()
        with Receivers(loop, tls=before.mutual_tls) as receivers:
            files = receivers.tls
            assert files is not None
            context = before.context(with_client_certificate=True)
            assert 200 == _posted(receivers, context)
            assert grpc.StatusCode.OK == _exported(receivers, trusted, before)
            shutil.copy(after.ca_file, before.ca_file)
            files.look()
            files.look()

            # The same context: a session of the old authority's is not taken up again.
            assert 0 == _posted(receivers, context)
            assert grpc.StatusCode.UNAVAILABLE == _exported(receivers, trusted, before)
            context.load_cert_chain(after.client_cert_file, after.client_key_file)
            assert 200 == _posted(receivers, context)
            assert grpc.StatusCode.OK == _exported(receivers, trusted, after)

    def test_look_at_their_files_by_themselves(
        self, loop: BackgroundLoop, certificates: Certificates
    ) -> None:
        taken = threading.Event()
        files = TlsFiles(certificates.tls, interval=0.02, taken=taken.set)

        async def watch() -> asyncio.Task[None]:
            return asyncio.create_task(files.watch())

        async def cancel(watching: asyncio.Task[None]) -> None:
            watching.cancel()

        watching = loop.run(watch())
        certificates.renew()

        assert taken.wait(LIMIT)
        loop.run(cancel(watching))
        assert certificates.tls.cert_file.read_bytes() == files.current.cert


def _peer(receivers: Receivers) -> bytes:
    return certificate_of(receivers.grpc_address)


def _posted(receivers: Receivers, context: ssl.SSLContext) -> int:
    """The status of a post on a new connection; 0 where the handshake failed."""
    with contextlib.suppress(httpx.TransportError):
        return httpx.post(
            f"{receivers.url}/v1/traces",
            content=fresh_request(),
            headers={"content-type": PROTOBUF},
            verify=context,
            timeout=LIMIT,
        ).status_code
    return 0


def _exported(receivers: Receivers, trusted: bytes, client: Certificates) -> grpc.StatusCode:
    credentials = grpc.ssl_channel_credentials(
        trusted, client.client_key_file.read_bytes(), client.client_cert_file.read_bytes()
    )
    with grpc.secure_channel(receivers.grpc_address, credentials) as channel:
        try:
            channel.unary_unary(TRACES)(fresh_request(), timeout=LIMIT)
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK
