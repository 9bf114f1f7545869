// This broker as the metadata tells of it:
//
//   start --join--> registered, unfenced, leader of what only it has --leave--> fenced
//
// and which of its data directories hold which logs. One node decides all of that about itself; in
// a cluster the controller will, with the same functions of src/cluster.

import { messageOf } from "../base/faults.ts";
import type { Uuid } from "../base/ids.ts";
import {
  type ChangeQueue,
  decideBootstrap,
  decideDirectories,
  decideFenceBroker,
  decideLeadership,
  decideRegisterBroker,
  decideWorkingDirectories,
  metadataVersionFeature,
  metadataVersionRange,
} from "../cluster/mod.ts";
import type { Logger } from "../runtime/ports.ts";
import type { BrokerConfig } from "./config.ts";
import type { MetadataLog } from "./metadata_log.ts";
import type { Storage } from "./storage.ts";

/** Features with the levels that this broker can serve. */
export const supportedFeatures = [{
  name: metadataVersionFeature,
  minVersion: metadataVersionRange.min,
  maxVersion: metadataVersionRange.max,
}] as const;

export interface MembershipOptions {
  readonly config: BrokerConfig;
  readonly storage: Storage;
  readonly metadata: MetadataLog;
  readonly change: ChangeQueue;
  readonly newUuid: () => Uuid;
  readonly logger: Logger;
}

export class Membership {
  readonly #options: MembershipOptions;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Registers this broker, and makes it leader of what is its own. */
  async join(): Promise<void> {
    const { config, storage, metadata, change, newUuid } = this.#options;
    const { nodeId: brokerId } = storage;
    await metadata.lead(brokerId);
    await change((image) =>
      decideBootstrap(image, {
        formatted: metadata.formatted,
        metadataVersion: config.get("ottla.metadata.version"),
        minInSyncReplicas: config.get("min.insync.replicas"),
      })
    );
    const registration = {
      brokerId,
      incarnationId: newUuid(),
      endPoints: config.listeners.map(({ name, host, port }) => ({
        name,
        host,
        port,
        securityProtocol: 0,
      })),
      rack: config.get("broker.rack"),
      directories: storage.directoryIds,
      features: supportedFeatures.map(({ name, minVersion, maxVersion }) => ({
        name,
        minSupportedVersion: minVersion,
        maxSupportedVersion: maxVersion,
      })),
    };
    const leadership = { brokerId, newEpochs: !storage.wasShutDownCleanly };
    // Together, for the sake of one sync instead of two at every start.
    await change((image) => {
      const registered = decideRegisterBroker(image, registration);
      const led = decideLeadership(image, leadership);
      return { records: [...registered.records, ...led.records], response: undefined };
    });
  }

  /** Says that this broker is gone. A log that cannot take it says so at the next start. */
  async leave(): Promise<void> {
    const { storage, change, logger } = this.#options;
    try {
      await change((image) => decideFenceBroker(image, storage.nodeId));
    } catch (error) {
      logger.log("warn", "the end of this broker could not be recorded", {
        reason: messageOf(error),
      });
    }
  }

  /** Tells which directories hold the logs, of one topic or of all. */
  async recordDirectories(topic?: string): Promise<void> {
    const { storage, change } = this.#options;
    const placed = { brokerId: storage.nodeId, replicas: storage.placements(topic) };
    await change((image) => decideDirectories(image, placed));
  }

  /** Tells which directories still work, after one has failed. */
  recordWorkingDirectories(): void {
    const { storage, change, logger } = this.#options;
    const working = { brokerId: storage.nodeId, directories: storage.directoryIds };
    change((image) => decideWorkingDirectories(image, working)).catch((error) => {
      logger.log("error", "that a data directory failed could not be recorded", {
        reason: messageOf(error),
      });
    });
  }
}
