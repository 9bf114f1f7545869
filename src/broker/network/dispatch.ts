// From a frame to a reply: header, handler, body, answer, encoding. The only place that knows which
// APIs exist; what each one does is in handlers/.
//
//   unknown API key or version        -> the connection closes
//   ApiVersions of an unknown version -> version 0 answer with error 35 (KIP-511)
//   a body that does not parse        -> the connection closes
//   what must be stored cannot be     -> KAFKA_STORAGE_ERROR, as the handler's `refuse` words it
//   its coordinator has just resigned -> NOT_COORDINATOR, likewise
//   a client that may not ask for this -> refused as a whole, as the handler's `refuse` words it
//   a client that is not in yet asks
//     for more than it takes to come in -> the connection closes
//
// A late handler is loaded by its first request (handlers/late.ts). Where clients have quotas, what
// they use is measured here: the bytes of requests and answers, and the time that they took.
//
// The bytes of a small request are a copy, private to its handler. A large frame is lent: its
// memory is free again once it is decoded, where nothing of the message is a view of it, or once
// the handler says so, or has answered (`frameUsed`); Produce says for how long it needs its own
// (`frameInUse`).
//
// Most requests are small and answered at once: on their way no closure is made, not even one that
// is not called, since what it would hold is made with the call of its function.
//
// A large request or answer is decoded and encoded in slices, so that nobody waits for it; what it
// decodes to is claimed from the memory for work before, and held until its answer is encoded, for
// which memory for answers was claimed before that.

import { formatAddress } from "../../base/address.ts";
import {
  ConnectionFault,
  DecodeFault,
  EncodeFault,
  isStoreFault,
  ResignedFault,
} from "../../base/faults.ts";
import { BytesReader } from "../../base/bytes.ts";
import type { MemoryShare } from "../../base/memory_share.ts";
import { sliced, slicedFromNow } from "../../base/pieces.ts";
import {
  type AnyApi,
  apiName,
  decodeRequestHeader,
  encodeResponse,
  encodeResponseParts,
  encodeResponsePieces,
  ErrorCode,
  errorMessage,
  type RequestHeader,
} from "../../protocol/mod.ts";
import type { AuditLog } from "../access/audit.ts";
import type { Dispatched, Reply } from "./connection.ts";
import { busyBytes, freeBytes } from "./frame_buffers.ts";
import type { Handler, RequestContext } from "../handler.ts";
import { apiVersionsKey, handlers, lateHandlers, supportedVersions } from "../handlers/mod.ts";
import type { ClientMeter } from "../limits/quotas.ts";
import type { RequestMetrics } from "./request_metrics.ts";
import { everythingAllowed, wholeRefusal } from "../access/authorizer.ts";
import type { Services } from "../services.ts";
import type { Session } from "./session.ts";
import type { Tracer } from "./trace.ts";

const produceKey = 0;
const fetchKey = 1;
const saslHandshakeKey = 17;
const saslAuthenticateKey = 36;
/** What a client may ask that is not in. */
const loginKeys: ReadonlySet<number> = new Set([
  saslHandshakeKey,
  apiVersionsKey,
  saslAuthenticateKey,
]);
/** A larger frame has memory of its own, which can be left to the handler. */
const sharedFrameBytesMax = busyBytes;

/** Whether API `key` is handled with the frame itself, and not with a copy. */
function isLent(frame: Uint8Array, key: number): boolean {
  return key !== produceKey && frame.length > sharedFrameBytesMax;
}

/** Whether the handler may keep the bytes of a lent frame for good. */
function mayKeep({ api, copiesBytes }: Handler): boolean {
  return !copiesBytes && api.request.holdsBytes();
}

/** Others wait while it is decoded. */
const largeFrameBytes = freeBytes;
/**
 * A byte of a request decodes to so many at most: what is claimed before one knows. The densest are
 * arrays of structs of one int32, such as OffsetDelete's partitions.
 */
const decodedBytesOfByte = 168;
/** What is claimed for an answer as long as nobody knows how long it will be. */
const answerBytesOfByte = 4;

const nothing = () => {};

/** Whether it is decoded and answered in slices. Records are looked at by Produce itself. */
function isLarge(frame: Uint8Array, header: RequestHeader): boolean {
  return header.apiKey !== produceKey && frame.length > largeFrameBytes;
}

/** One request on its way through. */
interface Dispatching {
  readonly frame: Uint8Array;
  readonly header: RequestHeader;
  readonly handler: Handler;
  readonly session: Session;
  /** For a lent frame: nobody looks at its bytes any more. */
  readonly use: PromiseWithResolvers<void> | undefined;
  /** What a large request has claimed; others claim nothing. */
  readonly claims: Claims | undefined;
}

/** What a handler was asked. */
interface Asked {
  readonly handler: Handler;
  readonly message: unknown;
  readonly context: RequestContext;
}

/** Memory of several shares, waited for in their order. */
class Claims {
  readonly #held: { readonly share: MemoryShare; readonly bytes: number }[] = [];

  readonly #client: Session;

  constructor(client: Session) {
    this.#client = client;
  }

  /** Throws ConnectionFault when the client leaves or the broker closes before it is granted. */
  async take(share: MemoryShare, wanted: number): Promise<number> {
    const bytes = Math.min(share.bytesMax, wanted);
    await share.claim(bytes, this.#client);
    this.#held.push({ share, bytes });
    return bytes;
  }

  /** Gives back whatever is held. */
  release(): void {
    for (const { share, bytes } of this.#held.splice(0)) share.give(bytes);
  }
}

type ReplyChunks = NonNullable<Reply>;

/** For how long the client must pause, and why. */
interface Used {
  readonly meter: ClientMeter;
  readonly pauseMs: number;
}

/** Who watches requests go by. */
export interface DispatchWatchers {
  readonly tracer: Tracer | undefined;
  readonly metrics: RequestMetrics | undefined;
  readonly audit: AuditLog | undefined;
}

/** Answers frames with the handlers of handlers/mod.ts. */
export class Dispatcher {
  readonly #services: Services;
  readonly #tracer: Tracer | undefined;
  readonly #metrics: RequestMetrics | undefined;
  readonly #audit: AuditLog | undefined;
  readonly #handlers = new Map(handlers);
  readonly #tableOf = (apiKey: number) => this.#handlers.get(apiKey)?.api;

  constructor(services: Services, { tracer, metrics, audit }: DispatchWatchers) {
    this.#audit = audit;
    this.#services = services;
    this.#tracer = tracer;
    this.#metrics = metrics;
  }

  /** Starts answering `frame`. Throws ConnectionFault when the connection must end. */
  dispatch(frame: Uint8Array, session: Session): Dispatched {
    return this.#metrics === undefined
      ? this.#dispatch(frame, session)
      : this.#dispatchMeasured(frame, { session, metrics: this.#metrics });
  }

  #dispatchMeasured(
    frame: Uint8Array,
    { session, metrics }: { readonly session: Session; readonly metrics: RequestMetrics },
  ): Dispatched {
    return metrics.measure(frame, () => this.#dispatch(frame, session));
  }

  #dispatch(frame: Uint8Array, session: Session): Dispatched {
    if (session.login?.takesTokens) return { reply: takeToken(frame, session), pipelined: false };
    const header = readHeader(frame, this.#tableOf);
    if (session.login !== undefined) this.#checkLogin(header, session);
    const handler = this.#handlers.get(header.apiKey);
    if (handler === undefined) return this.#dispatchLate(frame, header, session);
    const version = header.apiVersion;
    if (version < handler.serves.min || version > handler.serves.max) {
      const reply = refuseVersion(header, handler);
      this.#tracer?.refusal(session, header, handler);
      return { reply, pipelined: false };
    }
    session.onRequest(header.clientId);
    const use = isLent(frame, header.apiKey) ? Promise.withResolvers<void>() : undefined;
    const claims = isLarge(frame, header) ? new Claims(session) : undefined;
    const dispatching = { frame, header, handler, session, use, claims };
    const meter = this.#services.quotas.meter(session.principal, header.clientId);
    const made = meter === undefined
      ? this.#reply(dispatching)
      : this.#replyMetered(dispatching, meter);
    const isAtWork = made instanceof Promise && claims !== undefined;
    const reply = isAtWork ? this.#releasing(made, claims) : made;
    const { pipelined } = handler;
    if (use === undefined) return { reply, pipelined };
    const keepsFrame = mayKeep(handler);
    return { reply, pipelined, keepsFrame, frameUsed: keepsFrame ? undefined : use.promise };
  }

  /** A large request is answered: of what it decoded to nothing is needed any more. */
  #releasing(made: Promise<Reply>, claims: Claims): Promise<Reply> {
    return made.finally(() => {
      claims.release();
      this.#services.garbage.end();
    });
  }

  #reply(dispatching: Dispatching): Reply | Promise<Reply> {
    const answer = this.#handle(dispatching);
    return answer instanceof Promise
      ? this.#replyLater(dispatching, answer)
      : this.#encode(dispatching, answer);
  }

  #replyLater(dispatching: Dispatching, answer: Promise<unknown>): Promise<Reply> {
    return answer.then((response) => this.#encode(dispatching, response));
  }

  /** Throws ConnectionFault when the client has to say first, or again, who it is. */
  #checkLogin({ apiKey }: RequestHeader, { phase, expiresAtMs }: Session): void {
    if (phase === "authenticating" && !loginKeys.has(apiKey)) {
      throw new ConnectionFault(`${apiName(apiKey)} of a client that has not authenticated`);
    }
    if (apiKey !== saslHandshakeKey && this.#services.clock.monotonic() >= expiresAtMs) {
      throw new ConnectionFault("its session is over, and it has not authenticated again");
    }
  }

  #handle(dispatching: Dispatching): unknown {
    const { claims } = dispatching;
    if (claims !== undefined) return this.#handleLarge(dispatching, claims);
    return this.#handleMessage(dispatching, decodedBody(dispatching));
  }

  async #handleLarge(dispatching: Dispatching, claims: Claims): Promise<unknown> {
    const { frame, header, handler, use } = dispatching;
    const { memory: { answers, work }, slices, garbage } = this.#services;
    garbage.begin();
    // Before any wait: the frame's bytes are the connection's.
    const reader = bodyReader(dispatching);
    try {
      if (!handler.waits) await claims.take(answers, frame.length * answerBytesOfByte);
      reader.objectBytesLeft = await claims.take(work, frame.length * decodedBytesOfByte);
      const pieces = handler.api.request.decodePieces(reader, header.apiVersion);
      const message = await explaining(
        (error) => readFault(dispatching, error),
        () => sliced(pieces, slices),
      );
      if (!handler.copiesBytes) use?.resolve();
      if (handler.waits) claims.release();
      return await this.#handleMessage(dispatching, message);
    } finally {
      use?.resolve();
    }
  }

  #handleMessage(dispatching: Dispatching, message: unknown): unknown {
    const audit = this.#audit;
    if (audit === undefined) return this.#answer(dispatching, message);
    return this.#answerAudited(dispatching, { message, audit });
  }

  #answerAudited(
    dispatching: Dispatching,
    { message, audit }: { readonly message: unknown; readonly audit: AuditLog },
  ): unknown {
    const { header, handler: { api }, session } = dispatching;
    const heard = (response: unknown) => {
      audit.answered(session, { api, header, message, response });
      return response;
    };
    const response = this.#answer(dispatching, message);
    return response instanceof Promise ? response.then(heard) : heard(response);
  }

  #answer(dispatching: Dispatching, message: unknown): unknown {
    const { header, handler, session } = dispatching;
    this.#tracer?.request(session, header, handler.api, message);
    const context = this.#contextOf(dispatching);
    const refusal = this.#refusal(handler, message, context);
    if (refusal !== undefined) return refusal;
    if (handler.refuse === undefined) return handler.handle(message as never, context);
    return this.#handleRefusable(handler, message, context);
  }

  /** The answer to who may not ask for this at all. */
  #refusal({ authorise, refuse }: Handler, message: unknown, { may, version }: RequestContext) {
    if (this.#services.authorizer === undefined) return undefined;
    const errorCode = wholeRefusal(authorise, message as Record<string, unknown>, may);
    if (errorCode === undefined) return undefined;
    return refuse!(message as never, { errorCode, errorMessage: errorMessage(errorCode), version });
  }

  #contextOf({ frame, header, session, use }: Dispatching): RequestContext {
    const { apiVersion: version, clientId } = header;
    const { authorizer } = this.#services;
    const { may, mayOnSome } = authorizer?.allowed(session) ?? everythingAllowed;
    return {
      services: this.#services,
      version,
      clientId,
      session,
      requestBytes: frame.length,
      doneWithBytes: use === undefined ? nothing : use.resolve,
      may,
      mayOnSome,
    };
  }

  /** As `handle`; what cannot be stored, or whose coordinator has gone, is refused as a whole. */
  #handleRefusable(handler: Handler, message: unknown, context: RequestContext): unknown {
    try {
      const answer = handler.handle(message as never, context);
      if (!(answer instanceof Promise)) return answer;
      return this.#answerRefusable(answer, { handler, message, context });
    } catch (error) {
      if (!isReasonToRefuse(error)) throw error;
      return this.#refuseFor(error, { handler, message, context });
    }
  }

  #answerRefusable(answer: Promise<unknown>, asked: Asked): Promise<unknown> {
    return answer.catch((error) => {
      if (!isReasonToRefuse(error)) throw error;
      return this.#refuseFor(error, asked);
    });
  }

  #refuseFor(
    error: Error,
    { handler: { api, refuse }, message, context: { version, session } }: Asked,
  ): unknown {
    const { NOT_COORDINATOR, KAFKA_STORAGE_ERROR } = ErrorCode;
    const hasResigned = error instanceof ResignedFault;
    if (!hasResigned) {
      this.#services.logger.log("error", "a request could not be stored", {
        api: api.name,
        peer: formatAddress(session.remote),
        reason: error.message,
      });
    }
    const errorCode = hasResigned ? NOT_COORDINATOR : KAFKA_STORAGE_ERROR;
    return refuse!(message as never, { errorCode, errorMessage: error.message, version });
  }

  #encode(dispatching: Dispatching, response: unknown): Reply | Promise<Reply> {
    const { header, handler, session } = dispatching;
    this.#tracer?.response(session, header, handler.api, response);
    if (response === undefined) return null;
    this.#metrics?.onAnswered(handler.api, response);
    return this.#encoded(dispatching, response);
  }

  #encoded(dispatching: Dispatching, response: unknown): ReplyChunks | Promise<ReplyChunks> {
    const { header, handler: { api, bytesOf }, claims } = dispatching;
    const { apiKey, apiVersion, correlationId } = header;
    const isHot = apiKey === produceKey || apiKey === fetchKey;
    const isAtOnce = isHot ? claims === undefined : !api.response.holdsArray(apiVersion);
    if (isAtOnce) {
      const bytes = bytesOf?.(response as never);
      return encodeResponseParts(api, apiVersion, correlationId, response as never, bytes);
    }
    return this.#encodedInSlices(dispatching, response);
  }

  #encodedInSlices(
    dispatching: Dispatching,
    response: unknown,
  ): Promise<ReplyChunks> | ReplyChunks {
    const { header: { apiVersion, correlationId }, handler: { api } } = dispatching;
    const { memory: { answerBytesMax: bytesMax }, slices } = this.#services;
    const terms = { apiVersion, correlationId, bytesMax };
    const pieces = encodeResponsePieces(api, terms, response as never);
    return explaining((error) => {
      if (!(error instanceof EncodeFault) || !error.isPastBound) return error;
      return new ConnectionFault(`${api.name}: ${error.message}, for which there is no memory`);
    }, () => slicedFromNow(pieces, slices));
  }

  /** Loads the handler, then goes on as with any other. */
  #dispatchLate(frame: Uint8Array, { apiKey }: RequestHeader, session: Session): Dispatched {
    const late = lateHandlers.get(apiKey);
    if (late === undefined) throw new ConnectionFault(`${apiName(apiKey)} requests are not served`);
    // The frame's bytes are the connection's again before the handler is here.
    const keepsFrame = isLent(frame, apiKey);
    const bytes = keepsFrame ? frame : frame.slice();
    const reply = late.load().then((handler) => {
      this.#handlers.set(apiKey, handler);
      return this.#dispatch(bytes, session).reply;
    });
    return { reply, pipelined: false, keepsFrame };
  }

  /** As `#reply`, for a client that may have a quota. */
  #replyMetered(dispatching: Dispatching, meter: ClientMeter): Reply | Promise<Reply> {
    const { handler, frame, session } = dispatching;
    const startMs = meter.nowMs;
    const answer = this.#handle(dispatching);
    let pauseMs = meter.onBusy(meter.nowMs - startMs);
    if (handler.api.key === produceKey) {
      pauseMs = Math.max(pauseMs, meter.onProduced(frame.length));
      // At once: requests behind this one must not start while its sync runs.
      pause(session, { meter, pauseMs });
    }
    const used = { meter, pauseMs };
    return answer instanceof Promise
      ? answer.then((response) => this.#encodeMetered(dispatching, response, used))
      : this.#encodeMetered(dispatching, answer, used);
  }

  #encodeMetered(dispatching: Dispatching, response: unknown, used: Used) {
    const { handler, session } = dispatching;
    if (response === undefined) return this.#encode(dispatching, response);
    const throttled = (throttleTimeMs: number, message: unknown = response) => {
      pause(session, { meter: used.meter, pauseMs: throttleTimeMs });
      this.#metrics?.onThrottled(throttleTimeMs);
      return this.#encode(dispatching, { ...message as object, throttleTimeMs });
    };
    const { withhold } = handler;
    if (withhold === undefined) {
      const pauseMs = Math.max(used.pauseMs, throttleTimeOf(response));
      return pauseMs > 0 ? throttled(pauseMs) : this.#encode(dispatching, response);
    }
    const counted = (reply: ReplyChunks) => {
      const bytes = reply.reduce((sum, chunk) => sum + chunk.length, 0);
      const pauseMs = Math.max(used.pauseMs, used.meter.onFetched(bytes));
      if (pauseMs === 0) {
        this.#tracer?.response(session, dispatching.header, handler.api, response);
        this.#metrics?.onAnswered(handler.api, response);
        return reply;
      }
      const withheld = withhold(response as never, this.#contextOf(dispatching));
      if (withheld !== undefined) used.meter.takeBackFetched(bytes);
      return throttled(pauseMs, withheld);
    };
    const reply = this.#encoded(dispatching, response);
    return reply instanceof Promise ? reply.then(counted) : counted(reply);
  }
}

/** Whether a request is refused as a whole that this has kept from being answered. */
function isReasonToRefuse(error: unknown): error is Error {
  return error instanceof ResignedFault || isStoreFault(error);
}

/** A step of a login of before KIP-152, whose frames are nothing but tokens. */
async function takeToken(frame: Uint8Array, { login }: Session): Promise<Reply> {
  // The frame's bytes are the connection's again before the answer is known.
  const token = await login!.takeToken(frame.slice());
  if (token === undefined) return null;
  const length = new Uint8Array(4);
  new DataView(length.buffer).setInt32(0, token.length);
  return [length, token];
}

/** The answer to a version that is not served; only ApiVersions has one. */
function refuseVersion({ apiVersion, correlationId }: RequestHeader, handler: Handler): Reply {
  const { api, serves } = handler;
  if (api.key !== apiVersionsKey) {
    throw new ConnectionFault(
      `${api.name} version ${apiVersion} is not served: ` +
        `it must be between ${serves.min} and ${serves.max}`,
    );
  }
  const response = {
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    apiKeys: supportedVersions({ clientMetrics: false })
      .filter((range) => range.apiKey === apiVersionsKey),
  };
  return encodeResponse(api, 0, correlationId, response as never);
}

/** For how long the handler itself wants its client to pause. */
function throttleTimeOf(response: unknown): number {
  const { throttleTimeMs } = response as { readonly throttleTimeMs?: unknown };
  return typeof throttleTimeMs === "number" ? throttleTimeMs : 0;
}

function pause(session: Session, { meter, pauseMs }: Used): void {
  if (pauseMs > 0) session.pauseUntil(meter.nowMs + pauseMs);
}

function readHeader(frame: Uint8Array, tableOf: (key: number) => AnyApi | undefined) {
  try {
    return decodeRequestHeader(frame, tableOf);
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    throw new ConnectionFault(`not a Kafka request: ${error.message}`);
  }
}

/** The connection uses a frame's bytes again: who looks at them later has a copy. */
function bodyReader(dispatching: Dispatching): BytesReader {
  const { frame, header, handler: { api: { key, request } }, claims } = dispatching;
  const isReadNow = !request.holdsBytes() && claims === undefined;
  const bytes = key === produceKey || isLent(frame, key) || isReadNow ? frame : frame.slice();
  return new BytesReader(bytes, header.bodyPosition);
}

/** The body of a small request. */
function decodedBody(dispatching: Dispatching): unknown {
  const { handler: { api: { request } }, header: { apiVersion } } = dispatching;
  const reader = bodyReader(dispatching);
  try {
    return request.decode(reader, apiVersion);
  } catch (error) {
    throw readFault(dispatching, error);
  }
}

/** What the connection is told where a body cannot be read. */
function readFault({ header, handler }: Dispatching, error: unknown): unknown {
  if (!(error instanceof DecodeFault)) return error;
  const request = `${handler.api.name} version ${header.apiVersion} request`;
  return new ConnectionFault(`malformed ${request}: ${error.message}`);
}

/** What `work` comes to, now or later; what it throws as `explained` has it. */
function explaining<T>(explained: (error: unknown) => unknown, work: () => T): T {
  try {
    const result = work();
    if (!(result instanceof Promise)) return result;
    return result.catch((error) => {
      throw explained(error);
    }) as T;
  } catch (error) {
    throw explained(error);
  }
}
