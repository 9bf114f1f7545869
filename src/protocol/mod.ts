// The protocol folder's face: tables with their codecs, frames, error codes, trace lines.
// It treats record batches as bytes; src/records knows what is in them.

export { apiName } from "./api_names.ts";
export * from "./apis/mod.ts";
export * from "./consumer_protocol.ts";
export * from "./errors.ts";
export * from "./frame.ts";
export { visitErrors } from "./response_errors.ts";
export { traceMessage } from "./trace.ts";
export {
  type AnyApi,
  type Api,
  type Decoded,
  type Fields,
  type Input,
  type MessageOf,
  type RecordTable,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
} from "./schema.ts";
