"""TLS files for a server on loopback, and what its clients need."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

from otel_bridge.asgi import Tls


class Certificates:
    def __init__(self, directory: Path) -> None:
        self._authority = trustme.CA()
        self._client = self._authority.issue_cert("kong.example.com")
        self.ca_file = directory / "ca.pem"
        self.client_key_file = directory / "client-key.pem"
        self.client_cert_file = directory / "client-cert.pem"
        self._authority.cert_pem.write_to_path(self.ca_file)
        self._client.private_key_pem.write_to_path(self.client_key_file)
        self._client.cert_chain_pems[0].write_to_path(self.client_cert_file)
        self.tls = Tls(cert_file=directory / "cert.pem", key_file=directory / "key.pem")
        self.mutual_tls = Tls(
            cert_file=self.tls.cert_file, key_file=self.tls.key_file, client_ca_file=self.ca_file
        )
        self.renew()

    def renew(self, *, cert: bool = True, key: bool = True) -> None:
        """Write a new certificate of the server's and its key, or one of the two alone."""
        server = self._authority.issue_cert("127.0.0.1", "localhost")
        if cert:
            server.cert_chain_pems[0].write_to_path(self.tls.cert_file)
        if key:
            server.private_key_pem.write_to_path(self.tls.key_file)

    def context(self, *, with_client_certificate: bool = False) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        if with_client_certificate:
            self._client.configure_cert(context)
        return context
