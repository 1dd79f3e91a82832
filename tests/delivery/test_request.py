from otel_bridge.delivery import Request

TOKEN = "token-to-keep-secret"


def test_requests_show_no_secrets() -> None:
    request = Request("https://galileo/", {"Authorization": f"Bearer {TOKEN}"}, TOKEN.encode(), TOKEN)

    assert "Request(url='https://galileo/')" == repr(request) == f"{request}"
