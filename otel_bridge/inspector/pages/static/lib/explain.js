// What a status or a header means, for whoever does not know it by heart (RFC 9110 and its neighbours; Kong's own).

const STATUSES = {
  100: "The client may go on and send the body.", 101: "The connection changes to another protocol, such as WebSocket.",
  200: "It worked.", 201: "Something new was made; Location says where.", 202: "Accepted; the work is done later.",
  204: "It worked, and there is nothing to say.", 206: "A part of it, as the Range header asked.",
  301: "Moved for good; Location says where.", 302: "Found elsewhere for now; Location says where.", 303: "The answer is elsewhere: GET what Location says.",
  304: "Not changed: the client's own copy is good.", 307: "Elsewhere for now; the same method again.", 308: "Moved for good; the same method again.",
  400: "The request is malformed.", 401: "Who are you? Credentials are missing or wrong.", 403: "Known, but not allowed.",
  404: "There is nothing at this address; or no route of Kong matches.", 405: "Not with this method.", 406: "Not in a form that the client accepts.",
  408: "The client took too long to send its request.", 409: "It conflicts with how things are now.", 410: "It was here, and is gone for good.",
  411: "A Content-Length is needed.", 412: "A condition of the request does not hold.", 413: "The body is too large.", 414: "The URL is too long.",
  415: "The body is of a type that is not taken.", 422: "Readable, but its contents make no sense.", 426: "Another protocol is needed, such as HTTPS.",
  429: "Too many requests; Retry-After says when to come back.", 431: "The headers are too large.", 494: "The headers are too large (nginx's own status).",
  499: "The client went away before the answer (nginx's own status).", 500: "The service failed.", 501: "The service does not know this method.",
  502: "The gateway got no valid answer from the upstream: refused, reset or unreadable.", 503: "Not available now: no healthy upstream, or it said so itself.",
  504: "The upstream took longer than the gateway waits.",
};

const CLASSES = { 1: "For the time being.", 2: "Success.", 3: "Look elsewhere.", 4: "The client's fault.", 5: "The server's fault." };

export const NO_ANSWER = "No answer was sent: the client went away, or the sender did not say.";

/** A sentence on *status*. */
export const explainStatus = (status) => STATUSES[status] ?? CLASSES[Math.floor(status / 100)] ?? NO_ANSWER;

const HEADERS = {
  accept: "Media types the client wants.", "accept-encoding": "Compressions the client understands.", "accept-language": "Languages the client prefers.",
  "access-control-allow-origin": "Which sites' pages may read this answer (CORS).", "access-control-request-method": "A browser asks in advance whether this method is allowed (CORS).",
  age: "Seconds this answer has been in a cache.", allow: "Methods this address knows.", authorization: "The client's credentials.",
  "cache-control": "Who may keep the answer, and for how long.", connection: "What happens to the connection afterwards.",
  "content-disposition": "Show it or save it, and under which name.", "content-encoding": "How the body is compressed.", "content-language": "The language of the body.",
  "content-length": "Bytes of the body as sent.", "content-location": "Where exactly this body is found.", "content-range": "Which part of the whole this is.",
  "content-security-policy": "What a browser may load and run on this page.", "content-type": "What the body is.", cookie: "What the server stored at the client.",
  date: "When the answer was made.", etag: "The version of this body; If-None-Match asks for another.", expect: "The client waits for a 100 before it sends the body.",
  expires: "Until when a cache may use the answer.", forwarded: "Whom proxies have forwarded this for.", from: "Who is responsible for the client.", host: "The host name the client asked for.",
  "idempotency-key": "The same key twice is the same request: safe to repeat.", "if-match": "Only if the version is this one.", "if-modified-since": "Only if newer than this.",
  "if-none-match": "Only if the version is another one than this.", "last-modified": "When the contents changed last.", link: "Related addresses, such as the next page.",
  location: "Where to go, or where the new thing is.", origin: "The site whose page sent the request.", "proxy-authorization": "Credentials for a proxy.", range: "Only this part is wanted.",
  "ratelimit-limit": "Requests allowed in the window.", "ratelimit-remaining": "Requests left in the window.", "ratelimit-reset": "Seconds until the window begins anew.",
  referer: "The page the request came from.", "retry-after": "When to come back: seconds, or a date.", server: "Software of the server.", "set-cookie": "To be stored at the client.",
  "strict-transport-security": "Browsers shall use HTTPS only, from now on.", te: "Transfer codings the client understands.", traceparent: "Trace context: version, trace id, parent span id, flags (W3C).",
  tracestate: "More trace context, for each vendor.", trailer: "Headers that come after the body.", "transfer-encoding": "How the body is sent in pieces.", upgrade: "Another protocol is offered.",
  "user-agent": "Software of the client.", vary: "Request headers that this answer depends on.", via: "Proxies on the way.", "www-authenticate": "How to log in.",
  "x-consumer-id": "Kong's consumer, by id.", "x-consumer-username": "Kong's consumer, by name.", "x-consumer-custom-id": "Kong's consumer, by your own id.", "x-credential-identifier": "Which credential of the consumer was used.",
  "x-forwarded-for": "Addresses the request came by; the client first.", "x-forwarded-host": "The host the client asked for.", "x-forwarded-port": "The port the client asked for.",
  "x-forwarded-proto": "The scheme the client used.", "x-kong-proxy-latency": "Milliseconds Kong itself took.", "x-kong-request-id": "Kong's id of this request; quote it when you ask for help.",
  "x-kong-response-latency": "Milliseconds until Kong itself answered.", "x-kong-upstream-latency": "Milliseconds until the upstream began to answer.", "x-kong-upstream-status": "The status the upstream answered with.",
  "x-ratelimit-limit-minute": "Requests allowed in a minute.", "x-ratelimit-remaining-minute": "Requests left in this minute.", "x-real-ip": "The client's address, as a proxy saw it.",
  "x-request-id": "An id that follows the request through all systems.",
};

/** What the header is for; null where that is not known. */
export const explainHeader = (name) => HEADERS[name.toLowerCase()] ?? null;
