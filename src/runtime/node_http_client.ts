// HTTP questions by node:http and node:https, on Deno and Bun as well: their own `fetch` knows no
// certificates of ours to trust. One connection for one question, which is closed with its answer.
//
// Invariant: an answer is in memory up to `bytesMax`, and waited for up to `msMax`, whatever the
// server does.

import type * as Http from "node:http";
import type * as Https from "node:https";
import { concatBytes } from "../base/bytes.ts";
import { PlatformFault } from "../base/faults.ts";
import { webTimers } from "./event_loop.ts";
import { secureFault } from "./platform_faults.ts";
import type { HttpAnswer, HttpQuestion } from "./ports.ts";

/** Asks, and reads the whole answer. */
export function askByNode(url: string, question: HttpQuestion): Promise<HttpAnswer> {
  const { msMax, bytesMax, form } = question;
  const target = new URL(url);
  const attempt = `ask ${target.origin}${target.pathname}`;
  return new Promise((resolve, reject) => {
    const request = requestOf(target, question);
    const deadline = webTimers.after(msMax, () => {
      fail(new PlatformFault("Io", `cannot ${attempt}: no answer within ${msMax} ms`));
    });
    const fail = (error: unknown) => {
      deadline.cancel();
      reject(secureFault(attempt, error));
      request.destroy();
    };
    request.on("error", fail);
    request.on("response", (answer) => {
      const chunks: Uint8Array[] = [];
      let length = 0;
      answer.on("error", fail);
      answer.on("data", (chunk: Uint8Array) => {
        length += chunk.length;
        if (length <= bytesMax) return void chunks.push(chunk);
        fail(new PlatformFault("Io", `cannot ${attempt}: it answers more than ${bytesMax} bytes`));
      });
      answer.on("end", () => {
        deadline.cancel();
        resolve({ status: answer.statusCode ?? 0, body: concatBytes(chunks) });
      });
    });
    request.end(form);
  });
}

function requestOf(target: URL, { trusted, form, headers }: HttpQuestion): Http.ClientRequest {
  const options: Https.RequestOptions = {
    agent: false,
    method: form === undefined ? "GET" : "POST",
    headers: {
      ...headers,
      ...form !== undefined && { "content-type": "application/x-www-form-urlencoded" },
    },
    ...trusted !== undefined && { ca: trusted },
  };
  if (target.protocol !== "https:") {
    const http: typeof Http = process.getBuiltinModule("node:http");
    return http.request(target, options);
  }
  const https: typeof Https = process.getBuiltinModule("node:https");
  return https.request(target, options);
}
