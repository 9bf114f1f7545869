// The protocol tables, for tools that speak Kafka themselves: every API's types and codecs in every
// version, frames, error codes. Nothing here has a socket, a clock or a file.
//
//   import { encodeRequest, Heartbeat } from "./protocol.ts";
//   const request = { groupId: "billing", generationId: 1, memberId: "m", groupInstanceId: null };
//   const origin = { correlationId: 7, clientId: "tool" };
//   const chunks = encodeRequest(Heartbeat, 4, origin, request);

export * from "./src/protocol/mod.ts";
export * from "./src/protocol/every_table.ts";
export { DecodeFault, EncodeFault, OttlaError } from "./src/base/faults.ts";
