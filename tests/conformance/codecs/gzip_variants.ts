// gzip members (RFC 1952) of every kind: header fields, wrong checks, several of them, junk behind.

import { deflateRawSync } from "node:zlib";
import { concatBytes } from "../../../src/base/bytes.ts";
import { crc32 } from "../../../src/base/crc.ts";
import { type Chance, type Content, int32le, type Variant } from "./chance.ts";

const flags = { text: 1, headerCrc: 2, extra: 4, name: 8, comment: 16 } as const;

interface Member {
  flags: number;
  method: number;
  magic: number;
  wrong: "" | "header CRC" | "CRC" | "size" | "both checks";
  level: number;
}

function anyMember(chance: Chance): { member: Member; kind: string } {
  const member: Member = { flags: 0, method: 8, magic: 0x1f, wrong: "", level: chance.below(10) };
  const fields = chance.below(32);
  switch (chance.below(10)) {
    case 0:
    case 1:
    case 2:
      member.flags = fields;
      return { member, kind: `header fields ${fieldNames(fields)}` };
    case 3:
      member.flags = fields | flags.headerCrc;
      member.wrong = "header CRC";
      break;
    case 4:
      member.wrong = chance.of(["CRC", "size", "both checks"] as const);
      break;
    case 5:
      member.flags = chance.of([0x20, 0x40, 0x80]);
      return { member, kind: "reserved flag" };
    case 6:
      member.method = chance.of([0, 7, 9]);
      return { member, kind: "other method" };
    case 7:
      member.magic = chance.of([0x1e, 0x78]);
      return { member, kind: "other magic" };
    default:
      return { member, kind: "usual" };
  }
  return { member, kind: `wrong ${member.wrong}` };
}

function fieldNames(bits: number): string {
  return Object.entries(flags).filter(([, bit]) => bits & bit).map(([name]) => name).join("+");
}

function written(member: Member, { bytes, chance }: { bytes: Uint8Array; chance: Chance }) {
  const text = () => concatBytes([chance.bytes(chance.below(20)).map((b) => b | 1), nul]);
  const extra = chance.bytes(chance.below(40));
  const header = concatBytes([
    new Uint8Array([member.magic, 0x8b, member.method, member.flags]),
    chance.bytes(6),
    ...(member.flags & flags.extra ? [int32le(extra.length).subarray(0, 2), extra] : []),
    ...(member.flags & flags.name ? [text()] : []),
    ...(member.flags & flags.comment ? [text()] : []),
  ]);
  const parts = [header];
  if (member.flags & flags.headerCrc) {
    const sum = crc32(header) & 0xffff;
    parts.push(int32le(member.wrong === "header CRC" ? sum ^ 0x101 : sum).subarray(0, 2));
  }
  parts.push(new Uint8Array(deflateRawSync(bytes, { level: member.level })));
  const isBoth = member.wrong === "both checks";
  parts.push(int32le(crc32(bytes) ^ (isBoth || member.wrong === "CRC" ? 1 : 0)));
  parts.push(int32le(bytes.length + (isBoth || member.wrong === "size" ? 1 : 0)));
  return concatBytes(parts);
}

const nul = new Uint8Array(1);

/** Some records as a gzip member, or several. */
export function gzipVariant(chance: Chance, content: Content): Omit<Variant, "codec" | "magic"> {
  const { recordCount, bytes } = content;
  if (!chance.once(0.3)) {
    const { member, kind } = anyMember(chance);
    return { recordCount, kind, packed: written(member, { bytes, chance }) };
  }
  const usual = () => ({
    ...anyMember(chance).member,
    flags: 0,
    method: 8,
    magic: 0x1f,
    wrong: "" as const,
  });
  const member = (part: Uint8Array) => written(usual(), { bytes: part, chance });
  const parts = () => concatBytes(chance.cut(bytes, 5).map(member));
  switch (chance.below(7)) {
    case 0:
      return { recordCount, kind: "several members", packed: parts() };
    case 1: {
      const odd = anyMember(chance);
      const [first, ...others] = chance.cut(bytes, 3);
      const rest = concatBytes(others);
      const packed = concatBytes([member(first), written(odd.member, { bytes: rest, chance })]);
      return { recordCount, kind: `second member ${odd.kind}`, packed };
    }
    case 2:
      return {
        recordCount,
        kind: "member of nothing behind",
        packed: concatBytes([member(bytes), member(bytes.subarray(0, 0))]),
      };
    case 3: {
      const whole = member(bytes);
      const next = member(bytes).subarray(0, chance.below(40));
      return { recordCount, kind: "half a member behind", packed: concatBytes([whole, next]) };
    }
    case 4:
      return {
        recordCount,
        kind: "zeros between members",
        packed: concatBytes([
          member(bytes.subarray(0, 3)),
          new Uint8Array(chance.below(30)),
          member(bytes.subarray(3)),
        ]),
      };
    case 5:
      return {
        recordCount,
        kind: "the same twice",
        packed: concatBytes([member(bytes), member(bytes)]),
      };
    default:
      return { recordCount, kind: "empty", packed: new Uint8Array(chance.below(12)) };
  }
}
