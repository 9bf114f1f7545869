// What stands between the connections of a test broker and the broker: it keeps the requests, lets
// faults have them, and hides what the release that is imitated does not have.
//
//   frame --> release: may it be asked? --> kept --> fault? --> the broker --> answer
//
// Invariant: the kit's own client is not seen, kept or hindered, and a request without a fault is
// passed on as it came.

import { asBytes, type Chunk } from "../base/file_part.ts";
import { ConnectionFault, DecodeFault, EncodeFault } from "../base/faults.ts";
import type { Dispatch, Dispatched, Session } from "../broker/mod.ts";
import {
  type AnyApi,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from "../protocol/mod.ts";
import { everyApi } from "../protocol/every_table.ts";
import type { Clock, Timers } from "../runtime/ports.ts";
import type { FaultEffect, Faults } from "./faults.ts";
import { filterPlaces, mergeAnswers, type Struct } from "../protocol/message_topics.ts";
import { refuse, type Refused } from "./refusals.ts";
import type { Release } from "./releases.ts";
import { isPlaceOf, type RequestLog, SeenRequest } from "./requests.ts";

/** What the kit's own client calls itself. */
export const kitClientId = "ottla-test-kit";

const fetchKey = 1;
const apiVersionsKey = 18;
/** Their answers tell the ids of topics. */
const telling: ReadonlySet<number> = new Set([3, 19]);

type Reply = Awaited<Dispatched["reply"]>;

/** What an interceptor is made of. */
export interface InterceptOptions {
  readonly log: RequestLog;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly timers: Timers;
  /** What the broker passes for; absent: itself. */
  readonly release: Release | undefined;
}

/** Stands around one broker, through its restarts. */
export class Intercept {
  readonly #options: InterceptOptions;
  readonly #topicNames = new Map<string, string>();
  /** Of who waits for answers that are lost. */
  readonly #lost = new Set<() => void>();

  constructor(options: InterceptOptions) {
    this.#options = options;
  }

  /** As `around` of a broker's options. */
  readonly around = (dispatch: Dispatch): Dispatch => (frame, session) => {
    const request = this.#seen(frame, session);
    return request === undefined
      ? dispatch(frame, session)
      : this.#dispatch(request, { frame, session, dispatch });
  };

  /** Nobody waits any longer for an answer that is lost. */
  release(): void {
    for (const end of [...this.#lost]) end();
  }

  #seen(frame: Uint8Array, session: Session): SeenRequest | undefined {
    if (session.phase === "authenticating") return undefined;
    try {
      const header = decodeRequestHeader(frame, (key) => everyApi.get(key));
      const table = everyApi.get(header.apiKey);
      if (table === undefined || header.clientId === kitClientId) return undefined;
      const { min, max } = table.versions;
      if (header.apiVersion < min || header.apiVersion > max) return undefined;
      const atMs = this.#options.clock.now();
      const nameOfId = (id: string) => this.#topicNames.get(id);
      const request = new SeenRequest(frame.slice(), { table, header, atMs, nameOfId });
      // What cannot be read is the broker's to refuse.
      return request.body && request;
    } catch (error) {
      if (!(error instanceof DecodeFault)) throw error;
      return undefined;
    }
  }

  #dispatch(
    request: SeenRequest,
    { frame, session, dispatch }: { frame: Uint8Array; session: Session; dispatch: Dispatch },
  ): Dispatched {
    const { log, faults, release } = this.#options;
    const refusal = release?.refusal(request);
    if (refusal !== undefined) return { reply: refusal, pipelined: false };
    log.note(request);
    const effect = faults.take(request);
    const pass = (bytes: Uint8Array) => dispatch(bytes, session).reply;
    if (effect === undefined) return this.#heard(request, dispatch(frame, session));
    return { reply: this.#afflicted(request, { effect, pass, session }), pipelined: false };
  }

  /** What the broker answers, where somebody here has to look at it. */
  #heard(request: SeenRequest, dispatched: Dispatched): Dispatched {
    const { release } = this.#options;
    const { key } = request.table;
    const isHeard = telling.has(key) || key === apiVersionsKey && release !== undefined;
    if (!isHeard) return dispatched;
    const hear = (reply: Reply): Reply => {
      const answer = answerOf(request, reply);
      if (answer === undefined) return reply;
      if (key === apiVersionsKey) {
        return encoded(request, release!.versions(answer, request.version));
      }
      this.#learn(answer);
      return reply;
    };
    const { reply } = dispatched;
    return { ...dispatched, reply: reply instanceof Promise ? reply.then(hear) : hear(reply) };
  }

  /** Names of topics by their ids, as clients are told of them. */
  #learn({ topics }: Struct): void {
    for (const { name, topicId } of Array.isArray(topics) ? topics : []) {
      if (typeof name === "string" && typeof topicId === "string") {
        this.#topicNames.set(topicId, name);
      }
    }
  }

  async #afflicted(
    request: SeenRequest,
    { effect, pass, session }: {
      effect: FaultEffect;
      pass: (frame: Uint8Array) => Reply | Promise<Reply>;
      session: Session;
    },
  ): Promise<Reply> {
    switch (effect.kind) {
      case "fail":
        return await this.#failed(request, effect, pass);
      case "delay":
        await new Promise<void>((go) => this.#options.timers.after(effect.ms, go));
        return await pass(request.frame);
      case "loseAnswer":
        await pass(request.frame);
        await this.#endOf(session, effect.removed);
        throw new ConnectionFault("a test has lost the answer");
      case "cut":
        throw new ConnectionFault("a test has cut the connection");
    }
  }

  /** Resolves when the connection of `session` has ended, `removed` is, or the broker is to. */
  #endOf(session: Session, removed: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#lost.delete(end);
        resolve();
      };
      this.#lost.add(end);
      session.onEnd(end);
      removed.then(end);
    });
  }

  async #failed(
    request: SeenRequest,
    { errorCode, about }: FaultEffect & { kind: "fail" },
    pass: (frame: Uint8Array) => Reply | Promise<Reply>,
  ): Promise<Reply> {
    const nameOfId = (id: string) => this.#topicNames.get(id);
    const { table: api, version, body } = request;
    const isPart = about.topic !== undefined || about.partition !== undefined;
    const split = (message: Struct, isTaken: boolean) =>
      filterPlaces(message, {
        keeps: (place) => isPlaceOf(about, place) === isTaken,
        nameOfId,
      });
    const taken = isPart ? split(body, true).message : body;
    const rest = isPart ? split(body, false) : undefined;
    const refused: Refused = await refuse({ api, version, request: taken, errorCode });
    if (api.key === 0 && body.acks === 0) throw new ConnectionFault("a test refuses records");
    const isWhole = rest === undefined || rest.kept === 0;
    if ("answer" in refused) {
      if (isWhole) return encoded(request, refused.answer);
      const answer = answerOf(request, await pass(frameOf(request, rest.message)));
      return encoded(request, mergeAnswers(answer ?? {}, refused.answer));
    }
    const asked = api.key === fetchKey
      ? frameOf(request, { ...body, maxWaitMs: 0 })
      : request.frame;
    const answer = answerOf(request, await pass(asked)) ?? {};
    if (isWhole) return encoded(request, refused.overwrite(answer));
    const [good, bad] = [split(answer, false).message, split(answer, true).message];
    return encoded(request, mergeAnswers(good, refused.overwrite(bad)));
  }
}

/** The message of a reply; undefined where there is none. */
function answerOf({ table, version }: SeenRequest, reply: Reply): Struct | undefined {
  if (reply === null) return undefined;
  const bytes = joined(reply);
  return decodeResponse(table, version, bytes.subarray(sizeBytes)).message as Struct;
}

const sizeBytes = 4;

function encoded({ table, version, correlationId }: SeenRequest, answer: Struct): Reply {
  try {
    return encodeResponse(table as AnyApi, version, correlationId, answer as never);
  } catch (error) {
    if (!(error instanceof EncodeFault)) throw error;
    const message =
      `${table.name} v${version} cannot say what a test wants it to: ${error.message}`;
    throw new ConnectionFault(message, { cause: error });
  }
}

/** A frame of the same header with another message. */
function frameOf({ table, version, correlationId, clientId }: SeenRequest, message: Struct) {
  const origin = { correlationId, clientId };
  return joined(encodeRequest(table as AnyApi, version, origin, message as never))
    .subarray(sizeBytes);
}

function joined(chunks: readonly Chunk[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(asBytes(chunk), at);
    at += chunk.length;
  }
  return bytes;
}
