// @confluentinc/kafka-javascript: librdkafka for Node. Producers and consumers are those of its older
// face, which shows what librdkafka has; topics and groups are for the admin client of its newer one.
// It is an addon of the machine's own Node, whatever its age, and so this is JavaScript.
//
//   node confluent_javascript.js FOLDER_OF_NODE_MODULES 127.0.0.1:9092 [WAY]
//   node confluent_javascript.js FOLDER_OF_NODE_MODULES --features
//
// The lines that it exchanges with the tests are told in process_driver.ts.

import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";

const [folder, bootstrap, way] = process.argv.slice(2);
const packageName = "@confluentinc/kafka-javascript";
const require = createRequire(`${folder}/`);
const library = require(packageName);
const { CODES, KafkaConsumer, KafkaJS, Producer } = library;
const { version } = require(`${packageName}/package.json`);

const bytesMax = 16_000_000;
const tokenMs = 300_000;
const secured = way === undefined ? {} : propertiesOf(JSON.parse(way));
const base = { "bootstrap.servers": bootstrap, "log_level": 0, ...secured };
const quiet = { brokers: bootstrap.split(","), logLevel: KafkaJS.logLevel.NOTHING };
const admin = new KafkaJS.Kafka({ kafkaJS: quiet, ...secured }).admin();
const members = new Map();

function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** How it comes in, in librdkafka's words; the way is driver.ts's. */
function propertiesOf({ ca, cert, key, logIn }) {
  const properties = { "security.protocol": "SSL", "ssl.ca.location": ca };
  if (cert !== undefined) {
    properties["ssl.certificate.location"] = cert;
    properties["ssl.key.location"] = key;
  }
  if (logIn === undefined) return properties;
  properties["security.protocol"] = "SASL_SSL";
  properties["sasl.mechanism"] = logIn.mechanism;
  if (logIn.mechanism === "OAUTHBEARER") {
    const told = { tokenValue: logIn.token, lifetime: Date.now() + tokenMs, principal: "alice" };
    properties["oauthbearer_token_refresh_cb"] = (_, done) => done(null, told);
  } else {
    properties["sasl.username"] = logIn.username;
    properties["sasl.password"] = logIn.password;
  }
  return properties;
}

/** Calls what takes a callback for its last argument. */
function promised(call) {
  return new Promise((resolve, reject) => {
    call((error, result) => error ? reject(error) : resolve(result));
  });
}

async function connected(client) {
  await promised((done) => client.connect({}, done));
  return client;
}

function disconnected(client) {
  return promised((done) => client.disconnect(done));
}

/** An empty Buffer of its own has no address, and the addon takes that for null: so a part of one. */
function bytesOf(text) {
  return text === null ? null : Buffer.from(`${text}.`).subarray(0, -1);
}

function textOf(bytes) {
  return bytes === null || bytes === undefined ? null : bytes.toString();
}

/**
 * The addon's admin client keeps a lock while it waits for a broker, the broker's thread waits for a
 * token, and what sets the token waits for the lock: who asks first may wait in vain, but once.
 */
async function unlessLockedOut(ask) {
  try {
    return await ask();
  } catch (error) {
    const isTimeOut = ({ code }) => code === CODES.ERRORS.ERR__TIMED_OUT;
    if (!(error.errors ?? [error]).every(isTimeOut)) throw error;
    return await ask();
  }
}

async function createTopic({ topic, partitions, configs }) {
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
  const created = { topic, numPartitions: partitions, replicationFactor: -1, configEntries };
  await unlessLockedOut(() => admin.createTopics({ topics: [created] }));
}

async function describeTopic({ topic }) {
  const [described] = await admin.fetchTopicMetadata({ topics: [topic] });
  return described.partitions.length;
}

async function produce({ topic, records, codec, idempotent }) {
  const producer = await connected(
    new Producer({
      ...base,
      "compression.type": codec,
      "enable.idempotence": idempotent,
      "message.max.bytes": bytesMax,
      "linger.ms": 5,
      // Otherwise it hopes for a topic that is not there for half a minute.
      "topic.metadata.propagation.max.ms": 2000,
      "dr_cb": true,
    }),
  );
  producer.setPollInterval(5);
  try {
    await new Promise((resolve, reject) => {
      let left = records.length;
      producer.on("delivery-report", (error) => {
        if (error) reject(error);
        if (--left === 0) resolve();
      });
      for (const { partition, value, key, timestamp, headers } of records) {
        const pairs = headers.map(([name, text]) => ({ [name]: Buffer.from(text) }));
        const [value_, key_] = [bytesOf(value), bytesOf(key)];
        producer.produce(topic, partition ?? null, value_, key_, timestamp, undefined, pairs);
      }
    });
  } finally {
    await disconnected(producer);
  }
}

async function transactional(transactionalId) {
  const options = { ...base, "transactional.id": transactionalId, "dr_cb": true };
  const producer = await connected(new Producer(options));
  producer.setPollInterval(5);
  await promised((done) => producer.initTransactions(30_000, done));
  return producer;
}

async function sendWithin(producer, topic, records) {
  await promised((done) => producer.beginTransaction(done));
  for (const { key, value } of records) {
    producer.produce(topic, null, bytesOf(value), bytesOf(key));
  }
  await promised((done) => producer.flush(30_000, done));
}

async function sendPlace(producer, { group, topic, offset }) {
  const consumer = await connected(new KafkaConsumer({ ...base, "group.id": group }, {}));
  const offsets = [{ topic, partition: 0, offset }];
  await promised((done) => producer.sendOffsetsToTransaction(offsets, consumer, 30_000, done));
  await disconnected(consumer);
}

const commitTransaction = (producer) =>
  promised((done) => producer.commitTransaction(30_000, done));

async function transact({ transactionalId, parts }) {
  const producer = await transactional(transactionalId);
  try {
    for (const { topic, records, place, end } of parts) {
      await sendWithin(producer, topic, records);
      if (place !== undefined) await sendPlace(producer, place);
      if (end === "commit") await commitTransaction(producer);
      else await promised((done) => producer.abortTransaction(30_000, done));
    }
  } finally {
    await disconnected(producer);
  }
}

async function fence({ transactionalId, topic, first, second }) {
  const earlier = await transactional(transactionalId);
  await sendWithin(earlier, topic, first);
  const later = await transactional(transactionalId);
  await sendWithin(later, topic, second);
  await commitTransaction(later);
  await disconnected(later);
  try {
    await commitTransaction(earlier);
    return null;
  } catch (error) {
    return error.message;
  } finally {
    await disconnected(earlier);
  }
}

async function read({ topic, from, count, committed: committedOnly }) {
  const options = { "group.id": "outside-of-groups", "enable.auto.commit": false };
  options["isolation.level"] = committedOnly ? "read_committed" : "read_uncommitted";
  options["fetch.message.max.bytes"] = bytesMax;
  options["check.crcs"] = true;
  const policy = { "auto.offset.reset": "error" };
  const consumer = await connected(new KafkaConsumer({ ...base, ...options }, policy));
  const records = [];
  const until = Date.now() + 30_000;
  try {
    consumer.assign(from.map(([partition, offset]) => ({ topic, partition, offset })));
    while (records.length < count && Date.now() < until) {
      const batch = await promised((done) => consumer.consume(count - records.length, done));
      records.push(...batch.map(consumed));
    }
  } finally {
    await disconnected(consumer);
  }
  if (records.length < count) throw new Error(`${records.length} of ${count} records came`);
  return records;
}

function consumed({ partition, offset, timestamp, key, value, headers = [] }) {
  const pairs = headers.flatMap((header) => Object.entries(header));
  return {
    partition,
    offset,
    timestamp,
    key: textOf(key),
    value: textOf(value),
    headers: pairs.map(([name, bytes]) => [name, textOf(bytes)]),
  };
}

async function offsets({ topic, partitions, timestamp }) {
  const ends = await admin.fetchTopicOffsets(topic);
  const found = new Array(partitions).fill(-1);
  if (timestamp < 0) {
    for (const { partition, high, low } of ends) {
      found[partition] = Number(timestamp === -1 ? high : low);
    }
    return found;
  }
  for (const { partition, offset } of await admin.fetchTopicOffsetsByTimestamp(topic, timestamp)) {
    // Where nothing is that late it answers with the end offset.
    const { high } = ends.find((each) => each.partition === partition);
    found[partition] = offset === high ? -1 : Number(offset);
  }
  return found;
}

async function commit({ group, topic, partition, offset, metadata }) {
  const consumer = await connected(new KafkaConsumer({ ...base, "group.id": group }));
  try {
    consumer.commitSync([{ topic, partition, offset, metadata }]);
  } finally {
    await disconnected(consumer);
  }
}

async function committed({ group, topic, partitions }) {
  const asked = Array.from({ length: partitions }, (_, partition) => partition);
  const topics = [{ topic, partitions: asked }];
  const [answer] = await admin.fetchOffsets({ groupId: group, topics });
  const found = new Array(partitions).fill({ offset: -1 });
  for (const { partition, offset, metadata } of answer.partitions) {
    found[partition] = { offset: Math.max(-1, Number(offset)), metadata: metadata ?? "" };
  }
  return found;
}

const stateNames = new Map(
  Object.entries(KafkaJS.ConsumerGroupStates).map(([name, value]) => [value, name]),
);

async function describeGroup({ group }) {
  const [described] = (await admin.describeGroups([group])).groups;
  const name = stateNames.get(described.state);
  return { state: name[0] + name.slice(1).toLowerCase(), memberCount: described.members.length };
}

async function join({ member, group, topic, sessionTimeoutMs, instanceId, protocol }) {
  const classic = {
    "session.timeout.ms": sessionTimeoutMs,
    "heartbeat.interval.ms": 200,
    "partition.assignment.strategy": "range",
  };
  const options = {
    "group.id": group,
    "fetch.wait.max.ms": 100,
    "rebalance_cb": true,
    ...(protocol === undefined ? classic : { "group.protocol": protocol }),
    ...(instanceId === undefined ? {} : { "group.instance.id": instanceId }),
  };
  const policy = { "auto.offset.reset": "earliest" };
  const consumer = new KafkaConsumer({ ...base, ...options }, policy);
  const held = new Set();
  consumer.on("rebalance", ({ code }, places) => {
    const isAssigned = code === CODES.ERRORS.ERR__ASSIGN_PARTITIONS;
    for (const { partition } of places) held[isAssigned ? "add" : "delete"](partition);
    tell({ event: "assigned", member, partitions: [...held].sort() });
  });
  await connected(consumer);
  consumer.setDefaultConsumeTimeout(100);
  consumer.subscribe([topic]);
  const joined = { isLeaving: false };
  joined.gone = follow(consumer, member, joined);
  members.set(member, joined);
}

async function follow(consumer, member, joined) {
  try {
    while (!joined.isLeaving) {
      for (const { value } of await promised((done) => consumer.consume(100, done))) {
        tell({ event: "saw", member, value: textOf(value) });
      }
    }
  } catch (error) {
    tell({ event: "failed", member, message: error.message });
  }
  await disconnected(consumer);
}

async function leave({ member }) {
  const joined = members.get(member);
  members.delete(member);
  joined.isLeaving = true;
  await joined.gone;
}

const handlers = {
  createTopic,
  deleteTopic: ({ topic }) => admin.deleteTopics({ topics: [topic] }),
  listTopics: () => admin.listTopics(),
  describeTopic,
  produce,
  transact,
  fence,
  read,
  offsets,
  commit,
  committed,
  listGroups: async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId),
  describeGroup,
  deleteGroup: ({ group }) => admin.deleteGroups([group]),
  join,
  leave,
};

if (bootstrap === "--features") {
  console.log(library.features.join(" "));
  process.exit(0);
}
await admin.connect();
tell({ event: "ready", version: `${version} (librdkafka ${library.librdkafkaVersion})` });
for await (const line of createInterface({ input: process.stdin })) {
  const { id, op, ...options } = JSON.parse(line);
  try {
    tell({ id, result: await handlers[op](options) });
  } catch (error) {
    tell({ id, error: `${error.message ?? error}` });
  }
}
await admin.disconnect();
