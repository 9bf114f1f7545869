// meta.properties: which cluster, node and directory this is, so that a folder that was moved to
// another broker is noticed before anything is written to it.
//
//   version=1
//   cluster.id=4L6g3nShT-eMCtK--X86sw
//   node.id=1
//   directory.id=Zr1bVXNUS0q2Nyh1nhyz9Q
//
// A Java properties file: `#` comments, order free. Version 0 is that of ZooKeeper's days.
//
// Invariant: an identity is never replaced. A file whose directory.id cannot be read is refused,
// since Kafka's metadata says by it which partitions are there; one without gets its id in a line
// of its own, behind all that others have written.

import { concatBytes, fromUtf8, utf8 } from "../../base/bytes.ts";
import { UsageFault } from "../../base/faults.ts";
import { type BrokerId, parseUuid, type Uuid, uuidToBytes } from "../../base/ids.ts";
import { parseProperties } from "../../base/properties.ts";

export interface MetaProperties {
  readonly clusterId: string;
  readonly nodeId: BrokerId;
  /** Undefined in files of Kafka before 3.7. */
  readonly directoryId: Uuid | undefined;
}

/** Decodes the file; throws UsageFault naming what is wrong with it. */
export function decodeMetaProperties(bytes: Uint8Array, path: string): MetaProperties {
  const values = parseProperties(fromUtf8(bytes));
  const valueOf = (key: string) => values.get(key)?.trim();
  const version = valueOf("version");
  if (version !== undefined && version !== "1") {
    throw new UsageFault(
      `${path} has version ${version}; only data directories of Kafka in KRaft mode (version 1) ` +
        `can be opened. Choose another --data-dir, ` +
        (version === "0" ? "or migrate it with Kafka 3.x" : "or open it with what has written it"),
    );
  }
  const clusterId = valueOf("cluster.id");
  const node = valueOf("node.id") ?? valueOf("broker.id") ?? "";
  const nodeId = Number(node);
  // Number would take "" and "0x1", which Kafka does not.
  if (version === undefined || !clusterId || !/^\d+$/.test(node)) {
    const lacks = version === undefined ? "version" : "cluster.id or node.id";
    throw new UsageFault(`${path} lacks ${lacks}; restore it from a backup`);
  }
  const named = valueOf("directory.id");
  const directoryId = named === undefined ? undefined : parseUuid(named);
  const problem = named === undefined
    ? undefined
    : directoryId === undefined
    ? "is not 16 bytes in base64"
    : isReserved(directoryId)
    ? "means that there is none"
    : undefined;
  if (problem !== undefined) {
    throw new UsageFault(
      `${path} has directory.id=${named}, which ${problem}; ` +
        `restore it from a backup, or remove the line to give the directory a new id`,
    );
  }
  return { clusterId, nodeId, directoryId };
}

/** Kafka says "unassigned", "lost" and the like by ids below 100. */
function isReserved(id: Uuid): boolean {
  const bytes = new Uint8Array(16);
  uuidToBytes(id, bytes);
  return bytes.every((byte, i) => i < 15 ? byte === 0 : byte < 100);
}

/** The file `bytes` with the id of the directory behind what it says. */
export function withDirectoryId(bytes: Uint8Array, directoryId: Uuid): Uint8Array {
  const text = fromUtf8(bytes);
  const isEnded = text === "" || /[\r\n]$/.test(text);
  // A line that goes on would take this one into its value.
  const goesOn = /\\[\r\n]*$/.test(text);
  const before = goesOn ? "\n\n" : isEnded ? "" : "\n";
  return concatBytes([bytes, utf8(`${before}directory.id=${directoryId}\n`)]);
}

export function encodeMetaProperties(properties: MetaProperties): Uint8Array {
  const lines = [
    "version=1",
    `cluster.id=${properties.clusterId}`,
    `node.id=${properties.nodeId}`,
  ];
  if (properties.directoryId !== undefined) lines.push(`directory.id=${properties.directoryId}`);
  return utf8(lines.join("\n") + "\n");
}
