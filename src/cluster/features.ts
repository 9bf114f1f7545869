// UpdateFeatures (KIP-584, KIP-778): finalizes a feature at another level, which for
// metadata.version allows records in newer versions from then on.
//
//   all of a request's updates are good -> a FeatureLevelRecord each; one is bad -> none
//
// The level of metadata.version goes up only: the records of a newer level may be in the log
// already, and who reads the log at a lower one would not know them. Kafka's other features are
// known, and have no other level than 0 here: a folder of Kafka's may bring a higher one, which can
// go down.
//
// Differs from Kafka: `kafka-features.sh upgrade --release-version` is refused as a whole, since it
// asks for level 1 of kraft.version and eligible.leader.replicas.version, which are not supported;
// name the features with `--feature`.

import { ErrorCode, type RequestOf, type ResponseInput } from "../protocol/mod.ts";
import type { UpdateFeatures } from "../protocol/apis/57_update_features.ts";
import { type FeatureRange, featuresAtZero, metadataVersionFeature } from "./feature_levels.ts";
import type { MetadataImage } from "./image/image.ts";
import type { Decision } from "./home/store.ts";

type Request = RequestOf<typeof UpdateFeatures>;
type Response = ResponseInput<typeof UpdateFeatures>;
type Update = Request["featureUpdates"][number];

const upgradeType = { UPGRADE: 1, SAFE_DOWNGRADE: 2, UNSAFE_DOWNGRADE: 3 } as const;

export interface UpdateFeaturesOptions {
  readonly version: number;
  readonly supported: readonly FeatureRange[];
}

/** Answers UpdateFeatures. */
export function decideUpdateFeatures(
  image: MetadataImage,
  request: Request,
  options: UpdateFeaturesOptions,
): Decision<Response> {
  const { version, supported } = options;
  for (const update of request.featureUpdates) {
    const problem = updateProblem(image, withUpgradeType(update, version), supported);
    if (problem === undefined) continue;
    const errorMessage = "The update failed for all features since the following feature had an " +
      `error: ${problem}`;
    const response = { errorCode: ErrorCode.INVALID_UPDATE_VERSION, errorMessage, results: [] };
    return { records: [], response };
  }
  const changed = request.featureUpdates.filter(({ feature, maxVersionLevel }) =>
    (image.features.get(feature) ?? 0) !== maxVersionLevel
  );
  const records = changed.map(({ feature: name, maxVersionLevel: featureLevel }) => ({
    type: "FeatureLevelRecord" as const,
    version: 0,
    fields: { name, featureLevel },
  }));
  const results = version >= 2 ? [] : request.featureUpdates.map(({ feature }) => ({
    feature,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
  }));
  const response = { errorCode: ErrorCode.NONE, errorMessage: null, results };
  return { records: request.validateOnly ? [] : records, response };
}

/** Which registered broker cannot serve a level, and why; one that is away comes back with it. */
function whoLacks(
  image: MetadataImage,
  { name, level }: { readonly name: string; readonly level: number },
): string | undefined {
  for (const { id, features } of image.brokers()) {
    // Of one that was registered at a level that cannot say it, nothing is known.
    if (features.length === 0) continue;
    const range = features.find((each) => each.name === name);
    if (range === undefined) return `Broker ${id} does not support this feature.`;
    const { minSupportedVersion: min, maxSupportedVersion: max } = range;
    if (level < min || level > max) return `Broker ${id} only supports versions ${min}-${max}`;
  }
  return undefined;
}

/** Version 0 has a flag in the place of the upgrade type. */
function withUpgradeType(update: Update, version: number): Update {
  if (version > 0) return update;
  const type = update.allowDowngrade ? upgradeType.SAFE_DOWNGRADE : upgradeType.UPGRADE;
  return { ...update, upgradeType: type };
}

function updateProblem(
  image: MetadataImage,
  { feature, maxVersionLevel: level, upgradeType: type }: Update,
  supported: readonly FeatureRange[],
): string | undefined {
  const invalid = (why: string) => `Invalid update version ${level} for feature ${feature}. ${why}`;
  if (!Object.values<number>(upgradeType).includes(type)) {
    return invalid("The controller does not support the given upgrade type.");
  }
  if (level < 0) return invalid("A feature version cannot be less than 0.");
  const current = image.features.get(feature) ?? 0;
  const range = [...supported, ...featuresAtZero].find(({ name }) => name === feature);
  if (range === undefined) {
    return level === 0 && current === 0
      ? invalid(`Feature ${feature} not found.`)
      : invalid("This broker does not support this feature.");
  }
  if (level < range.minVersion || level > range.maxVersion) {
    return invalid(`This broker only supports versions ${range.minVersion}-${range.maxVersion}`);
  }
  if (level === current) return undefined;
  const lacking = level > 0 ? whoLacks(image, { name: feature, level }) : undefined;
  if (lacking !== undefined) return invalid(lacking);
  if (level > current) {
    return type === upgradeType.UPGRADE
      ? undefined
      : invalid("Can't downgrade to a newer version.");
  }
  if (type === upgradeType.UPGRADE) {
    return invalid(
      "Can't downgrade the version of this feature without setting the upgrade type to either " +
        "safe or unsafe downgrade.",
    );
  }
  if (feature !== metadataVersionFeature) return undefined;
  return `Unsupported ${feature} downgrade from ${current} to ${level}. Refusing to perform the ` +
    "requested downgrade because it might delete metadata information.";
}
