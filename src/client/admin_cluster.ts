// The cluster and its brokers, for tools.

import { DescribeCluster } from "../protocol/mod.ts";
import type { Client } from "./client.ts";
import { checkCode } from "./faults.ts";
import type { BrokerMetadata } from "./metadata.ts";

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
