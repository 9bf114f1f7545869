// lz4 frames of every kind that lz4_Frame_format.md knows, right and wrong, and blocks whose ends
// break lz4_Block_format.md's rules.

import { concatBytes } from "../../../src/base/bytes.ts";
import { compressBlock } from "../../../src/records/lz4_block.ts";
import { xxh32 } from "../../../src/records/xxh32.ts";
import { type Chance, type Content, int32le, type Variant } from "./chance.ts";

interface Frame {
  magic: number;
  version: number;
  independent: boolean;
  blockChecksum: boolean;
  contentSize: boolean;
  contentChecksum: boolean;
  dictionary: boolean;
  /** Bits that no one may set: of FLG, and of BD. */
  reserved: readonly [number, number];
  /** 4: 64 KiB ... 7: 4 MiB. */
  blockId: number;
  endMark: boolean;
  /** What is wrong: a checksum, a size. */
  wrong: "" | "header checksum" | "block checksum" | "content checksum" | "content size";
  /** How the blocks are made. */
  blocks: "usual" | "stored" | "some empty" | "raw zero word" | "odd ends" | "back references";
  /** Of a block's content; more than the id allows, for some. */
  blockBytes: number;
}

const bytesById: readonly number[] = [64, 64, 64, 64, 65_536, 262_144, 1_048_576, 4_194_304];

const usual: Frame = {
  magic: 0x184d2204,
  version: 1,
  independent: true,
  blockChecksum: false,
  contentSize: false,
  contentChecksum: false,
  dictionary: false,
  reserved: [0, 0],
  blockId: 4,
  endMark: true,
  wrong: "",
  blocks: "usual",
  blockBytes: 65_536,
};

/** A frame, and what it is called. */
function anyFrame(chance: Chance): { frame: Frame; kind: string } {
  const frame: Frame = { ...usual };
  if (chance.once(0.3)) frame.contentChecksum = true;
  if (chance.once(0.3)) frame.blockChecksum = true;
  if (chance.once(0.3)) frame.contentSize = true;
  if (chance.once(0.4)) frame.blockId = 4 + chance.below(4);
  frame.blockBytes = Math.min(chance.of([1, 50, 700, 70_000, 2 ** 20]), bytesById[frame.blockId]);
  if (frame.blockBytes === 1) frame.blockBytes = 1 + chance.below(bytesById[frame.blockId]);
  const kind = special(frame, chance);
  const flags = [
    frame.contentChecksum ? "C" : "",
    frame.blockChecksum ? "B" : "",
    frame.contentSize ? "S" : "",
  ].join("");
  return { frame, kind: `${kind}${flags === "" ? "" : ` (${flags})`}` };
}

function special(frame: Frame, chance: Chance): string {
  switch (chance.below(20)) {
    case 0:
      frame.independent = false;
      if (chance.once(0.7)) frame.blocks = "back references";
      return `dependent, ${frame.blocks}`;
    case 1:
      frame.dictionary = true;
      return "dictionary id";
    case 2:
      frame.version = chance.of([0, 2, 3]);
      return "version";
    case 3:
      frame.reserved = chance.of([[2, 0], [0, 0x80], [0, 1], [0, 8]] as const);
      return `reserved bits ${frame.reserved}`;
    case 4:
      frame.blockId = chance.below(4);
      return "block size id below 4";
    case 5:
      frame.wrong = "header checksum";
      return frame.wrong;
    case 6:
      frame.blockChecksum = true;
      frame.wrong = "block checksum";
      return frame.wrong;
    case 7:
      frame.contentChecksum = true;
      frame.wrong = "content checksum";
      return frame.wrong;
    case 8:
      frame.contentSize = true;
      frame.wrong = "content size";
      return frame.wrong;
    case 9:
      frame.endMark = false;
      return "no end mark";
    case 10:
      frame.magic = chance.of([0x184c2102, 0x184d2203, 0xfd2fb528]);
      return frame.magic === 0x184c2102 ? "legacy frame" : "other magic";
    case 11:
      frame.blockBytes = bytesById[4] + 1 + chance.below(5_000);
      frame.blockId = 4;
      if (chance.once(0.5)) frame.blocks = "stored";
      return `block past its size, ${frame.blocks}`;
    case 12:
    case 13:
      frame.blocks = chance.of(["stored", "some empty", "raw zero word"] as const);
      return frame.blocks;
    case 14:
    case 15:
      frame.blocks = "odd ends";
      return frame.blocks;
    case 16:
      frame.blocks = "back references";
      return "independent by its flag alone";
    default:
      return "usual";
  }
}

/** `bytes` as a frame. */
function written(frame: Frame, { bytes, chance }: { bytes: Uint8Array; chance: Chance }) {
  const flg = (frame.version << 6) | (frame.independent ? 0x20 : 0) |
    (frame.blockChecksum ? 0x10 : 0) | (frame.contentSize ? 8 : 0) |
    (frame.contentChecksum ? 4 : 0) | (frame.dictionary ? 1 : 0) | frame.reserved[0];
  const size = bytes.length + (frame.wrong === "content size" ? 1 + chance.below(999) : 0);
  const descriptor = concatBytes([
    new Uint8Array([flg, (frame.blockId << 4) | frame.reserved[1]]),
    ...(frame.contentSize ? [int32le(size), int32le(0)] : []),
    ...(frame.dictionary ? [chance.bytes(4)] : []),
  ]);
  const isWrong = (what: Frame["wrong"]) => frame.wrong === what ? 1 : 0;
  const headerChecksum = (xxh32(descriptor) >>> 8) ^ isWrong("header checksum");
  const parts = [int32le(frame.magic), descriptor, new Uint8Array([headerChecksum])];
  const from = { position: 0 };
  while (from.position < bytes.length) {
    const { word, data } = anyBlock(frame, { bytes, from, chance });
    parts.push(int32le(word), data);
    if (frame.blockChecksum) parts.push(int32le(xxh32(data) ^ isWrong("block checksum")));
  }
  if (frame.endMark) parts.push(int32le(0));
  if (frame.contentChecksum) parts.push(int32le(xxh32(bytes) ^ isWrong("content checksum")));
  return concatBytes(parts);
}

const stored = 0x8000_0000;

interface BlockInput {
  readonly bytes: Uint8Array;
  readonly from: { position: number };
  readonly chance: Chance;
}

function anyBlock(frame: Frame, input: BlockInput): { word: number; data: Uint8Array } {
  const { bytes, from, chance } = input;
  if (frame.blocks === "some empty" && chance.once(0.3)) {
    return { word: 1, data: new Uint8Array([0]) };
  }
  if (frame.blocks === "raw zero word" && chance.once(0.3)) {
    return { word: stored, data: new Uint8Array(0) };
  }
  const start = from.position;
  const content = bytes.subarray(start, start + frame.blockBytes);
  from.position += content.length;
  if (frame.blocks === "odd ends") {
    const data = oddBlock(content, chance);
    return { word: data.length, data };
  }
  if (frame.blocks === "back references" && start > 0) {
    const data = referringBlock(bytes, { start, length: content.length });
    return { word: data.length, data };
  }
  const target = new Uint8Array(content.length * 2 + 64);
  const length = frame.blocks === "stored" || chance.once(0.2) ? 0 : compressBlock(content, target);
  return length === 0
    ? { word: (stored | content.length) >>> 0, data: content }
    : { word: length, data: target.slice(0, length) };
}

/** One sequence of a block. */
function sequence(literals: Uint8Array, match?: { distance: number; length: number }) {
  const matchCode = match === undefined ? 0 : match.length - 4;
  const token = (Math.min(15, literals.length) << 4) | Math.min(15, matchCode);
  const parts = [new Uint8Array([token]), rest(literals.length), literals];
  if (match !== undefined) {
    parts.push(new Uint8Array([match.distance, match.distance >> 8]), rest(matchCode));
  }
  return concatBytes(parts);
}

function rest(count: number): Uint8Array {
  if (count < 15) return new Uint8Array(0);
  const whole = Math.floor((count - 15) / 255);
  return new Uint8Array([...new Array(whole).fill(255), (count - 15) % 255]);
}

/** A block whose matches may reach its very end, and whose last literals are few, or none. */
function oddBlock(content: Uint8Array, chance: Chance): Uint8Array {
  const parts: Uint8Array[] = [];
  let anchor = 0;
  for (let at = 1; at + 4 <= content.length; at++) {
    const distance = 1 + chance.below(Math.min(at, 12));
    let length = 0;
    while (
      length < 600 && at + length < content.length &&
      content[at + length] === content[at + length - distance]
    ) length++;
    if (length < 4) continue;
    length = Math.max(4, length - chance.below(3));
    parts.push(sequence(content.subarray(anchor, at), { distance, length }));
    at += length;
    anchor = at;
  }
  const last = content.subarray(anchor);
  if (last.length > 0 || chance.once(0.7)) parts.push(sequence(last));
  return concatBytes(parts);
}

/** A block that begins with a copy from what came before it, if anything there is alike. */
function referringBlock(bytes: Uint8Array, block: { start: number; length: number }): Uint8Array {
  const { start, length } = block;
  const content = bytes.subarray(start, start + length);
  for (let distance = 1; distance <= Math.min(start, 2_000); distance++) {
    let alike = 0;
    while (alike < length - 12 && content[alike] === bytes[start + alike - distance]) alike++;
    if (alike < 4) continue;
    const match = sequence(new Uint8Array(0), { distance, length: alike });
    return concatBytes([match, sequence(content.subarray(alike))]);
  }
  return sequence(content);
}

/** Some records as an lz4 frame, or several. */
export function lz4Variant(chance: Chance, content: Content): Omit<Variant, "codec" | "magic"> {
  const { recordCount, bytes } = content;
  if (chance.once(0.12)) return several(chance, content);
  const { frame, kind } = anyFrame(chance);
  return { recordCount, kind, packed: written(frame, { bytes, chance }) };
}

function several(chance: Chance, { recordCount, bytes }: Content) {
  const frame = (part: Uint8Array) => written(usual, { bytes: part, chance });
  const skippable = concatBytes([
    int32le(0x184d2a50 + chance.below(16)),
    int32le(5),
    chance.bytes(5),
  ]);
  switch (chance.below(5)) {
    case 0:
      return {
        recordCount,
        kind: "two frames",
        packed: concatBytes(chance.cut(bytes, 3).map(frame)),
      };
    case 1:
      return {
        recordCount,
        kind: "a frame, then another",
        packed: concatBytes([frame(bytes), frame(bytes)]),
      };
    case 2:
      return {
        recordCount,
        kind: "skippable frame first",
        packed: concatBytes([skippable, frame(bytes)]),
      };
    case 3:
      return {
        recordCount,
        kind: "skippable frame last",
        packed: concatBytes([frame(bytes), skippable]),
      };
    default:
      return { recordCount, kind: "empty", packed: new Uint8Array(chance.below(8)) };
  }
}
