// A broker that follows a script, over the runtime's real network, on a free port, or on a machine
// of a simulated one: what a client sends is seen, and what it makes of answers, lost connections
// and silence.

import { BytesReader, concatBytes } from "../../src/base/bytes.ts";
import { Client, type ClientOptions } from "../../src/client/client.ts";
import { responseFrames } from "../../src/client/network/frames.ts";
import {
  type AnyApi,
  apis,
  decodeRequestHeader,
  encodeResponse,
  ErrorCode,
  type ProduceRequest,
} from "../../src/protocol/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import type { Address, Listener, Network, Socket } from "../../src/runtime/ports.ts";

const runtime = denoRuntime();

// deno-lint-ignore no-explicit-any
export type Message = any;
/**
 * An answer, or what happens instead of one; of an answer that `isCut` the half, and an end; bytes
 * are written as they are.
 */
export type Scripted = Message | Uint8Array | "close" | "silence";
export type Script = Record<string, (request: Message, version: number) => Scripted>;

/** Serves one topic `orders` with two partitions; the script answers before these defaults. */
export class ScriptedBroker implements AsyncDisposable {
  readonly #script: Script;
  readonly #sockets = new Set<Socket>();
  readonly #host: string;
  #listener: Listener | undefined;
  connections = 0;

  constructor(script: Script, host: string) {
    this.#script = script;
    this.#host = host;
  }

  /** Serves at `host` of `network`; without them on this machine. */
  static async start(
    script: Script,
    { network, host }: { network: Network; host: string } = {
      network: runtime.network,
      host: "127.0.0.1",
    },
  ): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(script, host);
    broker.#listener = await network.listen({ host, port: 0 }, (socket) => broker.#serve(socket));
    return broker;
  }

  get port(): number {
    return this.#listener!.address.port;
  }

  connect(options: Partial<ClientOptions> = {}): Promise<Client> {
    return Client.connect(runtime, { bootstrap: `127.0.0.1:${this.port}`, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener!.close();
    for (const socket of this.#sockets) socket.close();
  }

  async #serve(socket: Socket): Promise<void> {
    this.connections++;
    this.#sockets.add(socket);
    try {
      for await (const frame of responseFrames(socket)) {
        const header = decodeRequestHeader(frame);
        const api = apis.get(header.apiKey)!;
        const reader = new BytesReader(frame, header.bodyPosition);
        const request = api.request.decode(reader, header.apiVersion);
        const answer = this.#answer(api, request, header.apiVersion);
        if (answer === "close") socket.close();
        if (typeof answer === "string") continue;
        if (answer instanceof Uint8Array) {
          await socket.write(answer);
          continue;
        }
        const version = answer.asVersion ?? header.apiVersion;
        const bytes = concatBytes(encodeResponse(api, version, header.correlationId, answer));
        await socket.write(answer.isCut ? bytes.subarray(0, bytes.length >> 1) : bytes);
        if (answer.isCut) break;
      }
    } catch {
      // The client hung up: so do we.
    }
    socket.close();
  }

  #answer(api: AnyApi, request: Message, version: number): Scripted {
    const scripted = this.#script[api.name]?.(request, version);
    return scripted ?? this.#default(api.name, request);
  }

  #default(name: string, request: Message): Scripted {
    switch (name) {
      case "ApiVersions":
        return {
          errorCode: 0,
          apiKeys: [...apis.values()].map(({ key, versions }) => ({
            apiKey: key,
            minVersion: versions.min,
            maxVersion: versions.max,
          })),
        };
      case "Metadata":
        return metadataOf({ host: this.#host, port: this.port }, request);
      case "InitProducerId":
        return { errorCode: 0, producerId: 1, producerEpoch: 0 };
      case "Produce":
        return produced(request, () => ({ errorCode: 0, baseOffset: 0 }));
      default:
        return "close";
    }
  }
}

function metadataOf(address: Address, request: Message): Message {
  const partitions = [0, 1].map((partitionIndex) => ({
    errorCode: 0,
    partitionIndex,
    leaderId: 1,
    replicaNodes: [1],
    isrNodes: [1],
  }));
  return {
    brokers: [{ nodeId: 1, ...address }],
    controllerId: 1,
    topics: (request.topics ?? [{ name: "orders" }]).map(({ name }: { name: string }) =>
      name === "orders"
        ? { errorCode: 0, name, partitions }
        : { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name, partitions: [] }
    ),
  };
}

export function produced(
  request: ProduceRequest,
  verdict: (records: Uint8Array) => { errorCode: number; baseOffset: number },
): Message {
  return {
    responses: request.topicData.map(({ name, partitionData }) => ({
      name,
      partitionResponses: partitionData.map(({ index, records }) => ({
        index,
        ...verdict(records!),
      })),
    })),
  };
}
