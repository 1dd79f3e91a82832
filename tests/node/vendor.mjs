// Makes the inspector's static/vendor.js (and vendor.css) of the packages that package-lock.json pins:
//   node vendor.mjs DIRECTORY
// The files are committed, so that nobody needs Node to run the inspector; a test makes them again and compares.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const ENTRY = `
import { h } from "preact";
import htm from "htm";
export const html = htm.bind(h);
export { h, render, Fragment, createRef } from "preact";
export { useEffect, useLayoutEffect, useMemo, useRef, useState, useCallback, useId } from "preact/hooks";
export { signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect } from "@preact/signals";
export { default as uPlot } from "uplot";
`;
const BUNDLED = ["preact", "htm", "@preact/signals-core", "@preact/signals", "uplot"];

const read = (name, file) => readFileSync(join("node_modules", name, file), "utf8").trim();

function licence(name) {
  const { version, license } = JSON.parse(read(name, "package.json"));
  const text = name === "htm" ? apacheNotice(name) : read(name, "LICENSE");
  return `${name} ${version} (${license})\n\n${text}`;
}

// htm's package has the licence's whole text, 200 lines that the project's own LICENSE already holds.
function apacheNotice(name) {
  const notice = read(name, "LICENSE").split("\n").find((line) => /^\s*Copyright \d/.test(line));
  return `${notice?.trim() ?? ""}\nLicensed under the Apache License, Version 2.0: see the LICENSE file of otel-bridge.`;
}

const made = await build({
  stdin: { contents: ENTRY, resolveDir: "." },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  write: false,
});
const [directory] = process.argv.slice(2);
const header = `/*\nMade by tests/node/vendor.mjs; don't edit.\n\n${BUNDLED.map(licence).join("\n\n---\n\n")}\n*/\n`;
writeFileSync(join(directory, "vendor.js"), header + made.outputFiles[0].text);
writeFileSync(join(directory, "vendor.css"), `/* uPlot, see vendor.js */\n${read("uplot", "dist/uPlot.min.css")}\n`);
