import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../base/bytes.ts";
import { firstOf, itemAt } from "../../base/items.ts";
import { hashKey, KeyOffsets } from "./key_offsets.ts";

const seed = Int32Array.of(1, -2, 3, -4);

function whole(bytes: Uint8Array) {
  return { start: 0, end: bytes.length };
}

Deno.test("the last offset of each key is known, and no other key's", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat()), { size: "large" }),
    (entries) => {
      const keys = new KeyOffsets({ bytesMax: 1e6, seed });
      const model = new Map<string, number>();
      for (const [key, offset] of entries) {
        assert(keys.put(key, whole(key), offset));
        model.set(key.toString(), offset);
      }
      assertEquals(keys.count, model.size);
      for (const [key] of entries) {
        assertEquals(keys.get(key, whole(key)), model.get(key.toString()));
      }
      const absent = utf8("a key that is longer than any of those above");
      assertEquals(keys.get(absent, whole(absent)), -1);
    },
  ));
});

Deno.test("a full map says so, keeps what it has and stays within its memory", () => {
  for (const bytesMax of [24, 1000, 200_000]) {
    const keys = new KeyOffsets({ bytesMax, seed });
    let count = 0;
    for (; count < 100_000; count++) {
      const key = utf8(`key-${count}`);
      if (!keys.put(key, whole(key), count)) break;
    }
    assert(count >= 1 && count <= Math.max(2, bytesMax / 24), `${count} keys in ${bytesMax} bytes`);
    assert(bytesMax < 1000 || count > bytesMax / 24 * 0.7, `${count} keys in ${bytesMax} bytes`);
    assert(keys.sizeBytes <= Math.max(48, bytesMax));
    for (let i = 0; i < count; i++) {
      const key = utf8(`key-${i}`);
      assertEquals(keys.get(key, whole(key)), i);
      assert(keys.put(key, whole(key), i + 7), "a known key needs no room");
    }
  }
});

Deno.test("keys that are nearly the same have hashes that differ in each half", () => {
  const halves = [new Set<string>(), new Set<string>()];
  let count = 0;
  const add = (key: Uint8Array) => {
    const into = new Int32Array(4);
    hashKey(key, { start: 0, end: key.length, seed, into });
    firstOf(halves).add(`${into[0]},${into[1]}`);
    itemAt(halves, 1).add(`${into[2]},${into[3]}`);
    count++;
  };
  for (let i = 0; i < 50_000; i++) add(utf8(`customer-${i}`));
  for (let length = 0; length < 64; length++) add(new Uint8Array(length));
  const long = new Uint8Array(48);
  for (let i = 0; i < 48 * 8; i++) {
    long[i >> 3]! ^= 1 << (i & 7);
    add(long);
    for (let j = 0; j < i; j++) {
      long[j >> 3]! ^= 1 << (j & 7);
      add(long);
      long[j >> 3]! ^= 1 << (j & 7);
    }
    long[i >> 3]! ^= 1 << (i & 7);
  }
  assertEquals(halves.map((half) => half.size), [count, count]);
});

Deno.test("a key that comes in parts is the same key, however it is cut", () => {
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 80 }),
    fc.array(fc.nat(80)),
    fc.nat(),
    (key, cuts, offset) => {
      const keys = new KeyOffsets({ bytesMax: 1e6, seed });
      const hasher = keys.hasher();
      const ends = [...cuts.map((cut) => Math.min(cut, key.length)), key.length];
      const addAll = () => {
        let start = 0;
        for (const end of ends.toSorted((a, b) => a - b)) {
          hasher.add(key, start, end);
          start = end;
        }
      };
      addAll();
      hasher.forget();
      addAll();
      assert(keys.putHashed(hasher, offset));
      assertEquals(keys.get(key, whole(key)), offset);
      addAll();
      assertEquals(keys.getHashed(hasher), offset);
    },
  ));
});
