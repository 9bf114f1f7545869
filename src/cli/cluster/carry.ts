// `ottla cluster import|export`: a single node's metadata carried to etcd, so that it is the first
// of a cluster, and a cluster's carried back to one of its brokers, which goes on alone. Records
// stay where they are.
//
//   one node --import--> etcd, and the folder notes that it is of a cluster
//   etcd --export--> one node, and etcd notes that it has gone there
//
// Invariant: of the two at most one can be started from, and what is written is there as a whole or
// not at all. Both may be repeated where they were interrupted.

import { UsageFault } from "../../base/faults.ts";
import { escaped } from "../../base/visible.ts";
import { withStoredMetadata } from "../../broker/mod.ts";
import {
  asSingleNode,
  encodeMetadataRecord,
  imageRecords,
  type MetadataRecordInput,
} from "../../cluster/mod.ts";
import type { EtcdMetadataStore } from "../../etcd/mod.ts";
import { command } from "../arguments.ts";
import { configOf, homeOptions, withHome } from "./metadata.ts";
import { type CliContext, exitCode } from "../context.ts";

/** Partitions that a refusal names. */
const namedMax = 5;

const dataDir = (about: string) => ({ kind: "text", value: "FOLDER", about } as const);

const importCommand = command({
  name: "cluster import",
  operands: [],
  about: "begin a cluster in etcd from a single node's data",
  options: { ...homeOptions, "data-dir": dataDir("of that node, which does not run") },
  examples: [[
    "cluster import --cluster etcd://a:2379/main --data-dir ./ottla-data",
    "then start the node with the same --cluster and --data-dir",
  ]],
  run: (context, { options }) => {
    const { runtime } = context;
    const config = configOf(context, options, options["data-dir"]);
    const logger = runtime.logger({ level: "error", format: "text" });
    return withStoredMetadata({ runtime, config, logger }, async (stored) => {
      // Brokers register when they start.
      const records = (await stored.read()).filter(({ type }) => type !== "RegisterBrokerRecord");
      const newClusterId = () => stored.clusterId;
      return await withHome(context, { config, newClusterId, takesMoved: true }, async (home) => {
        if (home.clusterId !== stored.clusterId) throw taken(home);
        checkMovedTo(home, stored.nodeId);
        await home.moving.clear();
        const isTaken = await home.change((image) => {
          const isEmpty = image.features.size === 0 && image.topicCount === 0;
          if (isEmpty) return { records, response: false };
          // It was carried before, and what came behind that was interrupted.
          return { records: [], response: !isSame([...imageRecords(image)], records) };
        });
        if (isTaken) throw taken(home);
        await home.moving.back();
        await stored.note(home.remembered.note());
        sayCarried(context, "Imported", home);
        context.note(`Start the node with --cluster and --node-id ${stored.nodeId} now.`);
        return exitCode.ok;
      });
    });
  },
});

const exportCommand = command({
  name: "cluster export",
  operands: [],
  about: "end a cluster in etcd: one of its brokers goes on alone",
  options: { ...homeOptions, "data-dir": dataDir("of that broker; no broker runs") },
  examples: [[
    "cluster export --cluster etcd://a:2379/main --data-dir ./ottla-data",
    "then start that broker without --cluster",
  ]],
  run: (context, { options }) => {
    const { runtime } = context;
    const config = configOf(context, options, options["data-dir"]);
    const logger = runtime.logger({ level: "error", format: "text" });
    return withStoredMetadata(
      { runtime, config, logger },
      (stored) =>
        withHome(context, { config, takesMoved: true }, async (home) => {
          const { nodeId, clusterId } = stored;
          checkCarried(home, { nodeId, clusterId });
          // What somebody has decided and not carried out yet is part of it.
          await home.change(() => ({ records: [], response: undefined }));
          const { records, lacking, lowered } = asSingleNode(home.image, nodeId);
          refuseLacking(nodeId, lacking);
          sayCarried(context, "Exported", home);
          await home.moving.to(nodeId, async () => {
            // It was written before, and what is in etcd may be erased already.
            if (stored.isOfCluster) await stored.write(records);
          });
          for (const topic of lowered) {
            const whose = topic === "" ? "all topics" : topic;
            context.note(
              escaped(`min.insync.replicas of ${whose} is 1 now: there is one replica.`),
            );
          }
          context.note(`Start node ${nodeId} without --cluster now.`);
          return exitCode.ok;
        }),
    );
  },
});

function checkCarried(
  home: EtcdMetadataStore,
  { nodeId, clusterId }: { readonly nodeId: number; readonly clusterId: string },
): void {
  if (home.clusterId !== clusterId) {
    throw new UsageFault(
      `the data folder is of the cluster ${clusterId}, and the one in etcd is ${home.clusterId}`,
    );
  }
  checkMovedTo(home, nodeId);
}

function checkMovedTo({ moving: { movedTo } }: EtcdMetadataStore, nodeId: number): void {
  if (movedTo === undefined || movedTo === nodeId) return;
  throw new UsageFault(
    `the cluster was carried to node ${movedTo}, whose data folder is the one to name`,
  );
}

function taken({ clusterId }: EtcdMetadataStore): UsageFault {
  return new UsageFault(
    `there is a cluster of that name already, with the id ${clusterId}: import into another name`,
  );
}

function isSame(
  a: readonly MetadataRecordInput[],
  b: readonly MetadataRecordInput[],
): boolean {
  const text = (records: readonly MetadataRecordInput[]) =>
    records.map((record) => encodeMetadataRecord(record).join()).join("\n");
  return text(a) === text(b);
}

function refuseLacking(nodeId: number, lacking: readonly string[]): void {
  if (lacking.length === 0) return;
  const named = lacking.slice(0, namedMax).join(", ");
  const more = lacking.length > namedMax ? ` and ${lacking.length - namedMax} more` : "";
  throw new UsageFault(
    `broker ${nodeId} was not in sync of ${named}${more}: start the cluster, have that broker ` +
      "copy them (ottla cluster move), and stop it last",
  );
}

function sayCarried(context: CliContext, what: string, { image }: EtcdMetadataStore): void {
  const { topicCount, partitionCount } = image;
  context.out(
    escaped(`${what} ${topicCount} topics with ${partitionCount} partitions.`) + "\n",
  );
}

export const carryCommands = [importCommand, exportCommand];
