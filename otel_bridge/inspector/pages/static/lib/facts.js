// What is known of an exchange beside headers and bodies: one list for the overview, the connection and comparing.
import { duration, instant, iso, size } from "./format.js";

// [label, value of an exchange, field of the query language, how the field wants the value]
const CALL = [
  ["Status", (x) => x.status, "status"],
  ["Reason", (x) => x.reason],
  ["Method", (x) => x.method, "method"],
  ["Host", (x) => x.host, "host"],
  ["Path", (x) => x.path, "path"],
  ["Query", (x) => x.query],
  ["Started", (x) => instant(x.started), null, (x) => iso(x.started)],
];
const PLACE = [
  ["Service", (x) => x.service, "service"],
  ["Route", (x) => x.route, "route"],
  ["Route template", (x) => x.route_template],
  ["Consumer", (x) => x.consumer, "consumer"],
  ["Answered by", (x) => x.source, "source"],
  ["Environment", (x) => x.environment, "environment"],
  ["Bucket", (x) => x.bucket, "bucket"],
  ["Gateway", (x) => x.gateway, "gateway"],
];
const IDS = [
  ["Request id", (x) => x.request_id, "id"],
  ["Trace id", (x) => x.trace_id, "trace"],
  ["Span id", (x) => x.span_id],
  ["Id here", (x) => x.id, "id"],
];
const CLIENT = [
  ["Client", (x) => x.client, "ip"],
  ["Client port", (x) => x.client_port, "client.port"],
  ["Scheme", (x) => x.scheme],
  ["TLS", (x) => (x.scheme ? String(x.scheme === "https") : ""), "tls"],
  ["HTTP version", (x) => x.http_version, "http.version", (x) => x.http_version.replace("HTTP/", "")],
  ["Port", (x) => x.port],
];
const UPSTREAM = [
  ["Upstream", (x) => x.upstream_address, "upstream.address"],
  ["Upstream port", (x) => x.upstream_port],
  ["Upstream status", (x) => x.upstream_status],
];
const SIZES = [
  ["Request headers", (x) => shown(x.request.headers_size)],
  ["Request body", (x) => shown(x.request.body.size)],
  ["Response headers", (x) => shown(x.response.headers_size)],
  ["Response body", (x) => shown(x.response.body.size)],
];
const TIMES = [
  ["Duration", (x) => spent(x.duration)],
  ["Gateway time", (x) => spent(x.kong)],
  ["Upstream time", (x) => spent(x.upstream)],
];
const ARRIVAL = [
  ["Protocol", (x) => ({ galileo: "Galileo ALF", runscope: "Runscope message" })[x.wire]],
  ["Arrived", (x) => instant(x.arrived)],
];

/** Facts {label, value, field, asked} of *exchange* that are known, of some of the lists. */
export const factsOf = (exchange, lists) =>
  lists.flat().map(([label, read, field = null, asked = read]) => ({ label, value: read(exchange), field, asked: asked(exchange) }))
    .filter(({ value }) => value !== "" && value !== null && value !== undefined);

export const FACTS = { call: CALL, place: PLACE, ids: IDS, client: CLIENT, upstream: UPSTREAM, sizes: SIZES, times: TIMES, arrival: ARRIVAL };

const shown = (bytes) => (bytes === null ? null : size(bytes));
const spent = (us) => (us === null ? null : duration(us));
