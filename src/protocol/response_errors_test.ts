import { assertEquals } from "@std/assert";
import { ApiVersions, ErrorCode, Fetch, Metadata, Produce, visitErrors } from "./mod.ts";
import type { AnyApi } from "./schema.ts";

function errorsOf(api: AnyApi, response: unknown): number[] {
  const found: number[] = [];
  visitErrors(api, response, (code) => found.push(code));
  return found;
}

Deno.test("error codes are found at the top and in lists however deep", () => {
  const { NOT_LEADER_OR_FOLLOWER, INVALID_RECORD, NONE } = ErrorCode;
  const partitionResponses = [
    { index: 0, errorCode: NONE },
    { index: 1, errorCode: INVALID_RECORD },
  ];
  const responses = [{ partitionResponses }, {
    partitionResponses: [{ index: 0, errorCode: NOT_LEADER_OR_FOLLOWER }],
  }];
  assertEquals(errorsOf(Produce, { responses }), [INVALID_RECORD, NOT_LEADER_OR_FOLLOWER]);
  assertEquals(errorsOf(ApiVersions, { errorCode: 35, apiKeys: [] }), [35]);
});

Deno.test("what a response leaves out or has as null holds no errors", () => {
  assertEquals(errorsOf(Fetch, { errorCode: 0, responses: [] }), []);
  assertEquals(errorsOf(Fetch, { responses: [{ partitions: null }] }), []);
  assertEquals(errorsOf(Metadata, { topics: [{ errorCode: 3 }] }), [3]);
});
