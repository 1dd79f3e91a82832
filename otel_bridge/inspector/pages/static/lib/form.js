// name=value pairs joined by &, as in URLs and in forms.

/** [{name, value}] decoded; what can't be decoded stays as it was sent. A name without "=" has the value "". */
export function pairs(text) {
  return text.split("&").filter((pair) => pair !== "").map((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 ? { name: plain(pair), value: "" } : { name: plain(pair.slice(0, equals)), value: plain(pair.slice(equals + 1)) };
  });
}

function plain(text) {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
