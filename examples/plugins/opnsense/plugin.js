// Blocks addresses in an alias of an OPNsense firewall: a plugin in JavaScript.
//
// The alias is of type External, and a rule that the administrator writes drops what is in it. OPNsense keeps neither times nor
// reasons for its entries: the host takes them out when they are over.

import host from "autosec:firewall/host@0.1.0";
import transport from "autosec:firewall/transport@0.1.0";

const SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "An alias of an OPNsense firewall",
  type: "object",
  required: ["url"],
  additionalProperties: false,
  properties: {
    url: { type: "string", description: "Where the firewall is: `https://` with a host alone" },
    alias: { type: "string", pattern: "^[A-Za-z0-9_]{1,31}$", default: "autosec", description: "The alias, of type External" },
  },
};

let config = null;

function fail(kind, message, retryAfterMs = null) {
  return { kind: { tag: kind }, message, retryAfterMs, extra: [] };
}

function refused(message) {
  return { kind: { tag: "other", val: "refused" }, message, retryAfterMs: null, extra: [] };
}

function outcome(effect) {
  return { effect, remoteId: null, detail: null, extra: [] };
}

// A failure of a call is a failure of every item that it was for.
function each(items, work) {
  let over = null;
  return items.map((item) => {
    if (over === null) {
      try {
        return { tag: "ok", val: work(item) };
      } catch (error) {
        const failure = asFailure(error);
        if (!["invalid-target", "other"].includes(failure.kind.tag)) over = failure;
        return { tag: "err", val: failure };
      }
    }
    return { tag: "err", val: over };
  });
}

function asFailure(error) {
  if (error && error.kind && typeof error.message === "string") return error;
  return fail("internal", `the plugin broke off: ${String(error).slice(0, 200)}`);
}

// What a call outwards that did not succeed means.
function asTransport(error) {
  const why = error && error.payload !== undefined ? error.payload : error;
  switch (why && why.tag) {
    case "denied":
      return fail("denied", `the host does not allow it: ${why.val}`);
    case "timeout":
      return fail("timeout", "the firewall did not answer in time");
    case "too-large":
      return fail("protocol", "the answer is too large");
    default:
      return fail("unavailable", `the firewall cannot be reached: ${String((why && why.val) || (why && why.tag) || why).slice(0, 200)}`);
  }
}

function send(method, action, body = null) {
  if (config === null) throw fail("invalid-config", "the plugin is not configured");
  const request = {
    method,
    url: `${config.url}/api/firewall/alias_util/${action}/${config.alias}`,
    headers: body === null ? [] : [{ name: "content-type", value: "application/json" }],
    body: body === null ? new Uint8Array() : encode(JSON.stringify(body)),
    timeoutMs: null,
    secrets: ["key"],
  };
  let response;
  try {
    response = transport.http(request);
  } catch (error) {
    throw asTransport(error);
  }
  return read(response);
}

function read(response) {
  const { status } = response;
  if (status === 401) throw fail("unauthorized", "it refuses key and secret");
  if (status === 403) throw fail("unauthorized", "the user may not use Firewall: Aliases");
  if (status === 404) throw fail("invalid-config", "there is no API of OPNsense at its URL");
  if (status === 429 || status === 503) throw fail("rate-limited", `it answered ${status}`, retryAfter(response));
  if (status >= 500) throw fail("unavailable", `it answered ${status}`);
  if (status < 200 || status > 299) throw refused(`it answered ${status}`);
  try {
    return JSON.parse(decode(response.body));
  } catch {
    throw fail("protocol", "the answer cannot be read");
  }
}

function retryAfter(response) {
  const header = response.headers.find(({ name }) => name.toLowerCase() === "retry-after");
  const seconds = header === undefined ? NaN : Number(header.value);
  return Number.isInteger(seconds) && seconds >= 0 ? Math.min(seconds, 3600) * 1000 : 10000;
}

function encode(text) {
  return Uint8Array.from(unescape(encodeURIComponent(text)), (letter) => letter.charCodeAt(0));
}

function decode(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return decodeURIComponent(escape(text));
}

// Hosts are written without a length, as the alias lists them.
function written(target) {
  const [address, length] = target.split("/");
  const whole = address.includes(":") ? "128" : "32";
  return length === undefined || length === whole ? address : target;
}

function change(action, target) {
  const answer = send("POST", action, { address: written(target) });
  if (answer.status === "done") return;
  throw refused(`it refuses to ${action}: ${String(answer.status_msg || answer.status).slice(0, 200)}`);
}

function held() {
  const listed = send("GET", "list");
  if (!Array.isArray(listed.rows)) throw fail("protocol", "the answer holds no list");
  return listed.rows.map((row) => String(row.ip));
}

export const firewall = {
  describe() {
    return {
      name: "opnsense",
      vendor: "Deciso",
      version: "0.1.0",
      ipv4: { shortest: 1, longest: 32 },
      ipv6: { shortest: 1, longest: 128 },
      features: { ttl: false, listing: true, nativeBatch: false, atomic: false, dryRun: true, commitRequired: false },
      limits: { maxBatch: 200, maxEntries: null, maxTtlSecs: null, minIntervalMs: 0 },
      extra: [],
    };
  },

  configSchema() {
    return JSON.stringify(SCHEMA);
  },

  configure(text) {
    let read;
    try {
      read = JSON.parse(text);
    } catch {
      throw fail("invalid-config", "the configuration is no JSON");
    }
    const url = String(read.url || "").replace(/\/$/, "");
    const alias = read.alias === undefined ? "autosec" : String(read.alias);
    if (!/^(https:\/\/[A-Za-z0-9._:[\]-]+|http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]+)?)$/.test(url)) {
      throw fail("invalid-config", "the URL is not `https://` with a host alone, or `http://` with this machine");
    }
    if (!/^[A-Za-z0-9_]{1,31}$/.test(alias)) throw fail("invalid-config", "the alias is not a name of an alias");
    config = { url, alias };
  },

  block(context, entries) {
    if (entries.length === 0) return [];
    let before;
    return each(entries, ({ target }) => {
      before ??= new Set(held());
      if (before.has(written(target))) return outcome("already");
      if (context.dryRun) return outcome("planned");
      change("add", target);
      return outcome("applied");
    });
  },

  unblock(context, targets) {
    if (targets.length === 0) return [];
    let before;
    return each(targets, (target) => {
      before ??= new Set(held());
      if (!before.has(written(target))) return outcome("absent");
      if (context.dryRun) return outcome("planned");
      change("delete", target);
      return outcome("applied");
    });
  },

  listBlocked(_context, cursor, _limit) {
    if (cursor !== null) throw fail("conflict", "the listing has one page");
    const entries = held().map((target) => ({ target, ttlSecs: null, reason: "", idempotencyKey: target, extra: [] }));
    return { entries, next: null };
  },

  checkHealth(_context) {
    const begun = Number(host.nowMs());
    const count = held().length;
    const latencyUs = (Number(host.nowMs()) - begun) * 1000;
    const detail = `the alias \`${config.alias}\` holds ${count} entries; whether a rule uses it cannot be asked`;
    return { state: "healthy", detail, latencyUs };
  },
};
