// From a frame to a reply: header, handler, body, answer, encoding. The only place that knows which
// APIs exist; what each one does is in handlers/.
//
//   unknown API key, or a version that we neither serve nor can refuse -> the connection closes
//   ApiVersions of an unknown version -> version 0 answer with error 35 (KIP-511)
//   a body that does not parse        -> the connection closes
//
// The bytes of a request are private to its handler, but for Produce: its frame is megabytes, and
// the log has copied what it needs before the handler first waits.

import { ConnectionFault, DecodeFault } from "../base/faults.ts";
import { BytesReader } from "../base/bytes.ts";
import {
  apiName,
  decodeRequestHeader,
  encodeResponse,
  ErrorCode,
  type RequestHeader,
} from "../protocol/mod.ts";
import type { Broker } from "./broker.ts";
import type { Dispatched, Reply } from "./connection.ts";
import type { Handler, Peer } from "./handler.ts";
import { apiVersionsKey, handlers, supportedVersions } from "./handlers/mod.ts";
import type { Tracer } from "./trace.ts";

const produceKey = 0;

/** Answers frames with the handlers of handlers/mod.ts. */
export class Dispatcher {
  readonly #broker: Broker;
  readonly #tracer: Tracer | undefined;

  constructor(broker: Broker, tracer: Tracer | undefined) {
    this.#broker = broker;
    this.#tracer = tracer;
  }

  /** Starts answering `frame`. Throws ConnectionFault when the connection must end. */
  dispatch(frame: Uint8Array, peer: Peer): Dispatched {
    const header = readHeader(frame);
    const handler = handlers.get(header.apiKey);
    if (handler === undefined) {
      throw new ConnectionFault(`${apiName(header.apiKey)} requests are not served`);
    }
    const version = header.apiVersion;
    if (version < handler.serves.min || version > handler.serves.max) {
      return { reply: this.#refuse(frame, header, handler), pipelined: false };
    }
    const message = readBody(frame, header, handler);
    this.#tracer?.request(peer, header, handler.api, message);
    const context = { broker: this.#broker, version, clientId: header.clientId, peer };
    const answer = handler.handle(message as never, context);
    const reply = answer instanceof Promise
      ? answer.then((response) => this.#encode(header, handler, peer, response))
      : this.#encode(header, handler, peer, answer);
    return { reply, pipelined: handler.pipelined };
  }

  #encode(header: RequestHeader, handler: Handler, peer: Peer, response: unknown): Reply {
    this.#tracer?.response(peer, header, handler.api, response);
    if (response === undefined) return null;
    return encodeResponse(handler.api, header.apiVersion, header.correlationId, response as never);
  }

  #refuse(frame: Uint8Array, header: RequestHeader, handler: Handler): Reply {
    const { apiVersion: version, correlationId } = header;
    if (handler.api.key === apiVersionsKey) {
      const response = {
        errorCode: ErrorCode.UNSUPPORTED_VERSION,
        apiKeys: supportedVersions().filter((range) => range.apiKey === apiVersionsKey),
      };
      return encodeResponse(handler.api, 0, correlationId, response as never);
    }
    const { min, max } = handler.api.versions;
    if (handler.refuse === undefined || version < min || version > max) {
      throw new ConnectionFault(
        `${handler.api.name} version ${version} is not served: ` +
          `it must be between ${handler.serves.min} and ${handler.serves.max}`,
      );
    }
    const response = handler.refuse(readBody(frame, header, handler) as never);
    return encodeResponse(handler.api, version, correlationId, response as never);
  }
}

function readHeader(frame: Uint8Array): RequestHeader {
  try {
    return decodeRequestHeader(frame);
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    throw new ConnectionFault(`not a Kafka request: ${error.message}`);
  }
}

function readBody(frame: Uint8Array, header: RequestHeader, handler: Handler): unknown {
  const bytes = handler.api.key === produceKey ? frame : frame.slice();
  const reader = new BytesReader(bytes, header.bodyPosition);
  try {
    return handler.api.request.decode(reader, header.apiVersion);
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    throw new ConnectionFault(
      `malformed ${handler.api.name} version ${header.apiVersion} request: ${error.message}`,
    );
  }
}
