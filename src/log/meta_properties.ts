// meta.properties: which cluster, node and directory this is, so that a folder that was moved to
// another broker is noticed before anything is written to it.
//
//   version=1
//   cluster.id=4L6g3nShT-eMCtK--X86sw
//   node.id=1
//   directory.id=Zr1bVXNUS0q2Nyh1nhyz9Q
//
// A Java properties file: `#` comments, order free. Version 0 is that of ZooKeeper's days.

import { fromUtf8, utf8 } from "../base/bytes.ts";
import { UsageFault } from "../base/faults.ts";
import { type BrokerId, isUuid, type Uuid } from "../base/ids.ts";

export interface MetaProperties {
  readonly clusterId: string;
  readonly nodeId: BrokerId;
  /** Undefined in files of Kafka before 3.7. */
  readonly directoryId: Uuid | undefined;
}

/** Decodes the file; throws UsageFault naming what is wrong with it. */
export function decodeMetaProperties(bytes: Uint8Array, path: string): MetaProperties {
  const values = new Map<string, string>();
  for (const line of fromUtf8(bytes).split(/\r?\n/)) {
    const match = /^\s*([^#!=:\s]+)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match !== null) values.set(match[1], match[2]);
  }
  if (values.get("version") !== "1") {
    throw new UsageFault(
      `${path} has version ${values.get("version") ?? "none"}; only data directories of Kafka in ` +
        `KRaft mode (version 1) can be opened. Choose another --data-dir, ` +
        `or migrate it with Kafka 3.x`,
    );
  }
  const clusterId = values.get("cluster.id");
  const nodeId = Number(values.get("node.id") ?? values.get("broker.id"));
  if (clusterId === undefined || clusterId === "" || !Number.isInteger(nodeId)) {
    throw new UsageFault(`${path} lacks cluster.id or node.id; restore it from a backup`);
  }
  const directoryId = values.get("directory.id");
  return {
    clusterId,
    nodeId,
    directoryId: directoryId !== undefined && isUuid(directoryId) ? directoryId : undefined,
  };
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
