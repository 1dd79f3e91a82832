"""What the environment variables that every HTTP client knows say: which proxy to use, whom to trust.

HTTPS_PROXY, HTTP_PROXY, ALL_PROXY    by the destination's scheme, the last for both; small letters too
NO_PROXY                              names, their subdomains, addresses, or * for all
SSL_CERT_FILE, SSL_CERT_DIR           authorities instead of the ones that come along
"""

from __future__ import annotations

import os
import ssl
from urllib.request import getproxies, proxy_bypass

import certifi

# The loopback of a proxy is another machine's.
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def trust(*, verify: bool) -> ssl.SSLContext:
    """What certificates are checked against; slow to make, and fit for many senders."""
    if verify:
        file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
        bundled = None if file or directory else certifi.where()
        context = ssl.create_default_context(cafile=file or bundled, capath=directory)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def proxy_for(scheme: str, host: str, port: int) -> str | None:
    """The URL of the proxy to use; None where the destination is to be asked directly."""
    if host in _LOOPBACK or proxy_bypass(f"{host}:{port}"):
        return None
    proxies = getproxies()
    address = proxies.get(scheme) or proxies.get("all")
    return f"http://{address}" if address and "://" not in address else address
