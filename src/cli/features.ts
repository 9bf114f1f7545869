// `ottla features`: which level of each feature a cluster has, and another one.

import { type FeatureChange, loadFeatureAdmin } from "../client/mod.ts";
import { ArgumentFault, command, jsonOption } from "./arguments.ts";
import { brokerOptions, withClient } from "./broker_client.ts";
import { type CliContext, exitCode } from "./context.ts";
import { renderJson, renderTable } from "./table.ts";

const list = command({
  name: "features list",
  also: ["describe"],
  operands: [],
  about: "list the features, with the level in force and those that could be",
  options: { ...jsonOption, ...brokerOptions },
  examples: [["features list", "what the cluster has, and what all its brokers can do"]],
  run: (context, { options }) =>
    withClient(context, options, async (client) => {
      const { listFeatures } = await loadFeatureAdmin();
      const features = await listFeatures(client);
      if (options.json) context.out(renderJson(features));
      else if (features.length === 0) context.note("The cluster tells of no features.");
      else {
        const rows = features.map(({ name, level, min, max }) => [name, level, min, max]);
        context.out(renderTable(["feature", "level", "lowest", "highest"], rows));
      }
      return exitCode.ok;
    }),
});

/** The levels that words such as `metadata.version=30` name. */
function levelsOf(words: readonly string[]): Record<string, number> {
  return Object.fromEntries(words.map((word) => {
    const [, name, level] = /^([^=]+)=(\d{1,5})$/.exec(word) ?? [];
    if (name !== undefined) return [name, Number(level)];
    throw new ArgumentFault(`"${word}" is not FEATURE=LEVEL`);
  }));
}

const dryRun = {
  "dry-run": { kind: "flag", about: "only say whether it would work" },
} as const;

const operands = ["FEATURE=LEVEL..."] as const;

const upgrade = command({
  name: "features upgrade",
  operands,
  about: "raise features to another level, all of them or none",
  options: { ...dryRun, ...brokerOptions },
  examples: [
    ["features upgrade metadata.version=30", "once every broker runs a program that can do it"],
    ["features upgrade share.version=1 --dry-run", "would it work?"],
  ],
  run: (context, { operands, options }) => {
    const levels = levelsOf(operands);
    return withClient(context, options, async (client) => {
      const { updateFeatures } = await loadFeatureAdmin();
      const validateOnly = options["dry-run"];
      await updateFeatures(client, levels, { change: "upgrade", validateOnly });
      return tell(context, { levels, validateOnly });
    });
  },
});

const downgrade = command({
  name: "features downgrade",
  also: ["disable"],
  operands,
  about: "lower features to another level, 0 turns one off",
  options: {
    unsafe: { kind: "flag", about: "even if what the newer level has written is lost" },
    ...dryRun,
    ...brokerOptions,
  },
  examples: [["features downgrade share.version=0", "no share groups any more"]],
  run: (context, { operands, options }) => {
    const levels = levelsOf(operands);
    return withClient(context, options, async (client) => {
      const { updateFeatures } = await loadFeatureAdmin();
      const change: FeatureChange = options.unsafe ? "unsafe_downgrade" : "downgrade";
      const validateOnly = options["dry-run"];
      await updateFeatures(client, levels, { change, validateOnly });
      return tell(context, { levels, validateOnly });
    });
  },
});

function tell(
  context: CliContext,
  of: { readonly levels: Readonly<Record<string, number>>; readonly validateOnly: boolean },
): number {
  const words = Object.entries(of.levels).map(([name, level]) => `${name}=${level}`).join(", ");
  context.note(
    of.validateOnly
      ? `It would work. Nothing was changed (--dry-run): ${words}.`
      : `Changed: ${words}.`,
  );
  return exitCode.ok;
}

export const commands = [list, upgrade, downgrade];
