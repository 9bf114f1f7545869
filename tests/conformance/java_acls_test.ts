// Apache Kafka's kafka-acls against a broker that checks access: it adds, lists and removes rules,
// and what it added is what the broker goes by.

import { BrokerProcess } from "../harness/broker_process.ts";
import { reasonToSkip } from "./java/installed.ts";
import { runTool, titleOf, type ToolCommand } from "./java/tool.ts";

const tool = "org.apache.kafka.tools.AclCommand";
const topics = "org.apache.kafka.tools.TopicCommand";

const commands: readonly ToolCommand[] = [
  {
    tool,
    args: "--add --allow-principal User:alice --operation Read --operation Write --topic orders",
    says: /Adding ACLs for resource `ResourcePattern\(resourceType=TOPIC, name=orders, patternTy/,
  },
  {
    tool,
    args: "--add --deny-principal User:eve --deny-host 10.0.0.7 --operation All " +
      "--topic pay- --resource-pattern-type prefixed",
    says: /principal=User:eve, host=10.0.0.7, operation=ALL, permissionType=DENY/,
  },
  {
    tool,
    args: "--add --allow-principal User:bob --consumer --topic orders --group billing",
    says: /resourceType=GROUP, name=billing[^]*principal=User:bob, host=\*, operation=READ/,
  },
  {
    tool,
    args: "--add --allow-principal User:bob --producer --transactional-id t --topic o",
    says: /resourceType=TRANSACTIONAL_ID, name=t[^]*operation=WRITE, permissionType=ALLOW/,
  },
  {
    tool,
    args: "--list --principal User:alice --topic orders",
    says: /ACLs for principal `User:alice`[^]*operation=(READ|WRITE)[^]*operation=(READ|WRITE)/,
  },
  {
    tool,
    args: "--list --topic pay-roll --resource-pattern-type match",
    says: /name=pay-, patternType=PREFIXED\)`: *\n.*principal=User:eve/,
  },
  {
    tool,
    args: "--remove --force --allow-principal User:alice --operation Write --topic orders",
    says: /^(?![^]*User:alice[^\n]*WRITE)/,
  },
  { tool, args: "--remove --force --group billing", says: /^$/ },
  { tool: topics, args: "--create --topic secret", says: /Created topic secret/ },
  { tool: topics, args: "--describe --topic secret", says: /Topic: secret/ },
  // The tools are anonymous: nothing was said of them so far.
  {
    tool,
    args: "--add --deny-principal User:ANONYMOUS --operation Describe --topic secret",
    says: /operation=DESCRIBE, permissionType=DENY/,
  },
  {
    tool: topics,
    args: "--describe --topic secret",
    says: /secret/,
    fails: true,
  },
];

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka's kafka-acls is skipped: ${skipped}`);

Deno.test({
  name: "Kafka's kafka-acls makes, lists and removes rules, and they hold",
  ignore: skipped !== undefined,
  fn: async (t) => {
    await using broker = await BrokerProcess.start({
      settings: {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
      },
    });
    for (const command of commands) await t.step(titleOf(command), () => runTool(broker, command));
  },
});
