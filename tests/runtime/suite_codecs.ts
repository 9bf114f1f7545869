// The part of the ports suite about decoders: packed records with the verdicts of Apache Kafka's
// own classes (tests/conformance/codecs makes codecs.gz). What a Java consumer reads is read, with
// the same content; what it cannot get past is refused. The full run, with thousands of seeded
// ones, is `deno task golden:codecs`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { constants, gunzipSync, zstdCompressSync } from "node:zlib";
import { loadCompression } from "../../src/records/compression.ts";
import type { Codecs } from "../../src/runtime/ports.ts";
import { difference, type Judged, readJudged } from "../golden/codec_frames.ts";
import { check, fails, pattern, sameBytes, type SubjectOptions } from "./subject.ts";

function recorded(): Judged[] {
  const packed = readFileSync(new URL("../golden/codecs.gz", import.meta.url));
  return [...readJudged(new Uint8Array(gunzipSync(packed)))];
}

export function codecsSuite(options: SubjectOptions): void {
  for (const codec of ["gzip", "snappy", "lz4", "zstd"] as const) {
    check(`${codec} is read as Kafka's own classes read it`, options, async ({ runtime }) => {
      await loadCompression(codec);
      const all = recorded().filter(({ variant }) => variant.codec === codec);
      const found = all.map((each) => difference(each, runtime.codecs));
      assert.deepEqual(found.filter((each) => each !== undefined), []);
      const taken = all.filter(({ consumer }) => consumer).length;
      assert.ok(taken >= 20 && all.length - taken >= 20, `${taken} of ${all.length} are taken`);
    });
  }

  check("a wrong checksum of zstd is found, however well it is packed", options, ({ runtime }) => {
    const { codecs } = runtime;
    const params = { [constants.ZSTD_c_checksumFlag]: 1 };
    for (const content of [1, 63, 5_000, 100_000, 300_000].flatMap(contentsOf)) {
      const packed = new Uint8Array(zstdCompressSync(content, { params }));
      sameBytes(codecs.unzstd(packed, content.length), content);
      packed[packed.length - 1] ^= 1;
      assert.throws(() => codecs.unzstd(packed, 1 << 20), { kind: "Io" });
    }
    return Promise.resolve();
  });

  check("a zstd frame is read in whatever window, and left as it is", options, async (subject) => {
    const { codecs } = subject.runtime;
    for (const content of [5_000, 131_072, 131_073, 300_000].flatMap(contentsOf)) {
      const bytesMax = content.length;
      for (const exponent of [17, 18, 19, 21, 27]) {
        if (2 ** exponent < bytesMax) continue;
        const packed = inWindow(codecs.zstd(content), exponent);
        const given = packed.slice();
        sameBytes(codecs.unzstd(packed, bytesMax), content);
        sameBytes(await gathered(codecs, { codec: "zstd", packed, bytesMax }), content);
        assert.throws(() => codecs.unzstd(packed, bytesMax - 1), { kind: "NoSpace" });
        sameBytes(packed, given);
      }
      const tooLarge = inWindow(codecs.zstd(content), 28);
      assert.throws(() => codecs.unzstd(tooLarge, bytesMax), { kind: "Io" });
    }
  });

  for (const codec of ["gzip", "zstd"] as const) {
    check(`${codec} in pieces comes to what it does in one go`, options, async ({ runtime }) => {
      const { codecs } = runtime;
      const parts = [pattern(700_000), new Uint8Array(3_000_000), pattern(5)];
      const packed = Buffer.concat(parts.map((part) => codecs[codec](part)));
      const whole = Buffer.concat(parts);
      const bytesMax = whole.length;
      const unpack = codec === "gzip" ? codecs.gunzip : codecs.unzstd;
      assert.ok(whole.equals(unpack(packed, bytesMax)));
      assert.ok(whole.equals(await gathered(codecs, { codec, packed, bytesMax })));
      const tooLittle = { codec, packed, bytesMax: bytesMax - 1 };
      await fails("NoSpace", () => gathered(codecs, tooLittle));
      for (const length of [packed.length - 1, packed.length >> 1, 9]) {
        const cut = { codec, packed: packed.subarray(0, length), bytesMax };
        await fails("Io", () => gathered(codecs, cut));
      }
      const wrong = new Uint8Array(packed);
      wrong[packed.length >> 1] ^= 0x55;
      await fails("Io", () => gathered(codecs, { codec, packed: wrong, bytesMax }));
    });
  }
}

async function gathered(
  codecs: Codecs,
  { codec, packed, bytesMax }: { codec: "gzip" | "zstd"; packed: Uint8Array; bytesMax: number },
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of codecs.pieces(packed, { codec, unpacks: true, bytesMax })) {
    // Good until the next one is asked for.
    pieces.push(piece.slice());
  }
  return Buffer.concat(pieces);
}

/** A frame that says its window, of 2^`exponent` bytes, but no size, as one written piecemeal. */
function inWindow(frame: Uint8Array, exponent: number): Uint8Array {
  const descriptor = frame[4]!;
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const blocks = frame.subarray(5 + (isSingle ? 0 : 1) + sizeBytes);
  const head = [...frame.subarray(0, 4), descriptor & 4, (exponent - 10) << 3];
  return new Uint8Array([...head, ...blocks]);
}

/** One that packs well and one that hardly does. */
function contentsOf(length: number): Uint8Array[] {
  return [new Uint8Array(length), pattern(length)];
}
