// HTTP questions by node:http and node:https, on Deno and Bun as well: their own `fetch` knows no
// certificates of ours to trust.
//
//   ask(url)        one connection for one question, which is closed with its answer
//   client(tls)     connections that are kept, so many for each server, and answers without an end
//
// Invariant: an answer is in memory up to `bytesMax`, and waited for up to `msMax`, whatever the
// server does.

import type * as Http from "node:http";
import type * as Https from "node:https";
import { concatBytes } from "../base/bytes.ts";
import { PlatformFault } from "../base/faults.ts";
import { webTimers } from "./event_loop.ts";
import { secureFault } from "./platform_faults.ts";
import type { HttpAnswer, HttpClient, HttpQuestion, HttpStream, TlsMaterial } from "./ports.ts";
import { contextOf } from "./tls_material.ts";

/** Connections to one server: more questions at a time wait for one. */
const keptConnectionsMax = 32;

/** A connection on which nothing was asked for so long is closed. */
const keptIdleMsMax = 60_000;

function http(): typeof Http {
  return process.getBuiltinModule("node:http");
}

function https(): typeof Https {
  return process.getBuiltinModule("node:https");
}

/** Asks, and reads the whole answer. */
export function askByNode(url: string, question: HttpQuestion): Promise<HttpAnswer> {
  const { trusted } = question;
  return ask(new URL(url), question, { agent: false, ...trusted !== undefined && { ca: trusted } });
}

/** A client that keeps its connections. */
export function nodeHttpClient(tls: TlsMaterial): HttpClient {
  const kept = { keepAlive: true, maxSockets: keptConnectionsMax, timeout: keptIdleMsMax };
  let plain: Http.Agent | undefined;
  let secure: Https.Agent | undefined;
  let isClosed = false;
  const open = new Set<() => void>();
  const terms = ({ protocol }: URL): Https.RequestOptions => {
    if (isClosed) throw new PlatformFault("Closed", "the HTTP client is closed");
    if (protocol !== "https:") return { agent: plain ??= new (http().Agent)(kept) };
    return { agent: secure ??= new (https().Agent)({ ...kept, ...contextOf(tls) }) };
  };
  const attempt = async <T>(url: string, run: (target: URL) => Promise<T>) =>
    await run(new URL(url));
  return {
    ask: (url, question) =>
      attempt(url, (target) => ask(target, question, { ...terms(target), open })),
    follow: (url, question) =>
      attempt(url, (target) => {
        // A stream keeps its connection for itself: it must not take one of those for questions.
        const { agent: _, ...rest } = terms(target);
        const own = target.protocol === "https:" ? contextOf(tls) : {};
        return follow(target, question, { ...rest, ...own, agent: false, open });
      }),
    close() {
      isClosed = true;
      for (const end of open) end();
      plain?.destroy();
      secure?.destroy();
    },
  };
}

/** How a request is sent, and where it is noted while it lasts. */
type Sending = Https.RequestOptions & { readonly open?: Set<() => void> };

function ask(target: URL, question: HttpQuestion, sending: Sending): Promise<HttpAnswer> {
  const { bytesMax } = question;
  return begun(target, question, sending, ({ answer, fail, attempt, resolve }) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    answer.on("data", (chunk: Uint8Array) => {
      length += chunk.length;
      if (length <= bytesMax) return void chunks.push(chunk);
      fail(new PlatformFault("Io", `cannot ${attempt}: it answers more than ${bytesMax} bytes`));
    });
    answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: concatBytes(chunks) }));
  });
}

function follow(target: URL, question: HttpQuestion, sending: Sending): Promise<HttpStream> {
  return begun(target, question, sending, ({ answer, request, attempt, resolve }) => {
    resolve(streamOf(answer, { bytesMax: question.bytesMax, attempt, request, sending }));
  });
}

/** An answer whose head has come. */
interface Begun<T> {
  readonly request: Http.ClientRequest;
  readonly answer: Http.IncomingMessage;
  readonly attempt: string;
  readonly resolve: (result: T) => void;
  readonly fail: (error: unknown) => void;
}

/** Sends the question; `take` makes the result of its answer, by `msMax`. */
function begun<T>(
  target: URL,
  question: HttpQuestion,
  { open, ...sending }: Sending,
  take: (begun: Begun<T>) => void,
): Promise<T> {
  const { msMax, form, json } = question;
  const attempt = `ask ${target.origin}${target.pathname}`;
  return new Promise((resolve, reject) => {
    const request = requestOf(target, question, sending);
    const end = () => fail(new PlatformFault("Closed", `cannot ${attempt}: the client is closed`));
    const settle = () => {
      deadline.cancel();
      open?.delete(end);
    };
    const fail = (error: unknown) => {
      settle();
      reject(secureFault(attempt, error));
      request.destroy();
    };
    const deadline = webTimers.after(msMax, () => {
      fail(new PlatformFault("Io", `cannot ${attempt}: no answer within ${msMax} ms`));
    });
    open?.add(end);
    request.on("error", fail);
    request.on("response", (answer) => {
      answer.on("error", fail);
      const done = (result: T) => {
        settle();
        resolve(result);
      };
      take({ request, answer, attempt, resolve: done, fail });
    });
    request.end(json ?? form);
  });
}

/** What comes of `answer`, for one reader. */
function streamOf(
  answer: Http.IncomingMessage,
  { bytesMax, attempt, request, sending }: {
    readonly bytesMax: number;
    readonly attempt: string;
    readonly request: Http.ClientRequest;
    readonly sending: Sending;
  },
): HttpStream {
  let waiting: PromiseWithResolvers<Uint8Array | null> | undefined;
  let chunks: Uint8Array[] = [];
  let length = 0;
  let end: { readonly error: unknown } | undefined;
  const close = () => finish(undefined);
  const finish = (error: unknown) => {
    if (end !== undefined) return;
    end = { error };
    sending.open?.delete(close);
    request.destroy();
    if (error === undefined) waiting?.resolve(null);
    else waiting?.reject(error);
    waiting = undefined;
  };
  sending.open?.add(close);
  const broken = (error: unknown) => finish(secureFault(attempt, error));
  answer.on("data", (chunk: Uint8Array) => {
    if (waiting !== undefined) {
      waiting.resolve(chunk);
      waiting = undefined;
      return;
    }
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bytesMax) answer.pause();
  });
  answer.on("end", () => finish(undefined));
  answer.on("error", broken);
  request.on("error", broken);
  answer.on("close", () => finish(undefined));
  return {
    status: answer.statusCode ?? 0,
    close,
    read() {
      if (chunks.length > 0) {
        const all = concatBytes(chunks);
        chunks = [];
        length = 0;
        if (end === undefined) answer.resume();
        return Promise.resolve(all);
      }
      if (end !== undefined) {
        return end.error === undefined ? Promise.resolve(null) : Promise.reject(end.error);
      }
      waiting = Promise.withResolvers();
      return waiting.promise;
    },
  };
}

function requestOf(
  target: URL,
  { form, json, headers }: HttpQuestion,
  sending: Https.RequestOptions,
): Http.ClientRequest {
  const type = json !== undefined ? "application/json" : "application/x-www-form-urlencoded";
  const sends = json !== undefined || form !== undefined;
  const options: Https.RequestOptions = {
    ...sending,
    method: sends ? "POST" : "GET",
    headers: { ...headers, ...sends && { "content-type": type } },
  };
  return target.protocol === "https:"
    ? https().request(target, options)
    : http().request(target, options);
}
