// A broker that passes for one of another release of Kafka: it tells the APIs, versions and
// features of that release, and takes no others.
//
//   ApiVersions answer   ours ∩ the release's, with its features in place of ours
//   another request      outside of that: the connection is closed, as Kafka does it
//
// Left out is what only brokers ask of each other. How an API behaves is ours, whichever the
// release.

import { ConnectionFault, UsageFault } from "../base/faults.ts";
import type { Dispatched } from "../broker/mod.ts";
import { apiName, ApiVersions, encodeResponse, ErrorCode } from "../protocol/mod.ts";
import type { Struct } from "../protocol/message_topics.ts";
import { type KafkaRelease, type ReleaseFacts, releaseFacts } from "./releases_table.ts";
import type { SeenRequest } from "./requests.ts";

interface Range {
  readonly min: number;
  readonly max: number;
}

/** What a broker of a release tells and takes. */
export class Release {
  readonly #name: string;
  readonly #facts: ReleaseFacts;
  readonly #ranges: ReadonlyMap<number, Range>;

  /** Throws UsageFault for a release that is not known. */
  constructor(name: string) {
    if (!Object.hasOwn(releaseFacts, name)) {
      const known = Object.keys(releaseFacts).join(", ");
      throw new UsageFault(`asKafka: "${name}" is none of the releases ${known}`);
    }
    this.#name = name;
    this.#facts = releaseFacts[name as KafkaRelease];
    this.#ranges = new Map(
      this.#facts.apis.split(" ").map((text) => {
        const [key = 0, min = 0, max = 0] = text.split(/[:-]/).map(Number);
        return [key, { min, max }];
      }),
    );
  }

  /**
   * The answer to what a broker of this release does not take; undefined for what it does. Throws
   * ConnectionFault for what it would close the connection for.
   */
  refusal({ table, version, correlationId }: SeenRequest): Dispatched["reply"] | undefined {
    const range = this.#ranges.get(table.key);
    if (range !== undefined && version >= range.min && version <= range.max) return undefined;
    if (range !== undefined && table.key === ApiVersions.key) {
      const { min: minVersion, max: maxVersion } = range;
      const apiKeys = [{ apiKey: table.key, minVersion, maxVersion }];
      const errorCode = ErrorCode.UNSUPPORTED_VERSION;
      return encodeResponse(ApiVersions, 0, correlationId, { errorCode, apiKeys });
    }
    const asked = `${apiName(table.key)} version ${version}`;
    throw new ConnectionFault(`${asked} is not served by Kafka ${this.#name}`);
  }

  /** What the release tells, as far as we serve it. */
  versions(answer: Struct, version: number): Struct {
    const { apiKeys } = answer as { apiKeys: readonly ToldRange[] };
    const features = Object.entries(this.#facts.features);
    return {
      ...answer,
      apiKeys: apiKeys.flatMap((told) => this.#narrowed(told)),
      // Clients of before version 4 cannot read a feature that begins at level 0.
      supportedFeatures: features
        .filter(([, { min }]) => version >= 4 || min > 0)
        .map(([name, { min, max }]) => ({ name, minVersion: min, maxVersion: max })),
      finalizedFeatures: features
        .filter(([, { level }]) => level > 0)
        .map(([name, { level }]) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
      finalizedFeaturesEpoch: features.length === 0 ? -1 : answer.finalizedFeaturesEpoch,
    };
  }

  #narrowed({ apiKey, minVersion, maxVersion }: ToldRange): ToldRange[] {
    const range = this.#ranges.get(apiKey);
    if (range === undefined) return [];
    const [min, max] = [Math.max(minVersion, range.min), Math.min(maxVersion, range.max)];
    return min > max ? [] : [{ apiKey, minVersion: min, maxVersion: max }];
  }
}

interface ToldRange {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}
