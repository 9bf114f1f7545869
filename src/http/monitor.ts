// What an operator's tools ask a broker over HTTP:
//
//   GET /metrics      Prometheus's text; 503 until there is a broker to measure; 401 without the
//                     token that ottla.metrics.token asks for
//   GET /connections  who is connected, as JSON; 503 and 401 likewise
//   GET /health       200 {"status":"ready"}, or 503 while it is not served as it should be:
//
//   starting --> ready <--> degraded (a data directory failed) --> closing --> gone
//
// It listens before the broker does and ends after it, so that a start that recovers for long, and
// a close, can be told from a broker that is dead. Invariant: at most `scrapesMax` answers about
// the broker are made at a time.

import { formatAddress } from "../base/address.ts";
import { secretsEqual, utf8 } from "../base/bytes.ts";
import type { RunningBroker } from "../broker/mod.ts";
import type { Address, HttpServer, Runtime, TlsServerRules } from "../runtime/ports.ts";
import { exposition, expositionType } from "./exposition.ts";
import { type RenewalOptions, TlsRenewal } from "./renewal.ts";

const scrapesMax = 4;
const starting = { status: "starting", offlineDirectories: [] };

export interface MonitorOptions {
  readonly address: Address;
  /** What who asks for metrics has to show; null: nothing. */
  readonly token: string | null;
  /** Undefined: it speaks no TLS. */
  readonly tls: Omit<RenewalOptions, "timers"> & Pick<TlsServerRules, "onFailed"> | undefined;
}

/** An HTTP server beside a broker. */
export class Monitor {
  readonly #server: HttpServer;
  readonly #state: State;
  readonly #renewal: TlsRenewal | undefined;

  private constructor(server: HttpServer, state: State, renewal?: TlsRenewal) {
    this.#server = server;
    this.#state = state;
    this.#renewal = renewal;
  }

  /** Listens; throws PlatformFault when it cannot. */
  static async open(
    runtime: Runtime,
    { address, token, tls }: MonitorOptions,
  ): Promise<Monitor> {
    const state: State = { broker: undefined, scrapes: 0, token };
    const respond = (request: Request) => answer(request, state);
    if (tls === undefined) return new Monitor(await runtime.http.serve(address, respond), state);
    const server = await runtime.http.serveTls(address, tls, respond);
    const renewal = new TlsRenewal(server, { ...tls, timers: runtime.timers });
    return new Monitor(server, state, renewal);
  }

  /** Where it is asked. */
  get url(): string {
    const scheme = this.#renewal === undefined ? "http" : "https";
    return `${scheme}://${formatAddress(this.address)}`;
  }

  get address(): Address {
    return this.#server.address;
  }

  /** From now on it speaks of `broker`. */
  watch(broker: RunningBroker): void {
    this.#state.broker = broker;
  }

  async close(): Promise<void> {
    this.#renewal?.close();
    await this.#server.close();
  }
}

interface State {
  /** Undefined while it starts. */
  broker: RunningBroker | undefined;
  scrapes: number;
  readonly token: string | null;
}

function answer(request: Request, state: State): Response | Promise<Response> {
  const { pathname } = new URL(request.url);
  const told = Object.hasOwn(guarded, pathname) ? guarded[pathname] : undefined;
  if (told === undefined && pathname !== "/health") {
    return text(404, "there are /metrics, /connections and /health");
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    const response = text(405, "only GET and HEAD");
    response.headers.set("allow", "GET, HEAD");
    return response;
  }
  if (told === undefined) return health(state.broker);
  if (mayAsk(request, state.token)) return tell(told, state);
  const response = text(401, "show the token: Authorization: Bearer TOKEN");
  response.headers.set("www-authenticate", "Bearer");
  return response;
}

/** Takes as long for a token that is nearly right. */
function mayAsk({ headers }: Request, token: string | null): boolean {
  if (token === null) return true;
  const [, shown = ""] = /^bearer +(.*)$/i.exec(headers.get("authorization") ?? "") ?? [];
  return secretsEqual(utf8(shown), utf8(token));
}

function health(broker: RunningBroker | undefined): Response {
  const { status, offlineDirectories } = broker?.health ?? starting;
  const failed = offlineDirectories.length > 0 ? { offlineDirectories } : {};
  return new Response(JSON.stringify({ status, ...failed }) + "\n", {
    status: status === "ready" ? 200 : 503,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}

type Told = (broker: RunningBroker) => Promise<Response>;

/** What is told to who shows the token. */
const guarded: Readonly<Record<string, Told>> = {
  "/metrics": async (broker) =>
    new Response(exposition(await broker.metrics()), {
      headers: { "content-type": expositionType },
    }),
  "/connections": async (broker) =>
    new Response(`${JSON.stringify(await broker.connections(), null, 1)}\n`, {
      headers: { "content-type": "application/json", "cache-control": "no-store" },
    }),
};

async function tell(told: Told, state: State): Promise<Response> {
  if (state.broker === undefined) return text(503, "the broker is starting");
  if (state.scrapes >= scrapesMax) return text(503, "too many scrapes at a time");
  state.scrapes++;
  try {
    return await told(state.broker);
  } finally {
    state.scrapes--;
  }
}

function text(status: number, sentence: string): Response {
  return new Response(sentence + "\n", {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
