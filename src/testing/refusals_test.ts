import { assert, assertEquals } from "@std/assert";
import { BytesReader, BytesWriter } from "../base/bytes.ts";
import { allHandlers } from "../broker/mod.ts";
import { type AnyApi, encodeResponse, ErrorCode, Produce, visitErrors } from "../protocol/mod.ts";
import { placesIn, type Struct } from "../protocol/message_topics.ts";
import { refuse } from "./refusals.ts";

/** A message of which nothing is said, as it is decoded. */
function emptyRequest({ request }: AnyApi, version: number): Struct {
  const writer = new BytesWriter();
  request.encode(writer, {}, version);
  const [bytes = new Uint8Array()] = writer.chunks();
  return request.decode(new BytesReader(bytes), version) as Struct;
}

Deno.test("a batch is refused for its partition, in the words of Produce", async () => {
  const api: AnyApi = Produce;
  const partitionData = [{ index: 1, records: null }];
  const request = { acks: -1, topicData: [{ name: "orders", partitionData }] };
  const errorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER;
  const refused = await refuse({ api, version: 9, request, errorCode });
  const answer = "answer" in refused ? refused.answer : {};
  assertEquals(placesIn(answer, () => undefined), [{ topic: "orders", partition: 1 }]);
  const codes: number[] = [];
  visitErrors(api, answer, (code) => codes.push(code));
  assertEquals(codes, [ErrorCode.NOT_LEADER_OR_FOLLOWER]);
});

Deno.test("every API has an answer that refuses it, in each version that is served", async () => {
  const errorCode = ErrorCode.UNKNOWN_SERVER_ERROR;
  for (const { api, serves } of await allHandlers()) {
    for (let version = serves.min; version <= serves.max; version++) {
      const request = emptyRequest(api, version);
      const refused = await refuse({ api, version, request, errorCode });
      const answer = "answer" in refused ? refused.answer : refused.overwrite({});
      const chunks = encodeResponse(api, version, 1, answer as never);
      assert(chunks.length > 0, `${api.name} v${version}`);
    }
  }
});
