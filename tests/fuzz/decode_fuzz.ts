// Bad bytes against every decoder: whatever arrives, a message or a DecodeFault comes out, soon.
//
//   deno run tests/fuzz/decode_fuzz.ts [SECONDS] [SEED]     prints its seed, which repeats the run
//
// Inputs are valid messages with bits turned, bytes cut, repeated or overwritten by extreme
// lengths, and plain random bytes. A run is deterministic but for its length in seconds.

import fc from "fast-check";
import { BytesReader, BytesWriter } from "../../src/base/bytes.ts";
import { DecodeFault } from "../../src/base/faults.ts";
import { decodeMetadataRecord } from "../../src/cluster/records/records.ts";
import { decode as decodeCoordinatorRecord } from "../../src/coordinator/groups/record_kinds.ts";
import { decodeAssignment, decodeSubscription } from "../../src/protocol/consumer_protocol.ts";
import { decodeRequestHeader } from "../../src/protocol/mod.ts";
import { anyMessage, eachVersion } from "./decode_messages.ts";
import { freshSeed, mutated, randomFrom } from "./mutate.ts";

/** One decoder and valid input for it. */
interface Target {
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  readonly decode: (bytes: Uint8Array) => unknown;
}

/** What a run did. */
export interface FuzzResult {
  readonly inputs: number;
  readonly decoded: number;
  readonly slowestMs: number;
}

/** What `fuzz` takes: it ends after `inputs` or when `until` says so. */
export interface FuzzOptions {
  readonly seed: number;
  readonly inputs: number;
  readonly until?: () => boolean;
}

const samplesEach = 3;
/** No input here is longer than a few KB: this is thousands of times what one takes. */
const slowMs = 1000;
/** Decodes bad input. Throws what a decoder threw when it is no DecodeFault, naming the input. */
export function fuzz({ seed, inputs, until = () => false }: FuzzOptions): FuzzResult {
  const random = randomFrom(seed);
  const targets = [...messageTargets(seed), ...envelopeTargets()];
  let decoded = 0;
  let slowestMs = 0;
  let count = 0;
  for (; count < inputs && !until(); count++) {
    const target = targets[random(targets.length)];
    const input = mutated(target.samples[random(target.samples.length)], random);
    const startMs = performance.now();
    if (decodes(target, input)) decoded++;
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    if (slowestMs > slowMs) throw new Error(`${target.name} took ${slowestMs} ms: ${hex(input)}`);
  }
  return { inputs: count, decoded, slowestMs };
}

function decodes(target: Target, input: Uint8Array): boolean {
  try {
    target.decode(input);
    return true;
  } catch (error) {
    if (error instanceof DecodeFault) return false;
    throw new Error(`${target.name} threw ${error}: ${hex(input)}`, { cause: error });
  }
}

function messageTargets(seed: number): Target[] {
  const targets: Target[] = [];
  eachVersion((table, version) => {
    const messages = fc.sample(anyMessage(table.fields, version), { seed, numRuns: samplesEach });
    targets.push({
      name: `${table.name} v${version}`,
      samples: messages.map((message) => {
        const writer = new BytesWriter();
        table.encode(writer, message, version);
        return writer.finish();
      }),
      decode: (bytes) => table.decode(new BytesReader(bytes), version),
    });
  });
  return targets;
}

function envelopeTargets(): Target[] {
  const header = Uint8Array.of(0, 18, 0, 3, 0, 0, 0, 1, 0, 1, 0x61, 0);
  const topicRecord = Uint8Array.of(1, 2, 0, 2, 0x61, ...new Uint8Array(16), 0);
  const offsetKey = Uint8Array.of(0, 1, 0, 1, 0x67, 0, 1, 0x74, 0, 0, 0, 0);
  const subscription = Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 1, 0x74, 255, 255, 255, 255);
  const target = (
    name: string,
    sample: Uint8Array,
    decode: (bytes: Uint8Array) => unknown,
  ) => ({ name, samples: [sample], decode });
  return [
    target("request header", header, decodeRequestHeader),
    target("metadata record", topicRecord, decodeMetadataRecord),
    target("coordinator key", offsetKey, (bytes) => decodeCoordinatorRecord(bytes, null)),
    target("coordinator value", offsetKey, (bytes) => decodeCoordinatorRecord(offsetKey, bytes)),
    target("subscription", subscription, decodeSubscription),
    target("assignment", subscription, decodeAssignment),
  ];
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

if (import.meta.main) {
  const seconds = Number(Deno.args[0] ?? 10);
  const seed = Number(Deno.args[1] ?? freshSeed());
  console.log(`seed ${seed}, ${seconds} s`);
  const endMs = performance.now() + seconds * 1000;
  const found = fuzz({ seed, inputs: Infinity, until: () => performance.now() > endMs });
  console.log(
    `${found.inputs} inputs, ${found.decoded} decoded, slowest ${found.slowestMs.toFixed(1)} ms`,
  );
}
