import pytest

from otel_bridge.delivery.way import Stop, Way, find_way

SECURE = Stop("galileo.example", 443, True)
PLAIN = Stop("galileo.example", 80, False)
PROXY = Stop("proxy", 3128, False)


@pytest.fixture(autouse=True)
def _no_proxies_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("url", "way"),
    [
        ("https://galileo.example/1.1.0/single", Way(SECURE, "galileo.example", "/1.1.0/single")),
        ("https://galileo.example:443/", Way(SECURE, "galileo.example", "/")),
        ("http://galileo.example", Way(PLAIN, "galileo.example", "/")),
        (
            "http://Galileo.Example:8080/a",
            Way(Stop("galileo.example", 8080, False), "galileo.example:8080", "/a"),
        ),
        ("http://[::1]:8080/a", Way(Stop("::1", 8080, False), "[::1]:8080", "/a")),
        ("http://galileo.example/a%2Fb/?c=d%26&e", Way(PLAIN, "galileo.example", "/a%2Fb/?c=d%26&e")),
        ("http://galileo.example/a b/é", Way(PLAIN, "galileo.example", "/a%20b/%C3%A9")),
        (
            "http://galiléo.example",
            Way(Stop("xn--galilo-fva.example", 80, False), "xn--galilo-fva.example", "/"),
        ),
    ],
)
def test_a_url_is_read_as_http_wants_it(url: str, way: Way) -> None:
    assert way == find_way(url)


def test_a_plain_request_names_its_destination_to_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://user:p%40ss@proxy:3128")

    assert Way(PLAIN, "galileo.example", "http://galileo.example/a", PROXY, "Basic dXNlcjpwQHNz") == find_way(
        "http://galileo.example/a"
    )
    assert Way(SECURE, "galileo.example", "/a", PROXY, "Basic dXNlcjpwQHNz") == find_way(
        "https://galileo.example/a"
    )


def test_a_proxys_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://user:p%40ss@proxy:3128")

    assert "dXNlcjpwQHNz" not in repr(find_way("https://galileo.example/a"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "http://",
        "ftp://galileo.example",
        "socks5://a:1",
        "http://a:99999",
        "http://[::1",
        f"http://{'a' * 70}",
    ],
)
def test_what_is_no_address_is_said_so(url: str) -> None:
    with pytest.raises(ValueError, match="its address is no URL"):
        find_way(url)
