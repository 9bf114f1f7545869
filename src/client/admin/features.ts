// Features of a cluster, for tools: which level of each is in force, which there could be, and
// another one (KIP-584). Loaded when it is asked for.

import { programVersion } from "../../base/version.ts";
import { UpdateFeatures } from "../../protocol/apis/57_update_features.ts";
import { ApiVersions } from "../../protocol/mod.ts";
import { describeCluster } from "./cluster.ts";
import { onController } from "./topics.ts";
import type { Client } from "../client.ts";
import { checkCode } from "../faults.ts";

/** A feature, and the levels that it can have. */
export interface ClusterFeature {
  /** Its name, such as `metadata.version`. */
  readonly name: string;
  /** The level in force; 0: it is off. */
  readonly level: number;
  /** The lowest level that every broker can do. */
  readonly min: number;
  /** The highest one. */
  readonly max: number;
}

/** How a level may change: one that goes down loses nothing, or what it has to (KIP-778). */
export type FeatureChange = "upgrade" | "downgrade" | "unsafe_downgrade";

const upgradeTypes: Readonly<Record<FeatureChange, number>> = {
  upgrade: 1,
  downgrade: 2,
  unsafe_downgrade: 3,
};

/** The features of the cluster, by name. */
export async function listFeatures(client: Client): Promise<ClusterFeature[]> {
  const { brokers } = await describeCluster(client);
  const answers = await Promise.all(brokers.map(async ({ id }) => {
    const answer = await client.request(ApiVersions, {
      clientSoftwareName: "ottla",
      clientSoftwareVersion: programVersion,
    }, { to: id });
    checkCode(answer.errorCode, `ask broker ${id} for its features`);
    return answer;
  }));
  const [first, ...others] = answers;
  const features = (first?.supportedFeatures ?? []).flatMap(({ name, minVersion, maxVersion }) => {
    const range = { min: minVersion, max: maxVersion };
    for (const { supportedFeatures } of others) {
      const found = supportedFeatures.find((each) => each.name === name);
      range.min = Math.max(range.min, found?.minVersion ?? Infinity);
      range.max = Math.min(range.max, found?.maxVersion ?? -1);
    }
    const level = first?.finalizedFeatures.find((each) => each.name === name)?.maxVersionLevel;
    return range.min > range.max ? [] : [{ name, level: level ?? 0, ...range }];
  });
  return features.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Has features at these levels, all of them or none: INVALID_UPDATE_VERSION and the like. */
export async function updateFeatures(
  client: Client,
  levels: Readonly<Record<string, number>>,
  how: { readonly change: FeatureChange; readonly validateOnly?: boolean },
): Promise<void> {
  const { change, validateOnly = false } = how;
  await onController(client, async () => {
    const answer = await client.request(UpdateFeatures, {
      featureUpdates: Object.entries(levels).map(([feature, maxVersionLevel]) => (
        { feature, maxVersionLevel, upgradeType: upgradeTypes[change] }
      )),
      timeoutMs: client.options.requestTimeoutMs,
      validateOnly,
    }, { to: "controller" });
    checkCode(answer.errorCode, "change the features", answer.errorMessage);
    for (const { feature, errorCode, errorMessage } of answer.results) {
      checkCode(errorCode, `change ${feature}`, errorMessage);
    }
  });
}
