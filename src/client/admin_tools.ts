// What tools ask for now and then, as methods: each loads what it needs at its first call, so that
// nobody else pays for it.
//
// Invariant: a method looks at what it is given, and does what the function of its name does.

import { checkOptions } from "../base/options.ts";
import { loading } from "../base/loading.ts";
import type { AccessRule, AccessRuleFilter } from "./admin_acls.ts";
import { alterConfigs, type ConfigChanges, type ConfigResource } from "./admin_configs.ts";
import type { LogDir } from "./admin_log_dirs.ts";
import type { EntityQuotas, QuotaEntity } from "./admin_quotas.ts";
import type { TrimmedPartition } from "./admin_records.ts";
import type { DescribedTransaction, ListedTransaction } from "./admin_transactions.ts";
import type { ListedUser } from "./admin_users.ts";
import { checkOffsets, checkPartitions, checkResource, checkText } from "./checks.ts";
import type { Client } from "./client.ts";
import { deleteOffsets } from "./group_offsets.ts";
import type { TopicPartition, TopicPartitionOffset } from "./offsets.ts";

/** What tools ask for now and then. What a broker refuses rejects with KafkaError. */
export interface AdminTools {
  /** Changes keys of a topic, a group or brokers, all of them or none: INVALID_CONFIG and more. */
  alterConfigs(resource: ConfigResource, changes: ConfigChanges): Promise<void>;
  /** Deletes the records below these offsets: OFFSET_OUT_OF_RANGE where the log ends before. */
  deleteRecords(places: readonly TopicPartitionOffset[]): Promise<TrimmedPartition[]>;
  /** Forgets what a group has committed: GROUP_SUBSCRIBED_TO_TOPIC while members read it. */
  deleteOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void>;
  /** The log directories of every broker, and what is in them. */
  describeLogDirs(): Promise<LogDir[]>;
  /** All quotas that there are. */
  listQuotas(): Promise<EntityQuotas[]>;
  /** Sets and removes quotas of one entity, all of them or none. */
  alterQuotas(
    entity: QuotaEntity,
    changes: { set?: Readonly<Record<string, number>>; remove?: readonly string[] },
  ): Promise<void>;
  /** The transactional ids of every broker, in order. */
  listTransactions(): Promise<ListedTransaction[]>;
  /** One transactional id: TRANSACTIONAL_ID_NOT_FOUND when there is none. */
  describeTransaction(transactionalId: string): Promise<DescribedTransaction>;
  /** The access rules that a filter matches, by default all. */
  listAcls(filter?: AccessRuleFilter): Promise<AccessRule[]>;
  /** Adds access rules; one that is there already stays as it is. */
  addAcls(rules: readonly AccessRule[]): Promise<void>;
  /** Removes the access rules that one of these filters matches, and returns them. */
  removeAcls(filters: readonly AccessRuleFilter[]): Promise<AccessRule[]>;
  /** The users that log in by SCRAM. */
  listUsers(): Promise<ListedUser[]>;
  /** Sets the password of a user, and makes the user when there is none. */
  setPassword(user: { name: string; password: string }): Promise<void>;
  /** Removes a user: RESOURCE_NOT_FOUND when there is none. */
  removeUser(name: string): Promise<void>;
}

const transactions = () => loading(import("./admin_transactions.ts"));
const acls = () => loading(import("./admin_acls.ts"));
const users = () => loading(import("./admin_users.ts"));
const quotas = () => loading(import("./admin_quotas.ts"));

type Part<Names extends keyof AdminTools> = Pick<AdminTools, Names>;

/** These functions, of `client`. */
export function toolsOf(client: Client): AdminTools {
  return { ...storedOf(client), ...limitsOf(client), ...accessOf(client) };
}

function storedOf(
  client: Client,
): Part<"deleteRecords" | "deleteOffsets" | "describeLogDirs"> {
  return {
    async deleteRecords(places) {
      checkOffsets("deleteRecords", places);
      return await (await loading(import("./admin_records.ts"))).deleteRecords(client, places);
    },
    async deleteOffsets(groupId, partitions) {
      checkText("deleteOffsets", "a group", groupId);
      checkPartitions("deleteOffsets", partitions);
      await deleteOffsets(client, groupId, partitions);
    },
    async describeLogDirs() {
      return await (await loading(import("./admin_log_dirs.ts"))).describeLogDirs(client);
    },
  };
}

function limitsOf(
  client: Client,
): Part<
  "alterConfigs" | "listQuotas" | "alterQuotas" | "listTransactions" | "describeTransaction"
> {
  return {
    async alterConfigs(resource, changes) {
      const call = "alterConfigs";
      checkResource(call, resource);
      const { set = {}, unset = [] } = checkOptions(call, changes, {
        set: "object",
        unset: "list",
      });
      for (const [name, value] of Object.entries(set)) {
        checkText(`${call}: ${name}`, "its value", value);
      }
      for (const name of unset) checkText(call, "each of unset", name);
      await alterConfigs(client, resource, { set, unset });
    },
    async listQuotas() {
      return await (await quotas()).listQuotas(client);
    },
    async alterQuotas(entity, changes) {
      const kinds = { set: "object", remove: "list" } as const;
      const { set = {}, remove = [] } = checkOptions("alterQuotas", changes, kinds);
      await (await quotas()).alterQuotas(client, entity, { set, remove });
    },
    async listTransactions() {
      return await (await transactions()).listTransactions(client);
    },
    async describeTransaction(transactionalId) {
      checkText("describeTransaction", "a transactional id", transactionalId);
      return await (await transactions()).describeTransaction(client, transactionalId);
    },
  };
}

function accessOf(
  client: Client,
): Part<"listAcls" | "addAcls" | "removeAcls" | "listUsers" | "setPassword" | "removeUser"> {
  return {
    async listAcls(filter = {}) {
      return await (await acls()).listAcls(client, filter);
    },
    async addAcls(rules) {
      await (await acls()).addAcls(client, rules);
    },
    async removeAcls(filters) {
      return await (await acls()).removeAcls(client, filters);
    },
    async listUsers() {
      return await (await users()).listUsers(client);
    },
    async setPassword(user) {
      const kinds = { name: "text", password: "text" } as const;
      const { name, password } = checkOptions("setPassword", user, kinds);
      checkText("setPassword", "name", name);
      checkText("setPassword", "password", password);
      await (await users()).setPassword(client, { name, password });
    },
    async removeUser(name) {
      checkText("removeUser", "a user", name);
      await (await users()).removeUser(client, name);
    },
  };
}
