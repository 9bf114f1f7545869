// Every API at every version that ApiVersions tells: a small valid request is answered, the answer
// decodes to its last byte, nothing in it is an error, and no client is told to slow down.
// One connection asks for all versions, so one that closed it would fail those behind it, too.

import { assertEquals } from "@std/assert";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import {
  apiName,
  ApiVersions,
  ErrorCode,
  FindCoordinator,
  InitProducerId,
} from "../../src/protocol/mod.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { freshName, sharedBroker } from "../harness/shared_broker.ts";
import {
  apiNamed,
  errorsIn,
  expectedErrors,
  type Names,
  smallRequests,
} from "../harness/small_requests.ts";

const shared = sharedBroker({ coordinates: true });

/** Asks for something by an API's name. */
class Asker implements Disposable {
  readonly client: RawClient;
  readonly #names: Omit<Names, "version">;

  constructor(client: RawClient, names: Omit<Names, "version">) {
    this.client = client;
    this.#names = names;
  }

  static async connect(): Promise<Asker> {
    const client = await shared.connect();
    const { name: topic, topicId } = await makeTopic(client);
    await produceTo(client, { topic, records: batchOf(["first"]) });
    const [newTopic, group] = [freshName("new-topic"), freshName("group")];
    return new Asker(client, { topic, topicId, newTopic, group, memberId: "" });
  }

  with(names: Partial<Names>): Asker {
    return new Asker(this.client, { ...this.#names, ...names });
  }

  /** Sends the small request of API `name`, and returns the answer. */
  // deno-lint-ignore no-explicit-any
  async ask(name: string, version: number): Promise<any> {
    const message = smallRequests[name]({ ...this.#names, version });
    return await this.client.ask(apiNamed(name), version, message);
  }

  async findShareState(): Promise<void> {
    const { group, topicId } = this.#names;
    const coordinatorKeys = [`${group}:${topicId}:0`];
    await this.client.ask(FindCoordinator, 6, { keyType: 2, coordinatorKeys });
  }

  /** Enters the group as its only member. */
  async join(): Promise<Asker> {
    const { memberId } = await this.ask("JoinGroup", 3);
    return this.with({ memberId });
  }

  /** Becomes the producer of a transactional id that is called as the group is. */
  async initProducer(): Promise<Asker> {
    const { group: transactionalId } = this.#names;
    const coordinatorKeys = [transactionalId];
    await this.client.ask(FindCoordinator, 6, { keyType: 1, coordinatorKeys });
    const request = { transactionalId, transactionTimeoutMs: 60_000 };
    const { producerId } = await this.client.ask(InitProducerId, 4, request);
    return this.with({ producerId: Number(producerId) });
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
  }
}

/** Finds the coordinator of share state, which makes its topic. */
async function findShareState(asker: Asker): Promise<Asker> {
  await asker.findShareState();
  return asker;
}

/** Begins a share partition's state. */
async function beginShareState(asker: Asker): Promise<Asker> {
  await asker.findShareState();
  await asker.ask("InitializeShareGroupState", 0);
  return asker;
}

/** Begins a share group, with a member. */
async function joinShareGroup(asker: Asker): Promise<Asker> {
  await asker.ask("ShareGroupHeartbeat", 1);
  return asker;
}

/** Brings what a request is about into being. */
const before: Record<string, (asker: Asker) => Promise<Asker>> = {
  Heartbeat: (asker) => asker.join(),
  LeaveGroup: (asker) => asker.join(),
  SyncGroup: (asker) => asker.join(),
  DescribeGroups: async (asker) => {
    const joined = await asker.join();
    await joined.ask("SyncGroup", 3);
    return joined;
  },
  CreatePartitions: async (asker) => {
    await asker.ask("CreateTopics", 5);
    return asker;
  },
  DeleteTopics: async (asker) => {
    await asker.ask("CreateTopics", 5);
    return asker;
  },
  DeleteGroups: async (asker) => {
    await asker.ask("OffsetCommit", 5);
    return asker;
  },
  ConsumerGroupDescribe: async (asker) => {
    await asker.ask("ConsumerGroupHeartbeat", 1);
    return asker;
  },
  StreamsGroupDescribe: async (asker) => {
    await asker.ask("StreamsGroupHeartbeat", 1);
    return asker;
  },
  AddPartitionsToTxn: (asker) => asker.initProducer(),
  AddOffsetsToTxn: (asker) => asker.initProducer(),
  DescribeTransactions: (asker) => asker.initProducer(),
  TxnOffsetCommit: async (asker) => {
    const producer = await asker.initProducer();
    await producer.ask("AddOffsetsToTxn", 3);
    return producer;
  },
  EndTxn: async (asker) => {
    const producer = await asker.initProducer();
    await producer.ask("AddPartitionsToTxn", 3);
    return producer;
  },
  OffsetDelete: async (asker) => {
    await asker.ask("OffsetCommit", 5);
    return asker;
  },
  ShareFetch: beginShareState,
  ShareAcknowledge: async (asker) => {
    await asker.ask("ShareFetch", 1);
    return asker;
  },
  InitializeShareGroupState: findShareState,
  DeleteShareGroupState: findShareState,
  ReadShareGroupStateSummary: findShareState,
  ReadShareGroupState: beginShareState,
  ShareGroupDescribe: joinShareGroup,
  DescribeShareGroupOffsets: joinShareGroup,
  WriteShareGroupState: beginShareState,
};

Deno.test("every API is answered at every version that is advertised", async (t) => {
  using client = await shared.connect();
  const software = { clientSoftwareName: "test", clientSoftwareVersion: "1.0" };
  // Telemetry is told of where somebody has asked for clients' metrics.
  const configs = [{ name: "interval.ms", configOperation: 0, value: "60000" }];
  await client.ask(IncrementalAlterConfigs, 1, {
    resources: [{ resourceType: 16, resourceName: "watch", configs }],
    validateOnly: false,
  });
  const { apiKeys } = await client.ask(ApiVersions, 3, software);
  const names = apiKeys.map(({ apiKey }) => apiName(apiKey));
  assertEquals(names.sort(), Object.keys(smallRequests).sort(), "each needs a small request");
  for (const { apiKey, minVersion, maxVersion } of apiKeys) {
    const name = apiName(apiKey);
    await t.step(`${name} ${minVersion} to ${maxVersion}`, async () => {
      using asker = await Asker.connect();
      for (let version = minVersion; version <= maxVersion; version++) {
        const fresh = asker.with({ group: freshName("group"), newTopic: freshName("new-topic") });
        const prepared = await before[name]?.(fresh) ?? fresh;
        const answer = await prepared.ask(name, version);
        const needsMemberId = name === "JoinGroup" && version >= 4;
        const error = needsMemberId ? ErrorCode.MEMBER_ID_REQUIRED : expectedErrors[name];
        assertEquals(errorsIn(answer), error === undefined ? [] : [error], `${name} v${version}`);
        assertEquals(answer.throttleTimeMs ?? 0, 0);
      }
    });
  }
});
