// What tools ask for now and then, as methods: each loads what it needs at its first call, so that
// nobody else pays for it.
//
// Invariant: a method looks at what it is given, and does what the function of its name does.

import { type CallOptions, signalOf } from "../aborting.ts";
import { checkOptions } from "../../base/options.ts";
import { loading } from "../../base/loading.ts";
import type { AccessRule, AccessRuleFilter } from "./acls.ts";
import { alterConfigs, type ConfigChanges, type ConfigResource } from "./configs.ts";
import type { LogDir } from "./log_dirs.ts";
import type { EntityQuotas, QuotaEntity } from "./quotas.ts";
import type { TrimmedPartition } from "./records.ts";
import type { DescribedTransaction, ListedTransaction } from "./transactions.ts";
import type { ListedUser } from "./users.ts";
import {
  checkConfigValue,
  checkOffsets,
  checkPartitions,
  checkResource,
  checkText,
} from "../checks.ts";
import type { Client } from "../client.ts";
import { deleteOffsets } from "./group_offsets.ts";
import type { TopicPartition, TopicPartitionOffset } from "../topic_partition.ts";

/** What tools ask for now and then. What a broker refuses rejects with KafkaError. */
export interface AdminTools {
  /** Changes keys of a topic, a group or brokers, all of them or none: INVALID_CONFIG and more. */
  alterConfigs<Resource extends ConfigResource>(
    resource: Resource,
    changes: ConfigChanges<Resource>,
    options?: CallOptions,
  ): Promise<void>;
  /** Deletes the records below these offsets: OFFSET_OUT_OF_RANGE where the log ends before. */
  deleteRecords(
    places: readonly TopicPartitionOffset[],
    options?: CallOptions,
  ): Promise<TrimmedPartition[]>;
  /** Forgets what a group has committed: GROUP_SUBSCRIBED_TO_TOPIC while members read it. */
  deleteOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options?: CallOptions,
  ): Promise<void>;
  /** The log directories of every broker, and what is in them. */
  describeLogDirs(options?: CallOptions): Promise<LogDir[]>;
  /** All quotas that there are. */
  listQuotas(options?: CallOptions): Promise<EntityQuotas[]>;
  /** Sets and removes quotas of one entity, all of them or none. */
  alterQuotas(
    entity: QuotaEntity,
    changes: { set?: Readonly<Record<string, number>>; remove?: readonly string[] },
    options?: CallOptions,
  ): Promise<void>;
  /** The transactional ids of every broker, in order. */
  listTransactions(options?: CallOptions): Promise<ListedTransaction[]>;
  /** One transactional id: TRANSACTIONAL_ID_NOT_FOUND when there is none. */
  describeTransaction(
    transactionalId: string,
    options?: CallOptions,
  ): Promise<DescribedTransaction>;
  /** The access rules that a filter matches, by default all. */
  listAcls(filter?: AccessRuleFilter, options?: CallOptions): Promise<AccessRule[]>;
  /** Adds access rules; one that is there already stays as it is. */
  addAcls(rules: readonly AccessRule[], options?: CallOptions): Promise<void>;
  /** Removes the access rules that one of these filters matches, and returns them. */
  removeAcls(
    filters: readonly AccessRuleFilter[],
    options?: CallOptions,
  ): Promise<AccessRule[]>;
  /** The users that log in by SCRAM. */
  listUsers(options?: CallOptions): Promise<ListedUser[]>;
  /** Sets the password of a user, and makes the user when there is none. */
  setPassword(user: { name: string; password: string }, options?: CallOptions): Promise<void>;
  /** Removes a user: RESOURCE_NOT_FOUND when there is none. */
  removeUser(name: string, options?: CallOptions): Promise<void>;
}

const records = () => loading(import("./records.ts"));
const logDirs = () => loading(import("./log_dirs.ts"));
const transactions = () => loading(import("./transactions.ts"));
const acls = () => loading(import("./acls.ts"));
const users = () => loading(import("./users.ts"));
const quotas = () => loading(import("./quotas.ts"));

type Part<Names extends keyof AdminTools> = Pick<AdminTools, Names>;

/** `client` for one call: it asks for as long as the caller waits. */
export function forCall(client: Client, call: string, options: CallOptions | undefined): Client {
  return client.until(signalOf(call, options));
}

/** These functions, of `client`. */
export function toolsOf(client: Client): AdminTools {
  return { ...storedOf(client), ...limitsOf(client), ...accessOf(client) };
}

function storedOf(
  client: Client,
): Part<"deleteRecords" | "deleteOffsets" | "describeLogDirs"> {
  return {
    async deleteRecords(places, options) {
      checkOffsets("deleteRecords", places);
      return await (await records()).deleteRecords(
        forCall(client, "deleteRecords", options),
        places,
      );
    },
    async deleteOffsets(groupId, partitions, options) {
      checkText("deleteOffsets", "a group", groupId);
      checkPartitions("deleteOffsets", partitions);
      await deleteOffsets(forCall(client, "deleteOffsets", options), groupId, partitions);
    },
    async describeLogDirs(options) {
      return await (await logDirs()).describeLogDirs(forCall(client, "describeLogDirs", options));
    },
  };
}

function limitsOf(
  client: Client,
): Part<
  "alterConfigs" | "listQuotas" | "alterQuotas" | "listTransactions" | "describeTransaction"
> {
  return {
    async alterConfigs(resource, changes, options) {
      const call = "alterConfigs";
      checkResource(call, resource);
      const { unset = [], ...values } = checkOptions(call, changes, {
        set: "object",
        unset: "list",
        append: "object",
        subtract: "object",
      });
      for (const [name, value] of Object.values(values).flatMap(Object.entries)) {
        checkConfigValue(`${call}: ${name}`, value);
      }
      for (const name of unset) checkText(call, "each of unset", name);
      await alterConfigs(forCall(client, call, options), resource, { ...values, unset });
    },
    async listQuotas(options) {
      return await (await quotas()).listQuotas(forCall(client, "listQuotas", options));
    },
    async alterQuotas(entity, changes, options) {
      const kinds = { set: "object", remove: "list" } as const;
      const { set = {}, remove = [] } = checkOptions("alterQuotas", changes, kinds);
      await (await quotas()).alterQuotas(forCall(client, "alterQuotas", options), entity, {
        set,
        remove,
      });
    },
    async listTransactions(options) {
      return await (await transactions()).listTransactions(
        forCall(client, "listTransactions", options),
      );
    },
    async describeTransaction(transactionalId, options) {
      checkText("describeTransaction", "a transactional id", transactionalId);
      return await (await transactions()).describeTransaction(
        forCall(client, "describeTransaction", options),
        transactionalId,
      );
    },
  };
}

function accessOf(
  client: Client,
): Part<"listAcls" | "addAcls" | "removeAcls" | "listUsers" | "setPassword" | "removeUser"> {
  return {
    async listAcls(filter, options) {
      return await (await acls()).listAcls(forCall(client, "listAcls", options), filter ?? {});
    },
    async addAcls(rules, options) {
      await (await acls()).addAcls(forCall(client, "addAcls", options), rules);
    },
    async removeAcls(filters, options) {
      return await (await acls()).removeAcls(forCall(client, "removeAcls", options), filters);
    },
    async listUsers(options) {
      return await (await users()).listUsers(forCall(client, "listUsers", options));
    },
    async setPassword(user, options) {
      const kinds = { name: "text", password: "text" } as const;
      const { name, password } = checkOptions("setPassword", user, kinds);
      checkText("setPassword", "name", name);
      checkText("setPassword", "password", password);
      await (await users()).setPassword(forCall(client, "setPassword", options), {
        name,
        password,
      });
    },
    async removeUser(name, options) {
      checkText("removeUser", "a user", name);
      await (await users()).removeUser(forCall(client, "removeUser", options), name);
    },
  };
}
