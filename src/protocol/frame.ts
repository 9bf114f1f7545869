// Requests and responses on a connection: a size, a header, a body.
//
//   request  = int32 size | int16 api key | int16 api version | int32 correlation id
//              | nullable string client id (never compact) | [tags: header v2] | body
//   response = int32 size | int32 correlation id | [tags: header v1] | body
//
// A request header is version 2 from the API's first flexible version on, 1 before. Version 0,
// without client id, belongs to ControlledShutdown v0 alone, which nobody here speaks. A response
// header is version 1 where the request's was 2, save that of ApiVersions, always 0: its reader
// does not know yet what the broker speaks (KIP-511). `frame` below is what follows the size.

import { BytesReader, BytesWriter } from "../base/bytes.ts";
import { DecodeFault, EncodeFault } from "../base/faults.ts";
import { asBytes, type Chunk } from "../base/file_part.ts";
import type { Pieces } from "../base/pieces.ts";
import { apis } from "./apis/mod.ts";
import {
  type AnyApi,
  type Api,
  type Decoded,
  type Fields,
  from,
  type Input,
  int16,
  int32,
  neverCompact,
  nullable,
  record,
  string,
} from "./schema.ts";

const apiVersionsKey = 18;

export const RequestHeaderTable = record({
  name: "RequestHeader",
  versions: "0-2",
  flexible: "2+",
  fields: {
    requestApiKey: int16,
    requestApiVersion: int16,
    correlationId: int32,
    clientId: from(1, neverCompact(nullable(string))),
  },
});

export const ResponseHeaderTable = record({
  name: "ResponseHeader",
  versions: "0-1",
  flexible: "1+",
  fields: { correlationId: int32 },
});

/** A decoded request header. */
export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Where the body begins in the frame. */
  readonly bodyPosition: number;
}

/** Who sends a request, as its header says. */
export interface RequestOrigin {
  readonly correlationId: number;
  readonly clientId: string | null;
}

/**
 * The header of a request `frame`. `tableOf` knows the tables of further APIs by key. An API
 * without a table is taken for one that is not flexible: its header up to the client id reads the
 * same. Throws DecodeFault when the frame is too short.
 */
export function decodeRequestHeader(
  frame: Uint8Array,
  tableOf: (apiKey: number) => AnyApi | undefined = (apiKey) => apis.get(apiKey),
): RequestHeader {
  const reader = new BytesReader(frame);
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  reader.position = 0;
  const version = requestHeaderVersion(tableOf(apiKey), apiVersion);
  const { correlationId, clientId } = RequestHeaderTable.decode(reader, version);
  return { apiKey, apiVersion, correlationId, clientId, bodyPosition: reader.position };
}

/** A whole request, size included, as chunks to be sent in order. Throws EncodeFault. */
export function encodeRequest<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  origin: RequestOrigin,
  message: Input<Q>,
): Uint8Array[] {
  const writer = new BytesWriter("shared");
  writer.int32(0);
  RequestHeaderTable.encode(writer, {
    requestApiKey: api.key,
    requestApiVersion: version,
    correlationId: origin.correlationId,
    clientId: origin.clientId,
  }, requestHeaderVersion(api, version));
  api.request.encode(writer, message, version);
  writer.patchInt32(0, writer.length - 4);
  return writer.chunks();
}

/** More than short messages share; and what is longer is written in chunks. */
const ownBytesMin = 2048;
const ownBytesMax = 128 * 1024;

/** A whole response, size included, as chunks to be sent in order. Throws EncodeFault. */
export function encodeResponse<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  correlationId: number,
  message: Input<S>,
): Uint8Array[] {
  return encodeResponseParts(api, version, correlationId, message).map(asBytes);
}

/**
 * The same of a message that may have parts of files in it; `bytes`: about how many it has besides,
 * where that is known.
 */
export function encodeResponseParts<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  correlationId: number,
  message: Input<S>,
  bytes = 0,
): Chunk[] {
  const writer = new BytesWriter(bytes < ownBytesMin ? "shared" : Math.min(bytes, ownBytesMax));
  writeResponseStart(writer, correlationId, responseHeaderVersion(api, version));
  api.response.encode(writer, message, version);
  writer.patchInt32(0, writer.length - 4);
  return writer.parts();
}

/** Which response, and how long it may become. */
interface ResponseTerms extends Pick<RequestHeader, "apiVersion" | "correlationId"> {
  readonly bytesMax: number;
}

/**
 * The same in pieces, for a response of many elements. Throws an EncodeFault that is past the bound
 * soon after it has become longer than `bytesMax`.
 */
export function* encodeResponsePieces<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  { apiVersion, correlationId, bytesMax }: ResponseTerms,
  message: Input<S>,
): Pieces<Chunk[]> {
  const writer = new BytesWriter();
  writeResponseStart(writer, correlationId, responseHeaderVersion(api, apiVersion));
  for (const weight of api.response.encodePieces(writer, message, apiVersion)) {
    if (writer.length > bytesMax) {
      const text = `the answer is longer than ${bytesMax} bytes`;
      throw new EncodeFault(text, { isPastBound: true });
    }
    yield weight;
  }
  writer.patchInt32(0, writer.length - 4);
  return writer.parts();
}

/** Room for the size, and the header. */
function writeResponseStart(writer: BytesWriter, correlationId: number, version: number): void {
  writer.int32(0);
  ResponseHeaderTable.encode(writer, { correlationId }, version);
}

/** The correlation id of a response `frame`, which names the request. Throws DecodeFault. */
export function decodeCorrelationId(frame: Uint8Array): number {
  return new BytesReader(frame).int32();
}

/** The message of a response `frame` to a request of this API and version. Throws DecodeFault. */
export function decodeResponse<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  frame: Uint8Array,
): { correlationId: number; message: Decoded<S> } {
  const reader = new BytesReader(frame);
  const headerVersion = responseHeaderVersion(api, version);
  const { correlationId } = ResponseHeaderTable.decode(reader, headerVersion);
  const message = api.response.decode(reader, version);
  if (reader.remaining > 0) {
    throw new DecodeFault(`${api.response.name} v${version}: ${reader.remaining} bytes too many`);
  }
  return { correlationId, message };
}

function requestHeaderVersion(api: AnyApi | undefined, version: number): number {
  return api !== undefined && version >= api.flexibleFrom ? 2 : 1;
}

function responseHeaderVersion(api: AnyApi, version: number): number {
  return version >= api.flexibleFrom && api.key !== apiVersionsKey ? 1 : 0;
}
