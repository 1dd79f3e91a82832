"""The program and who may send to it: warnings, and certificates that change under it."""

from __future__ import annotations

import signal
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.bridge import PATIENCE, Bridge, eventually
from tests.certificates import Certificates


def sections(*, http: dict[str, Any], **otlp: Any) -> dict[str, Any]:
    """Of a configuration in which nothing but receiving matters."""
    protocols = {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"} | http}
    return {"receivers": {"otlp": {"protocols": protocols, **otlp}}, "inspector": {"enabled": False}}


def shown(bridge: Bridge) -> str:
    """The certificate of a new handshake."""
    parts = urlsplit(bridge.address("OTLP/HTTP"))
    assert parts.hostname
    assert parts.port
    return ssl.get_server_certificate((parts.hostname, parts.port), timeout=PATIENCE)


def test_listening_to_all_the_network_without_tokens_is_a_loud_warning(tmp_path: Path) -> None:
    everywhere = {"endpoint": "0.0.0.0:0"}
    bridge = Bridge(tmp_path, **sections(http=everywhere))
    with bridge.start():
        bridge.wait_for_line("warning .*takes spans from anybody: set receivers.otlp.auth.bearer_tokens")
        assert [1, 0] == [bridge.metric("receiver_unprotected", protocol=each) for each in ("http", "grpc")]

        bridge.write_config(**sections(http=everywhere, auth={"bearer_tokens": ["a-token"]}))
        bridge.signal(signal.SIGHUP)

        eventually(lambda: bridge.metric("receiver_unprotected", protocol="http") == 0, "it is protected")
        assert 401 == bridge.post(b"").status_code


def test_client_certificates_are_protection(tmp_path: Path) -> None:
    tls = Certificates(tmp_path).mutual_tls
    section = {
        "cert_file": str(tls.cert_file),
        "key_file": str(tls.key_file),
        "client_ca_file": str(tls.client_ca_file),
    }
    bridge = Bridge(tmp_path, **sections(http={"endpoint": "0.0.0.0:0", "tls": section}))
    with bridge.start():
        assert 0 == bridge.metric("receiver_unprotected", protocol="http")


def test_sighup_has_certificates_read_and_refuses_half_a_pair(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    with serving(certificates) as bridge:
        first = shown(bridge)
        certificates.renew(key=False)
        bridge.signal(signal.SIGHUP)
        bridge.wait_for_line("refused; the old one goes on.*Cannot set up TLS with")
        assert first == shown(bridge)

        certificates.renew()
        bridge.signal(signal.SIGHUP)
        eventually(lambda: shown(bridge) == _normal(certificates.tls.cert_file), "SIGHUP has it read")


@pytest.mark.field
def test_certificates_are_looked_at_without_a_signal(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    with serving(certificates) as bridge:
        certificates.renew(key=False)
        bridge.wait_for_line("the TLS files are of no use now")
        assert 1 == bridge.metric("receiver_tls_reloads_total", protocol="http", outcome="refused")

        certificates.renew()
        eventually(lambda: shown(bridge) == _normal(certificates.tls.cert_file), "it is noticed")
        assert 1 == bridge.metric("receiver_tls_reloads_total", protocol="http", outcome="taken")


def serving(certificates: Certificates) -> Bridge:
    tls = certificates.tls
    section = {"cert_file": str(tls.cert_file), "key_file": str(tls.key_file)}
    return Bridge(tls.cert_file.parent, **sections(http={"tls": section})).start()


def _normal(path: Path) -> str:
    return ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(path.read_text()))
