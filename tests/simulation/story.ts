// What happened in a simulated world, in order, and told in lines only when somebody wants to read
// it: troubles, what the broker logs, requests with their answers.
//
//    4812.391 broker  is killed
//    4815.020 sender.2  Produce v12 request: ... | after 3.120 ms Produce v12 response: ...

import { traceMessage } from "../../src/protocol/mod.ts";
import type { Answered, Asked } from "./wire.ts";

export class Story {
  readonly #told: { readonly atMs: number; readonly who: string; readonly words: () => string }[] =
    [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  tell(who: string, words: string): void {
    this.#told.push({ atMs: this.#nowMs(), who, words: () => words });
  }

  onAsked({ who, api, version, request, fate }: Asked): void {
    if (fate === "passes") return;
    const words = () => `${traceMessage(api, request, { side: "request", version })}: ${fate}`;
    this.#told.push({ atMs: this.#nowMs(), who, words });
  }

  onAnswered(answered: Answered): void {
    const { who } = answered;
    this.#told.push({ atMs: this.#nowMs(), who, words: () => exchangeWords(answered) });
  }

  /** All of it, a line each. */
  lines(): string[] {
    return this.#told.map(({ atMs, who, words }) =>
      `${atMs.toFixed(3).padStart(12)} ${who}  ${words()}`
    );
  }
}

function exchangeWords({ api, version, request, response, sentMs, answeredMs }: Answered): string {
  const asked = traceMessage(api, request, { side: "request", version });
  const answer = traceMessage(api, response, { side: "response", version });
  return `${asked} | after ${(answeredMs - sentMs).toFixed(3)} ms ${answer}`;
}
