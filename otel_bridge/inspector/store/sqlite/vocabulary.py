"""What most exchanges have in common, so that it need not be stored with each.

A file can be read only with the vocabulary it was written with: never change it, add another one for a new
version of the schema.
"""

_NAMES = (
    "accept accept-encoding accept-language authorization cache-control connection content-encoding "
    "content-language content-length content-type cookie date etag expires host if-modified-since "
    "if-none-match last-modified location origin pragma referer server set-cookie strict-transport-security "
    "traceparent tracestate transfer-encoding upgrade-insecure-requests user-agent vary via www-authenticate "
    "x-forwarded-for x-forwarded-host x-forwarded-path x-forwarded-port x-forwarded-prefix x-forwarded-proto "
    "x-kong-proxy-latency x-kong-request-id x-kong-response-latency x-kong-upstream-latency x-real-ip "
    "x-ratelimit-limit-minute x-ratelimit-remaining-minute ratelimit-limit ratelimit-remaining "
    "ratelimit-reset x-request-id x-correlation-id x-consumer-id x-consumer-username x-credential-identifier "
    "access-control-allow-origin access-control-allow-credentials access-control-allow-methods "
    "access-control-allow-headers x-content-type-options x-frame-options content-security-policy "
)
_VALUES = (
    "REDACTED keep-alive close chunked gzip, deflate, br, zstd identity no-cache no-store max-age=0 "
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/ Safari/537.36 curl/8 "
    "python-requests/2 okhttp/4 Go-http-client/1.1 text/html; charset=utf-8 text/plain; charset=utf-8 "
    "application/x-www-form-urlencoded application/xml application/json; charset=utf-8 "
    '{"id":"","name":"","type":"","status":"","error":{"code":"","message":""},"data":[{"items":[],'
    '"total":0,"created_at":"2026-01-01T00:00:00Z","updated_at":null,"currency":"EUR","amount":0,"email":""}]}'
)
_DETAIL = (
    '"resource":{"service.name":"kong","service.instance.id":"","service.version":"3.9.1"},"spans":[],'
    '"reason":"Not Found","reason":"Internal Server Error","reason":"Created","reason":"Service Unavailable",'
    '"headers":[["Host","localhost:8000"],["User-Agent","curl/8.5.0"],["Accept","*/*"],'
    '["Content-Type","application/json"],["Content-Length",""],["Connection","keep-alive"],["Date","Mon, 01 '
    'Jan 2026 00:00:00 GMT"],["Server","kong/3.9.1"],["Via","1.1 kong/3.9.1"],["X-Kong-Request-Id",""],'
    '["X-Kong-Upstream-Latency","1"],["X-Kong-Proxy-Latency","0"],["X-Kong-Response-Latency","0"]],'
    '{"arrived_us":17,"reason":"OK","upstream_port":80,"upstream_status":200,"request_id":"","trace_id":"",'
    '"span_id":"","send_us":0,"wait_us":0,"receive_us":0,"captured":true,"not_captured":"","masked":false,'
    '"spans":[],"resource":{},"wire":"galileo","url":"http://localhost:8000/","request":{"headers":[],'
    '"headers_size":,"body_size":0,"truncated":false,"incomplete":false,"masked":false,"decoded":false,'
    '"omitted":"","length":null},"response":{"headers":[["Content-Type","application/json; charset=utf-8"],'
    '["Transfer-Encoding","chunked"]],"headers_size":null,"body_size":null,"truncated":false,'
    '"incomplete":false,"masked":false,"decoded":false,"omitted":"","length":0}}'
)

VOCABULARY = (_NAMES + _VALUES + _DETAIL).encode()
