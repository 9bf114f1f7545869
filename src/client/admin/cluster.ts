// The cluster and its brokers, for tools.

import type { BrokerId } from "../../base/ids.ts";
import { programVersion } from "../../base/version.ts";
import { apiName, ApiVersions, DescribeCluster } from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import { checkCode } from "../faults.ts";
import type { BrokerMetadata } from "../metadata.ts";

/** A cluster and its brokers. */
export interface ClusterDescription {
  /** Its id, given when it was made. */
  readonly clusterId: string;
  /** The broker to ask for changes; -1 where none is told. */
  readonly controller: number;
  /** Who is in it. */
  readonly brokers: readonly BrokerMetadata[];
}

/** The cluster's id, its controller and its brokers. */
export async function describeCluster(client: Client): Promise<ClusterDescription> {
  const answer = await client.request(DescribeCluster, {
    includeClusterAuthorizedOperations: false,
  }, { to: "any" });
  checkCode(answer.errorCode, "describe the cluster", answer.errorMessage);
  return {
    clusterId: answer.clusterId,
    controller: answer.controllerId,
    brokers: answer.brokers.map(({ brokerId, host, port, rack }) => ({
      id: brokerId,
      host,
      port,
      rack,
    })),
  };
}

/** What a broker serves. */
export interface ServedApis {
  /** The broker. */
  readonly broker: BrokerId;
  /** Its APIs by key, each with the versions that it takes. */
  readonly apis: readonly {
    readonly key: number;
    readonly name: string;
    readonly min: number;
    readonly max: number;
  }[];
}

/** The APIs and versions that each broker of the cluster serves, asked of itself. */
export async function servedApis(client: Client): Promise<ServedApis[]> {
  const { brokers } = await describeCluster(client);
  return await Promise.all(brokers.map(async ({ id: broker }) => {
    const answer = await client.request(ApiVersions, {
      clientSoftwareName: "ottla",
      clientSoftwareVersion: programVersion,
    }, { to: broker });
    checkCode(answer.errorCode, `ask broker ${broker} for its versions`);
    const apis = answer.apiKeys.map(({ apiKey: key, minVersion: min, maxVersion: max }) => (
      { key, name: apiName(key), min, max }
    ));
    return { broker, apis: apis.sort((a, b) => a.key - b.key) };
  }));
}
