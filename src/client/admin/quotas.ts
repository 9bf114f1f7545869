// Quotas of users, client ids and addresses (KIP-546, KIP-612), for tools. Loaded when it is asked
// for.

import { DescribeClientQuotas } from "../../protocol/apis/48_describe_client_quotas.ts";
import { AlterClientQuotas } from "../../protocol/apis/49_alter_client_quotas.ts";
import type { Client } from "../client.ts";
import { checkCode, onlyAnswer } from "../faults.ts";

/** Whom a quota is for: names by `user`, `client-id` or `ip`; null is the default of the type. */
export type QuotaEntity = Readonly<Record<string, string | null>>;

/** Quotas by key, such as `producer_byte_rate`: mostly bytes a second. */
export interface EntityQuotas {
  /** Whom they are for. */
  readonly entity: QuotaEntity;
  /** Their values by key. */
  readonly quotas: Readonly<Record<string, number>>;
}

/** All quotas that there are. */
export async function listQuotas(client: Client): Promise<EntityQuotas[]> {
  const question = { components: [], strict: false };
  const answer = await client.request(DescribeClientQuotas, question, { to: "any" });
  checkCode(answer.errorCode, "list quotas", answer.errorMessage);
  return (answer.entries ?? []).map(({ entity, values }) => ({
    entity: Object.fromEntries(
      entity.map(({ entityType, entityName }) => [entityType, entityName]),
    ),
    quotas: Object.fromEntries(values.map(({ key, value }) => [key, value])),
  }));
}

/** Sets and removes quotas of one entity, all of them or none. */
export async function alterQuotas(
  client: Client,
  of: QuotaEntity,
  changes: { readonly set: Readonly<Record<string, number>>; readonly remove: readonly string[] },
): Promise<void> {
  const entity = Object.entries(of).map(([entityType, entityName]) => ({ entityType, entityName }));
  const ops = [
    ...Object.entries(changes.set).map(([key, value]) => ({ key, value, remove: false })),
    ...changes.remove.map((key) => ({ key, value: 0, remove: true })),
  ];
  const question = { entries: [{ entity, ops }], validateOnly: false };
  const answer = await client.request(AlterClientQuotas, question, { to: "any" });
  const about = "change quotas";
  const result = onlyAnswer(answer.entries, about);
  checkCode(result.errorCode, about, result.errorMessage);
}
