// Handlers about the cluster and its brokers: 18 ApiVersions, 34 AlterReplicaLogDirs,
// 35 DescribeLogDirs, 43 ElectLeaders, 45 AlterPartitionReassignments,
// 46 ListPartitionReassignments, 55 DescribeQuorum, 57 UpdateFeatures, 60 DescribeCluster,
// 64 UnregisterBroker.

import { assert, assertEquals } from "@std/assert";
import { AlterReplicaLogDirs } from "../../protocol/apis/34_alter_replica_log_dirs.ts";
import { DescribeLogDirs } from "../../protocol/apis/35_describe_log_dirs.ts";
import { ElectLeaders } from "../../protocol/apis/43_elect_leaders.ts";
import {
  AlterPartitionReassignments,
} from "../../protocol/apis/45_alter_partition_reassignments.ts";
import { ListPartitionReassignments } from "../../protocol/apis/46_list_partition_reassignments.ts";
import { DescribeQuorum } from "../../protocol/apis/55_describe_quorum.ts";
import { UpdateFeatures } from "../../protocol/apis/57_update_features.ts";
import { DescribeCluster } from "../../protocol/apis/60_describe_cluster.ts";
import { UnregisterBroker } from "../../protocol/apis/64_unregister_broker.ts";
import { ApiVersions, ErrorCode } from "../../protocol/mod.ts";
import { makeTopic } from "../../../tests/harness/raw_requests.ts";
import { simulated } from "../../../tests/harness/simulated_broker.ts";
import { missing } from "../../base/items.ts";

const { NONE, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
const software = { clientSoftwareName: "tests", clientSoftwareVersion: "1" };

Deno.test("ApiVersions tells features from version 3 on, and refuses software without a name", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const old = await client.ask(ApiVersions, 0, {});
    assert(old.apiKeys.some(({ apiKey }) => apiKey === ApiVersions.key));
    const { supportedFeatures } = await client.ask(ApiVersions, 3, software);
    assert(supportedFeatures.some(({ name }) => name === "metadata.version"));
    const nameless = await client.ask(ApiVersions, 3, { ...software, clientSoftwareName: "" });
    assertEquals(nameless.errorCode, ErrorCode.INVALID_REQUEST);
  }));

Deno.test("DescribeLogDirs tells of the partitions that are here, and leaves out the others", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client);
    const topics = [{ topic: name, partitions: [0, 9] }, { topic: "missing", partitions: [0] }];
    const { results: [folder = missing()] } = await client.ask(DescribeLogDirs, 4, { topics });
    assertEquals(
      folder.topics.map((each) => [
        each.name,
        each.partitions.map(({ partitionIndex }) => partitionIndex),
      ]),
      [[name, [0]]],
    );
  }));

Deno.test("AlterReplicaLogDirs moves nothing, and says what is where it is wanted", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client);
    const to = (path: string) => ({ path, topics: [{ name, partitions: [0, 9] }] });
    const codes = async (path: string) => {
      const { results } = await client.ask(AlterReplicaLogDirs, 2, { dirs: [to(path)] });
      return results[0]!.partitions.map(({ errorCode }) => errorCode);
    };
    assertEquals(await codes("/data"), [NONE, UNKNOWN_TOPIC_OR_PARTITION]);
    assertEquals(await codes("/other"), new Array(2).fill(ErrorCode.LOG_DIR_NOT_FOUND));
  }));

Deno.test("ElectLeaders has nothing to do where the preferred replica leads", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name: topic } = await makeTopic(client);
    const topicPartitions = [{ topic, partitions: [0, 9] }];
    const answer = await client.ask(ElectLeaders, 2, { electionType: 0, topicPartitions });
    assertEquals(
      answer.replicaElectionResults[0]!.partitionResult.map(({ errorCode }) => errorCode),
      [ErrorCode.ELECTION_NOT_NEEDED, UNKNOWN_TOPIC_OR_PARTITION],
    );
    const all = await client.ask(ElectLeaders, 2, { electionType: 0, topicPartitions: null });
    assertEquals(all.replicaElectionResults, [{ topic, partitionResult: [] }]);
  }));

Deno.test("reassignments go to brokers that there are, and none is under way", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client);
    const move = (partitionIndex: number, replicas: number[] | null) => ({
      partitionIndex,
      replicas,
    });
    const partitions = [move(0, [1]), move(9, [1])];
    const { responses } = await client.ask(AlterPartitionReassignments, 0, {
      topics: [{ name, partitions }],
    });
    assertEquals(responses[0]!.partitions.map(({ errorCode }) => errorCode), [
      NONE,
      UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    const away = await client.ask(AlterPartitionReassignments, 0, {
      topics: [{ name, partitions: [move(0, [5])] }],
    });
    assertEquals(away.responses[0]!.partitions.map(({ errorCode }) => errorCode), [
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ]);
    const listed = await client.ask(ListPartitionReassignments, 0, { topics: null });
    assertEquals([listed.errorCode, listed.topics], [NONE, []]);
  }));

Deno.test("DescribeQuorum knows the metadata's partition, and no other", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const codes = async (topicName: string, partitionIndex: number) => {
      const topics = [{ topicName, partitions: [{ partitionIndex }] }];
      const answer = await client.ask(DescribeQuorum, 2, { topics });
      return answer.topics.flatMap(({ partitions }) => partitions.map((each) => each.errorCode));
    };
    assertEquals(await codes("__cluster_metadata", 0), [NONE]);
    assertEquals(await codes("other", 0), [UNKNOWN_TOPIC_OR_PARTITION]);
  }));

Deno.test("UpdateFeatures refuses all of its updates for the sake of one", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const update = (feature: string, maxVersionLevel: number) => ({
      feature,
      maxVersionLevel,
      allowDowngrade: false,
      upgradeType: 1,
    });
    const ask = async (version: number, featureUpdates: ReturnType<typeof update>[]) => {
      const { errorCode, results } = await client.ask(UpdateFeatures, version, { featureUpdates });
      return [errorCode, results];
    };
    const { supportedFeatures } = await client.ask(ApiVersions, 3, software);
    const known = supportedFeatures.find(({ name }) => name === "metadata.version")!;
    const fine = update(known.name, known.maxVersion);
    const { INVALID_UPDATE_VERSION } = ErrorCode;
    const refused = [INVALID_UPDATE_VERSION, []];
    assertEquals(await ask(1, [fine, update("metadata.version", 9999)]), refused);
    assertEquals(await ask(2, [fine, update("no.such.feature", 1)]), refused);
    assertEquals(await ask(2, [fine]), [NONE, []]);
  }));

Deno.test("DescribeCluster is asked for brokers: there is no controller to speak of", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const asked = { includeClusterAuthorizedOperations: false };
    const { brokers, controllerId } = await client.ask(DescribeCluster, 0, asked);
    assertEquals([brokers.map(({ brokerId }) => brokerId), controllerId], [[1], 1]);
    const codes: number[] = [];
    for (const endpointType of [1, 2, 7]) {
      codes.push((await client.ask(DescribeCluster, 1, { ...asked, endpointType })).errorCode);
    }
    const { MISMATCHED_ENDPOINT_TYPE, UNSUPPORTED_ENDPOINT_TYPE } = ErrorCode;
    assertEquals(codes, [NONE, MISMATCHED_ENDPOINT_TYPE, UNSUPPORTED_ENDPOINT_TYPE]);
  }));

Deno.test("UnregisterBroker forgets nobody whom it does not know", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { errorCode } = await client.ask(UnregisterBroker, 0, { brokerId: 9 });
    assertEquals(errorCode, ErrorCode.BROKER_ID_NOT_REGISTERED);
  }));
