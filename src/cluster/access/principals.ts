// What the metadata knows of those who connect: quotas, SCRAM credentials, delegation tokens.
//
//   quotas       by entity: {user: name or null, client-id: name or null}, null being the default
//   credentials  by user, then by mechanism (1 SCRAM-SHA-256, 2 SCRAM-SHA-512)
//   tokens       by id
//
// Only image/replay.ts may change the tables. How requests change them: client_quotas.ts, scram.ts,
// delegation_tokens.ts.

import type { Int64 } from "../../base/int64.ts";

/** One part of whom a quota is for. */
export interface QuotaEntityPart {
  /** "user", "client-id" or "ip". */
  readonly entityType: string;
  /** null for the default of its type. */
  readonly entityName: string | null;
}

/** The quotas of one entity. */
export interface ClientQuota {
  readonly entity: readonly QuotaEntityPart[];
  readonly values: ReadonlyMap<string, number>;
}

/** Quotas by entity, whatever the order of its parts. */
export class ClientQuotaTable {
  readonly #quotas = new Map<string, ClientQuota>();

  all(): readonly ClientQuota[] {
    return [...this.#quotas.values()];
  }

  get(entity: readonly QuotaEntityPart[]): ClientQuota | undefined {
    return this.#quotas.get(entityKey(entity));
  }

  /** Sets one value; undefined removes it. */
  set(entity: readonly QuotaEntityPart[], change: { key: string; value?: number }): void {
    const key = entityKey(entity);
    const values = new Map(this.#quotas.get(key)?.values);
    if (change.value === undefined) values.delete(change.key);
    else values.set(change.key, change.value);
    if (values.size === 0) this.#quotas.delete(key);
    else this.#quotas.set(key, { entity, values });
  }
}

/** The same text for the same parts, in whatever order. */
export function entityKey(entity: readonly QuotaEntityPart[]): string {
  const parts = entity.map(({ entityType, entityName }) => [entityType, entityName]);
  return JSON.stringify(parts.sort(([a], [b]) => a! < b! ? -1 : 1));
}

/** One user's credential for one mechanism. */
export interface ScramCredential {
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly iterations: number;
}

const noCredentials: ReadonlyMap<number, ScramCredential> = new Map();

/** Credentials by user and mechanism. */
export class ScramTable {
  readonly #byUser = new Map<string, ReadonlyMap<number, ScramCredential>>();

  users(): readonly string[] {
    return [...this.#byUser.keys()].sort();
  }

  get(user: string): ReadonlyMap<number, ScramCredential> {
    return this.#byUser.get(user) ?? noCredentials;
  }

  /** The credentials of one user or another, the same one while users only come; empty: of none. */
  some(): ReadonlyMap<number, ScramCredential> {
    for (const credentials of this.#byUser.values()) return credentials;
    return noCredentials;
  }

  /** Sets the credential for one mechanism; undefined removes it. */
  set(user: string, mechanism: number, credential: ScramCredential | undefined): void {
    const credentials = new Map(this.#byUser.get(user));
    if (credential === undefined) credentials.delete(mechanism);
    else credentials.set(mechanism, credential);
    if (credentials.size === 0) this.#byUser.delete(user);
    else this.#byUser.set(user, credentials);
  }
}

/** A short-lived secret that stands for a user, as its record has it (KIP-48). */
export interface DelegationToken {
  readonly tokenId: string;
  /** Whom it stands for, such as "User:alice". */
  readonly owner: string;
  /** Who has asked for it. */
  readonly requester: string;
  /** Who may put off its expiry, besides its owner. */
  readonly renewers: readonly string[];
  /** Times of the wall clock. */
  readonly issueTimestamp: Int64;
  readonly maxTimestamp: Int64;
  readonly expirationTimestamp: Int64;
}
