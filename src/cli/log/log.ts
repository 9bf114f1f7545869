// `ottla log`: looks into the files of a data folder, and cuts what cannot be read: without a
// broker. `log dirs` asks brokers where their files are. What they need is loaded when they run.

import { ArgumentFault, command, jsonOption } from "../arguments.ts";
import { brokerOptions, withClient } from "../broker_client.ts";

const dump = command({
  name: "log dump",
  operands: ["FILE|FOLDER..."],
  about: "print what is in files of a data folder, Kafka's or ours",
  options: {
    records: { kind: "flag", about: "print each record, not only each batch" },
    json: { kind: "flag", about: "print a line of JSON for each thing found" },
  },
  examples: [
    ["log dump ottla-data/orders-0", "batches: offsets, times, producers, checksums; indexes"],
    [
      "log dump --records ottla-data/__cluster_metadata-0/*.log",
      "topics and settings, as recorded",
    ],
    ["log dump ottla-data/*-checkpoint", "single files"],
    ["log dump --records --json ottla-data/__consumer_offsets-3/*.log", "groups, for programs"],
  ],
  run: async (context, { operands, options }) => {
    const { dumpFiles } = await import("./dump.ts");
    return await dumpFiles(context, { paths: operands, ...options });
  },
});

const repair = command({
  name: "log repair",
  operands: ["FOLDER"],
  about: "show what is damaged in a data folder, and cut it with --yes",
  options: {
    yes: { kind: "flag", about: "do it; what is cut is kept in .cut files" },
    "fill-gaps": {
      kind: "flag",
      about: "also bridge gaps between batches; compacted topics have natural ones",
    },
    json: { kind: "flag", about: "print a line of JSON for each thing found" },
  },
  examples: [
    ["log repair ottla-data", "look through all partitions, change nothing"],
    ["log repair ottla-data/orders-0 --yes", "cut what cannot be read, convert what is old"],
  ],
  run: async (context, { operands: [folder], options }) => {
    if (folder === "") throw new ArgumentFault("log repair needs FOLDER");
    const { repairFolder } = await import("./repair.ts");
    const { yes, json, "fill-gaps": fillGaps } = options;
    return await repairFolder(context, { folder, yes, json, fillGaps });
  },
});

const dirs = command({
  name: "log dirs",
  operands: [],
  about: "show where brokers keep their partitions, and how much they are",
  options: {
    partitions: { kind: "flag", about: "each partition" },
    ...jsonOption,
    ...brokerOptions,
  },
  examples: [["log dirs", "each directory with what is in it and what is free"]],
  run: (context, { options }) =>
    withClient(context, options, async (client) => {
      const { showLogDirs } = await import("./dirs.ts");
      return await showLogDirs(context, client, options);
    }),
});

const strays = command({
  name: "log strays",
  operands: ["FOLDER"],
  about: "show what was set aside in a data folder, and how large it is",
  options: jsonOption,
  examples: [["log strays ottla-data", "replicas that were copied anew, or that nobody knows"]],
  run: async (context, { operands: [folder], options: { json } }) => {
    if (folder === "") throw new ArgumentFault("log strays needs FOLDER");
    const { showStrays } = await import("./strays.ts");
    return showStrays(context, { folder, json });
  },
});

export const commands = [dump, repair, strays, dirs];
