"""What the known senders post, written by hand after their code: one exchange each unless said otherwise."""

from __future__ import annotations

from typing import Any

KONG_GALILEO: dict[str, Any] = {
    # Kong 0.8.2 to 0.14.1: whole seconds, no port in the URL, HTTP/1.0 as HTTP/1, a valueless argument true.
    "version": "1.1.0",
    "serviceToken": "secret-token",
    "environment": "production",
    "har": {
        "log": {
            "creator": {"name": "galileo-agent-kong", "version": "2.0.0"},
            "entries": [
                {
                    "startedDateTime": "2018-03-01T12:34:56Z",
                    "time": 43,
                    "serverIPAddress": "10.0.0.2",
                    "clientIPAddress": "192.0.2.7",
                    "request": {
                        "httpVersion": "HTTP/1",
                        "method": "GET",
                        "url": "http://shop.example.com/orders?open",
                        "queryString": [{"name": "open", "value": True}],
                        "headers": [{"name": "host", "value": "shop.example.com:8000"}],
                        "headersSize": 118,
                        "bodyCaptured": False,
                        "bodySize": 0,
                    },
                    "response": {
                        "status": 200,
                        "statusText": "",
                        "httpVersion": "HTTP/1.1",
                        "headers": {},
                        "headersSize": 0,
                        "bodyCaptured": True,
                        "bodySize": 30,
                        "content": {
                            "encoding": "base64",
                            "mimeType": "application/json",
                            "text": "e30=",
                        },
                    },
                    "timings": {"send": 3, "wait": 15, "receive": 25},
                }
            ],
        }
    },
}

KONG_EMPTY: dict[str, Any] = {
    # A timer that fired after a flush by size: Lua's empty table, which cjson writes as an object. Nothing.
    "version": "1.1.0",
    "serviceToken": "secret-token",
    "har": {"log": {"creator": {"name": "galileo-agent-kong", "version": "2.0.0"}, "entries": {}}},
}

KONG_ANALYTICS: dict[str, Any] = {
    # Kong 0.5 to 0.8.1: full HAR of one entry, base64 that no encoding tells, no Content-Type on the request.
    "version": "1.0.0",
    "serviceToken": "secret-token",
    "clientIPAddress": "192.0.2.7",
    "har": {
        "log": {
            "version": "1.2",
            "creator": {"name": "mashape-analytics-agent-kong", "version": "1.1.0"},
            "entries": [
                {
                    "startedDateTime": "2016-03-01T12:34:56Z",
                    "time": 18,
                    "request": {
                        "method": "POST",
                        "url": "http://shop.example.com/orders",
                        "httpVersion": "HTTP/1.1",
                        "queryString": [],
                        "headers": [{"name": "host", "value": "shop.example.com"}],
                        "headersSize": 20,
                        "cookies": [],
                        "bodySize": 3,
                        "postData": {
                            "mimeType": "application/x-www-form-urlencoded",
                            "params": [{"name": "a", "value": "1"}],
                            "text": "YT0x",
                        },
                    },
                    "response": {
                        "status": 200,
                        "statusText": "",
                        "httpVersion": "",
                        "headers": [{"name": "Content-Type", "value": "application/json"}],
                        "headersSize": 28,
                        "cookies": [],
                        "bodySize": 11,
                        "redirectURL": "",
                        "content": {"size": 11, "mimeType": "application/json", "text": "eyJvayI6dHJ1ZX0="},
                    },
                    "cache": {},
                    "timings": {
                        "send": 3,
                        "wait": 15,
                        "receive": -1,
                        "blocked": -1,
                        "connect": -1,
                        "dns": -1,
                        "ssl": -1,
                    },
                }
            ],
        }
    },
}

NODE: dict[str, Any] = {
    # galileo-agent-node 2.0.2: empty environment, zero send and receive.
    "version": "1.1.0",
    "serviceToken": "secret-token",
    "environment": "",
    "har": {
        "log": {
            "creator": {"name": "galileo-agent-node", "version": "2.0.2"},
            "entries": [
                {
                    "startedDateTime": "2017-01-20T09:00:00.123Z",
                    "time": 12,
                    "clientIPAddress": "::1",
                    "request": {
                        "method": "POST",
                        "url": "https://api.example.com/pets",
                        "httpVersion": "HTTP/1.1",
                        "queryString": [],
                        "headers": [],
                        "headersSize": 90,
                        "bodySize": 9,
                        "bodyCaptured": True,
                        "postData": {"mimeType": "text/plain", "encoding": "plain", "text": "some text"},
                    },
                    "response": {
                        "status": 201,
                        "statusText": "Created",
                        "httpVersion": "HTTP/1.1",
                        "headers": [],
                        "headersSize": 100,
                        "bodySize": 2,
                        "bodyCaptured": False,
                    },
                    "timings": {"send": 0, "wait": 12, "receive": 0},
                }
            ],
        }
    },
}

JAVA: dict[str, Any] = {
    # galileo-agent-java: one entry an ALF; the status text is the code, the fraction the seconds again.
    "version": "1.1.0",
    "serviceToken": "secret-token",
    "environment": "",
    "har": {
        "log": {
            "creator": {"name": "galileo-agent-java", "version": "1.1.0"},
            "entries": [
                {
                    "startedDateTime": "2016-06-15T08:07:05.5Z",
                    "time": 7,
                    "request": {
                        "method": "GET",
                        "url": "http://localhost/pets",
                        "headers": [],
                        "headersSize": 10,
                        "bodySize": 0,
                    },
                    "response": {
                        "status": 404,
                        "statusText": "404",
                        "headers": [],
                        "headersSize": 10,
                        "bodySize": 0,
                        "content": {"mimeType": "unknown", "encoding": "unknown", "text": ""},
                    },
                    "timings": {"send": 1, "wait": 5, "receive": 1, "blocked": -1, "connect": -1},
                }
            ],
        }
    },
}

PYTHON: dict[str, Any] = {
    # analytics-agent-python: 1.0.0, full HAR, the client at the root, Django's misspelt server address.
    "version": "1.0.0",
    "serviceToken": "secret-token",
    "environment": None,
    "clientIPAddress": "198.51.100.4",
    "har": {
        "log": {
            "version": "1.2",
            "creator": {"name": "mashape-analytics-agent-python", "version": "1.1.2"},
            "entries": [
                {
                    "startedDateTime": "2015-11-02T10:00:00.123456+00:00",
                    "serverIpAddress": "10.0.0.3",
                    "time": 5,
                    "request": {
                        "method": "GET",
                        "url": "http://localhost:8000/get?foo=bar",
                        "httpVersion": "HTTP/1.1",
                        "cookies": [],
                        "queryString": [{"name": "foo", "value": "bar"}],
                        "headers": [{"name": "X_FOO", "value": "1"}],
                        "headersSize": -1,
                        "bodySize": -1,
                    },
                    "response": {
                        "status": 500,
                        "statusText": "INTERNAL SERVER ERROR",
                        "httpVersion": "HTTP/1.1",
                        "cookies": [],
                        "headers": [],
                        "content": {"size": 11, "mimeType": "text/plain", "compression": 0},
                        "redirectURL": "",
                        "headersSize": 40,
                        "bodySize": -1,
                    },
                    "cache": {},
                    "timings": {
                        "send": 0,
                        "wait": 5,
                        "receive": 0,
                        "blocked": -1,
                        "connect": -1,
                        "dns": -1,
                        "ssl": -1,
                    },
                }
            ],
        }
    },
}

RUBY: dict[str, Any] = {
    # analytics-agent-ruby over HTTP: a null query value, sizes that include headers.
    **PYTHON,
    "har": {
        "log": {
            **PYTHON["har"]["log"],
            "entries": [
                {
                    **PYTHON["har"]["log"]["entries"][0],
                    "request": {
                        **PYTHON["har"]["log"]["entries"][0]["request"],
                        "queryString": [{"name": "foo", "value": None}],
                    },
                }
            ],
        }
    },
}

OLDEST: dict[str, Any] = {
    # 0.0.1: no version, each entry its own client, a body's size with its content.
    "serviceToken": "secret-token",
    "har": {
        "log": {
            "version": "1.2",
            "creator": {"name": "old", "version": "0.1"},
            "entries": [
                {
                    "startedDateTime": "2014-05-05T05:05:05Z",
                    "clientIPAddress": "203.0.113.9",
                    "time": 20,
                    "request": {
                        "method": "PUT",
                        "url": "http://localhost/x",
                        "headers": [],
                        "content": {"size": 3, "mimeType": "text/plain"},
                    },
                    "response": {"status": 204, "content": {"size": 0, "mimeType": ""}},
                }
            ],
        }
    },
}

AGENTS = {
    "kong": KONG_GALILEO,
    "kong analytics": KONG_ANALYTICS,
    "node": NODE,
    "java": JAVA,
    "python": PYTHON,
    "ruby": RUBY,
    "oldest": OLDEST,
}

KONG_RUNSCOPE: dict[str, Any] = {
    # Kong 0.7 to 0.13: the port always, headers as an object, a size that is a string.
    "request": {
        "url": "http://shop.example.com:8000/orders?open",
        "method": "POST",
        "headers": {"host": "shop.example.com:8000", "accept": ["*/*", "text/plain"]},
        "timestamp": 1519907696.123,
        "form": {"open": True},
        "body": "a=1",
    },
    "response": {
        "status": 502,
        "headers": {"content-type": "text/html"},
        "size_bytes": "166",
        "body": "",
        "timestamp": 1519907696.5,
        "response_time": 0.321,
    },
}
