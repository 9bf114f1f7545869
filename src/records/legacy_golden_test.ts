// Message sets that Apache Kafka 3.9's own Java classes wrote: offsets 42, 43 and 45, one message
// without a key and one without a value. What they say is compared with what we read and write.

import { assert, assertEquals } from "@std/assert";
import { BytesWriter, utf8 } from "../base/bytes.ts";
import { zlibCodecs as codecs } from "../runtime/codecs.ts";
import { messagesIn, shallowMessages } from "../../tests/harness/message_sets.ts";
import { firstOf, itemAt, missing } from "../base/items.ts";
import { stampLogAppendTime } from "./batch.ts";
import { packBatch } from "./build.ts";
import { type CompressionType, loadCompression } from "./compression.ts";
import { downConvert } from "./down_conversion.ts";
import { runNow } from "./heavy_steps.ts";
import type { LegacyMagic } from "./legacy.ts";
import { checkProducePayload } from "./produce_payload.ts";
import { anyProduceRules } from "./produce_rules.ts";
import { readRecords, writeRecord } from "./record.ts";

await loadCompression("snappy");
await loadCompression("lz4");

interface Written {
  readonly magic: LegacyMagic;
  readonly compression: CompressionType;
  readonly isLogAppendTime: boolean;
  readonly base64: string;
}

const text = utf8("a broker keeps a log ".repeat(4));
const appendedAt = 1_700_000_000_999;
const messages = [
  { offset: 42, timestamp: 1_700_000_000_000, key: utf8("key"), value: text },
  { offset: 43, timestamp: 1_700_000_000_005, key: null, value: utf8("value") },
  { offset: 45, timestamp: 1_700_000_000_003, key: utf8("gone"), value: null },
];

const written: readonly Written[] = [
  {
    magic: 0,
    compression: "none",
    isLogAppendTime: false,
    base64: "AAAAAAAAACoAAABlAC7tBQAAAAAAA2tleQAAAFRhIGJyb2tlciBrZWVwcyBhIGxvZyBhIGJyb2tlciBrZWVw" +
      "cyBhIGxvZyBhIGJyb2tlciBrZWVwcyBhIGxvZyBhIGJyb2tlciBrZWVwcyBhIGxvZyAAAAAAAAAAKwAAABOs" +
      "wIQAAAD/////AAAABXZhbHVlAAAAAAAAAC0AAAASlhALkQAAAAAABGdvbmX/////",
  },
  {
    magic: 0,
    compression: "gzip",
    isLogAppendTime: false,
    base64: "AAAAAAAAAC0AAAB1PuOtowAB/////wAAAGcfiwgAAAAAAAD/Y2AAAy0gTmXQe8sK5jFnp1YCqZBEhaSi/OzU" +
      "IoXs1NSCYoVEhZz8dAUKBSH2MWgDsfCaAy1A6j8QACnWssSc0lSotC4QC00T4J4I5rGk5+elgpQBAOiHv62u" +
      "AAAA",
  },
  {
    magic: 0,
    compression: "snappy",
    isLogAppendTime: false,
    base64: "AAAAAAAAAC0AAACNe6yZYAAC/////wAAAH+CU05BUFBZAAAAAAEAAAABAAAAa64BAAAJASAqAAAAZQAu7QUF" +
      "D3ADa2V5AAAAVGEgYnJva2VyIGtlZXBzIGEgbG9nIPoVAAAACQFcKwAAABOswIQAAAD/////AAAABXZhbHVl" +
      "CR5cAC0AAAASlhALkQAAAAAABGdvbmX/////",
  },
  {
    magic: 0,
    compression: "lz4",
    isLogAppendTime: false,
    base64: "AAAAAAAAAC0AAACJ4suJQAAD/////wAAAHsEIk0YYEAabAAAABIAAQCRKgAAAGUALu0FDwD/DgNrZXkAAABU" +
      "YSBicm9rZXIga2VlcHMgYSBsb2cgFQAsAWEA8AsAACsAAAATrMCEAAAA/////wAAAAV2YWx1ZRwAwQAAAC0A" +
      "AAASlhALkQ4AkARnb25l/////wAAAAA=",
  },
  {
    magic: 1,
    compression: "none",
    isLogAppendTime: false,
    base64: "AAAAAAAAACoAAABtM2ZfGwEAAAABi8/laAAAAAADa2V5AAAAVGEgYnJva2VyIGtlZXBzIGEgbG9nIGEgYnJv" +
      "a2VyIGtlZXBzIGEgbG9nIGEgYnJva2VyIGtlZXBzIGEgbG9nIGEgYnJva2VyIGtlZXBzIGEgbG9nIAAAAAAA" +
      "AAArAAAAGyEnm2UBAAAAAYvP5WgF/////wAAAAV2YWx1ZQAAAAAAAAAtAAAAGtnnRFMBAAAAAYvP5WgDAAAA" +
      "BGdvbmX/////",
  },
  {
    magic: 1,
    compression: "none",
    isLogAppendTime: true,
    base64: "AAAAAAAAACoAAABtcxFfZQEIAAABi8/la+cAAAADa2V5AAAAVGEgYnJva2VyIGtlZXBzIGEgbG9nIGEgYnJv" +
      "a2VyIGtlZXBzIGEgbG9nIGEgYnJva2VyIGtlZXBzIGEgbG9nIGEgYnJva2VyIGtlZXBzIGEgbG9nIAAAAAAA" +
      "AAArAAAAG2fZc3oBCAAAAYvP5Wvn/////wAAAAV2YWx1ZQAAAAAAAAAtAAAAGu5U/SEBCAAAAYvP5WvnAAAA" +
      "BGdvbmX/////",
  },
  {
    magic: 1,
    compression: "gzip",
    isLogAppendTime: false,
    base64: "AAAAAAAAAC0AAACF1nqhzQEBAAABi8/laAX/////AAAAbx+LCAAAAAAAAP9jYICDXOO0eGlGIIOx+/zTDJAI" +
      "c3ZqJZAKSVRIKsrPTi1SyE5NLShWSFTIyU9XoFAQainIPmlF9dmpcItZ/wMBkMNalphTmgpVxgzEUjefuwTD" +
      "lYFEWNLz81JBygHBPHhoxgAAAA==",
  },
  {
    magic: 1,
    compression: "snappy",
    isLogAppendTime: false,
    base64: "AAAAAAAAAC0AAACe7TDY4QECAAABi8/laAX/////AAAAiIJTTkFQUFkAAAAAAQAAAAEAAAB0xgEAABkBNG0z" +
      "Zl8bAQAAAAGLz+VoARhwA2tleQAAAFRhIGJyb2tlciBrZWVwcyBhIGxvZyD6FQAAAAkBAXAQGyEnm2UBCQV5" +
      "NAX/////AAAABXZhbHVlCSYkAAMAAAAa2edEUxUnMAMAAAAEZ29uZf////8=",
  },
  {
    magic: 1,
    compression: "lz4",
    isLogAppendTime: false,
    base64: "AAAAAAAAAC0AAACZKg6pFAEDAAABi8/laAX/////AAAAgwQiTRhgQIJ0AAAAFgABAOBtM2ZfGwEAAAABi8/l" +
      "aBgA/w4Da2V5AAAAVGEgYnJva2VyIGtlZXBzIGEgbG9nIBUALABgAABsAIUAAAAbISebZXkA4QX/////AAAA" +
      "BXZhbHVlJQC1AAADAAAAGtnnRFMnAAASAJAEZ29uZf////8AAAAA",
  },
  {
    magic: 1,
    compression: "lz4",
    isLogAppendTime: true,
    base64: "AAAAAAAAAC0AAACVrmUtugELAAABi8/la+f/////AAAAfwQiTRhgQIJwAAAAFgABAP8gbXMRX2UBCAAAAYvP" +
      "5WvnAAAAA2tleQAAAFRhIGJyb2tlciBrZWVwcyBhIGxvZyAVACwDeACWAQAAABtn2XN6eQDT/////wAAAAV2" +
      "YWx1ZScAlgMAAAAa7lT9IScAwAAAAARnb25l/////wAAAAA=",
  },
];

function bytesOf({ base64 }: Written): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function timeIn({ magic, isLogAppendTime }: Written, timestamp: number): number {
  if (magic === 0) return -1;
  return isLogAppendTime ? appendedAt : timestamp;
}

function nameOf({ magic, compression, isLogAppendTime }: Written): string {
  return `magic ${magic}, compression ${compression}${isLogAppendTime ? ", append time" : ""}`;
}

/** The v2 batch that a broker would have stored for these messages, a gap and all. */
function storedBatch({ compression, isLogAppendTime }: Written): Uint8Array {
  const records = new BytesWriter();
  for (const { offset, timestamp, key, value } of messages) {
    const timestampDelta = timestamp - firstOf(messages).timestamp;
    const body = { key, value, headers: [{ key: "h", value: null }] };
    writeRecord(records, { body, timestampDelta, offsetDelta: offset - 42 });
  }
  const batch = packBatch(records.finish(), {
    baseOffset: 42,
    recordCount: 3,
    baseTimestamp: firstOf(messages).timestamp,
    maxTimestamp: itemAt(messages, 1).timestamp,
    compression,
    codecs,
  });
  // The last offset delta, which the gap makes larger than the count says.
  batch[26] = 3;
  stampIf(isLogAppendTime, batch);
  return batch;
}

function stampIf(isLogAppendTime: boolean, batch: Uint8Array): void {
  if (isLogAppendTime) stampLogAppendTime(batch, { position: 0, timestampMs: appendedAt });
}

for (const each of written) {
  Deno.test(`a set that Kafka wrote (${nameOf(each)}) reads as it was meant`, () => {
    assertEquals(
      messagesIn(bytesOf(each)),
      messages.map((message) => ({ ...message, timestamp: timeIn(each, message.timestamp) })),
    );
  });

  Deno.test(`a set that Kafka wrote (${nameOf(each)}) is stored as a v2 batch`, () => {
    const payload = checkProducePayload(bytesOf(each), { ...anyProduceRules, codecs });
    if ("refusal" in payload) {
      assertEquals([payload.refusal.errorCode, each.isLogAppendTime], [32, true]);
      return;
    }
    assert(!each.isLogAppendTime, "only brokers stamp");
    assertEquals(
      readRecords(payload.batch, { codecs }),
      messages.map(({ key, value, timestamp }, offset) => {
        return { offset, key, value, headers: [], timestamp: timeIn(each, timestamp) };
      }),
    );
  });

  Deno.test(`a stored batch goes out as Kafka wrote it (${nameOf(each)})`, () => {
    const { magic, compression } = each;
    const steps = downConvert(storedBatch(each), { magic, fromOffset: 42, bytesMax: 10_000 });
    const { set, nextOffset } = runNow(steps, { codecs, bytesMax: 10_000 });
    assertEquals(nextOffset, 46);
    const kafka = bytesOf(each);
    if (compression === "none") return assertEquals(set, kafka);
    // Compressed bytes are each library's own; all around them is the same.
    const [ours = missing()] = shallowMessages(set);
    const [theirs = missing()] = shallowMessages(kafka);
    const { offset, attributes, timestamp, key } = theirs;
    assertEquals(
      {
        offset: ours.offset,
        attributes: ours.attributes,
        timestamp: ours.timestamp,
        key: ours.key,
      },
      { offset, attributes, timestamp, key },
    );
    assertEquals(messagesIn(set), messagesIn(kafka));
    if (compression === "lz4") {
      const frameHeader = (message: { value: Uint8Array | null }) => message.value!.slice(0, 7);
      assertEquals(frameHeader(ours)[6] === 0x82, magic === 1, "magic 0 has the broken checksum");
      assertEquals(frameHeader(theirs)[6] === 0x82, magic === 1);
    }
  });
}
