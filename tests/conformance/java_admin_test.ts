// Apache Kafka's administration tools against a broker: what they set is set, and what one node
// cannot do is refused with a sentence that the tool shows.
//
// Each tool is a JVM of its own, so a command stands for a whole API.

import { BrokerProcess } from "../harness/broker_process.ts";
import { reasonToSkip } from "./java/installed.ts";
import { runTool, titleOf, type ToolCommand } from "./java/tool.ts";

const tools = "org.apache.kafka.tools";
const configs = "kafka.admin.ConfigCommand";

const commands: readonly ToolCommand[] = [
  { tool: `${tools}.TopicCommand`, args: "--create --topic t --partitions 2", says: /Created/ },
  {
    tool: configs,
    args: "--alter --entity-type topics --entity-name t " +
      "--add-config retention.ms=100000,cleanup.policy=[compact,delete]",
    says: /Completed updating config for topic t/,
  },
  {
    tool: configs,
    args: "--describe --entity-type topics --entity-name t",
    says: /cleanup.policy=compact,delete .*\n.*retention.ms=100000 .*DYNAMIC_TOPIC_CONFIG/,
  },
  {
    tool: configs,
    args: "--alter --entity-type brokers --entity-default --add-config message.max.bytes=2000000",
    says: /Completed updating default config/,
  },
  {
    tool: configs,
    args: "--alter --entity-type brokers --entity-name 1 --add-config log.retention.ms=5000000",
    says: /Completed updating config for broker 1/,
  },
  {
    tool: configs,
    args: "--describe --entity-type brokers",
    says: /broker 1 are:\n.*log.retention.ms=5000000[^]*cluster are:\n.*message.max.bytes=2000000/,
  },
  {
    tool: configs,
    args: "--alter --entity-type brokers --entity-name 1 --add-config log.dirs=/elsewhere",
    says: /Cannot update these configs dynamically: \[log.dirs\]/,
    fails: true,
  },
  {
    tool: configs,
    args: "--alter --entity-type clients --entity-name app " +
      "--add-config producer_byte_rate=1000,request_percentage=50",
    says: /Completed updating config for client app/,
  },
  {
    tool: configs,
    args: "--describe --entity-type clients",
    says: /client-id 'app' are .*producer_byte_rate=1000/,
  },
  {
    tool: configs,
    args: "--alter --entity-type users --entity-name alice " +
      "--add-config SCRAM-SHA-256=[iterations=8192,password=p],SCRAM-SHA-512=[password=p]",
    says: /Completed updating config for user alice/,
  },
  {
    tool: configs,
    args: "--describe --entity-type users",
    says: /'alice' are (?=.*SCRAM-SHA-256=iterations=8192).*SCRAM-SHA-512=iterations=4096/,
  },
  {
    tool: `${tools}.ClientMetricsCommand`,
    args: "--alter --name m --metrics org.apache.kafka.producer. --interval 1000",
    says: /Altered client metrics config for m/,
  },
  { tool: `${tools}.ClientMetricsCommand`, args: "--list", says: /^m$/m },
  {
    tool: `${tools}.LogDirsCommand`,
    args: "--describe",
    says: /"partition":"t-[01]","size":0,"offsetLag":0/,
  },
  {
    tool: `${tools}.LeaderElectionCommand`,
    args: "--election-type preferred --topic t --partition 0",
    says: /Valid replica already elected for partitions t-0/,
  },
  {
    tool: `${tools}.reassign.ReassignPartitionsCommand`,
    args: "--list",
    says: /No partition reassignments found/,
  },
  {
    tool: `${tools}.FeatureCommand`,
    args: "describe",
    says: /Feature: metadata.version\s.*FinalizedVersionLevel: [34]\./,
  },
  {
    tool: `${tools}.MetadataQuorumCommand`,
    args: "describe --status",
    says: /LeaderId:\s+1\n[^]*MaxFollowerLag:\s+0\n/,
  },
  {
    tool: configs,
    args: "--alter --entity-type brokers --entity-name 1 --add-config " +
      "listener.name.other.ssl.client.auth=required,ssl.enabled.protocols=TLSv1.3," +
      "ssl.cipher.suites=[TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256]",
    says: /Completed updating config for broker 1/,
  },
  {
    tool: configs,
    args: "--alter --entity-type brokers --entity-name 1 --add-config ssl.cipher.suites=RC4",
    says: /must be one of: TLS_AES_256_GCM_SHA384/,
    fails: true,
  },
  {
    tool: `${tools}.ClusterTool`,
    args: "unregister --id 7",
    says: /Broker ID 7 is not currently registered/,
    fails: true,
  },
  {
    tool: `${tools}.AclCommand`,
    args: "--list",
    says: /SecurityDisabledException: No Authorizer is configured/,
    fails: true,
  },
];

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka's administration tools are skipped: ${skipped}`);

Deno.test({
  name: "Kafka's administration tools set, describe and understand refusals",
  ignore: skipped !== undefined,
  fn: async (t) => {
    await using broker = await BrokerProcess.start();
    for (const command of commands) await t.step(titleOf(command), () => runTool(broker, command));
  },
});
