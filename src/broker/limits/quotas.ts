// Client quotas in force: which one holds for a client, what the client has used, and for how long
// it must pause.
//
//   user U, client C:  (U, C) > (U, default) > U > (default, C) > (default, default)
//                        > default user > C > default client        the first that is set holds
//
// A quota of a user is shared by all its clients, one of a client id by all that call themselves
// so. Without any quota the broker asks one question per request, and measures nothing.
//
//   Produce  the request counts; the answer goes out, then the connection pauses (KIP-219)
//   Fetch    the answer counts; one that would exceed the quota is not sent but an empty one
//   any      the event loop's time until the request first waits for something, in percent of all
//            time; a pause for it is a window at most
//   topics   partitions that are made or deleted (mutation_quota.ts)
//
// Quotas of addresses are asked for when a connection comes (network/connection_rates.ts).
//
// The user is the name of the session's principal: ANONYMOUS of all who have not said who they are.

import { javaHost } from "../../base/address.ts";
import { Recent } from "../../base/recent.ts";
import { type ClientQuota, entityKey, type QuotaEntityPart } from "../../cluster/mod.ts";
import { type Mutations, mutationsOf, TokenBucket } from "./mutation_quota.ts";
import { type RateWindows, SampledRate } from "./quota_rate.ts";
import type { Principal } from "../network/session.ts";

/** Kafka's names of the quotas that are enforced. */
export type QuotaKey =
  | "producer_byte_rate"
  | "consumer_byte_rate"
  | "request_percentage"
  | "controller_mutation_rate";

export interface ClientQuotasOptions {
  readonly windows: RateWindows;
  /** By which changes of topics are measured. */
  readonly mutationWindows: RateWindows;
  readonly monotonic: () => number;
}

/** Whom quotas tell apart. */
interface MeteredClient {
  readonly user: string;
  /** "" of a client that has none. */
  readonly clientId: string;
}

/** A quota, and who else counts against it. */
interface Found {
  readonly limit: number;
  readonly sharedBy: string;
}

/** A quota and the rate that counts against it. */
interface Measured {
  readonly limit: number;
  readonly rate: SampledRate;
}

/** throttleTimeMs is an int32. */
const pauseMsMax = 0x7fffffff;

/**
 * Client ids are the clients' to choose: what was measured must not grow with them. Who comes back
 * after so many others has its burst again, as somebody new has.
 */
const rememberedMax = 10_000;

/** All quotas of a broker. */
export class ClientQuotas {
  readonly #options: ClientQuotasOptions;
  #quotas: ReadonlyMap<string, ClientQuota> = new Map();
  /** By address; null is the default. */
  readonly #connectionRates = new Map<string | null, number>();
  readonly #meters = new Recent<string, ClientMeter>(rememberedMax);
  readonly #rates = new Recent<string, SampledRate>(rememberedMax);
  readonly #buckets = new Recent<string, TokenBucket>(rememberedMax);

  constructor(options: ClientQuotasOptions) {
    this.#options = options;
  }

  /** Takes over what is set now. What clients have used so far counts on. */
  set(quotas: readonly ClientQuota[]): void {
    this.#quotas = new Map(quotas.map((quota) => [entityKey(quota.entity), quota]));
    this.#meters.clear();
    this.#connectionRates.clear();
    for (const { entity, values } of quotas) {
      const rate = values.get("connection_creation_rate");
      const address = entity.find(({ entityType }) => entityType === "ip")?.entityName;
      if (address === undefined || rate === undefined) continue;
      this.#connectionRates.set(address === null ? null : javaHost(address), rate);
    }
  }

  /** What to measure a client by; undefined while there are no quotas at all. */
  meter({ name: user }: Principal, clientId: string | null): ClientMeter | undefined {
    if (this.#quotas.size === 0) return undefined;
    const client = { user, clientId: clientId ?? "" };
    const key = `${user.length} ${user} ${client.clientId}`;
    return this.#meters.getOrMake(key, () => new ClientMeter(this, client, this.#options));
  }

  /** Connections per second that may come from `host`; undefined where nothing bounds them. */
  connectionRateOf(host: string): number | undefined {
    return this.#connectionRates.get(javaHost(host)) ?? this.#connectionRates.get(null);
  }

  /** The quota that holds for a client, with its rate; undefined without one. */
  find(key: QuotaKey, client: MeteredClient): Measured | undefined {
    const found = this.#lookUp(key, client);
    if (found === undefined) return undefined;
    return { limit: found.limit, rate: this.#rate(`${key} ${found.sharedBy}`) };
  }

  /** What a client may change of topics; undefined without a quota. */
  mutations(client: MeteredClient, isStrict: boolean): Mutations | undefined {
    const found = this.#lookUp("controller_mutation_rate", client);
    if (found === undefined) return undefined;
    const { limit: rate, sharedBy } = found;
    const { mutationWindows: { count, ms }, monotonic } = this.#options;
    const bucket = this.#buckets.getOrMake(
      sharedBy,
      () => new TokenBucket({ burstSeconds: count * ms / 1_000, monotonic }),
    );
    return mutationsOf(bucket, { rate, isStrict });
  }

  #lookUp(key: QuotaKey, { user: name, clientId }: MeteredClient): Found | undefined {
    const user = (entityName: string | null) => ({ entityType: "user", entityName });
    const client = (entityName: string | null) => ({ entityType: "client-id", entityName });
    const both = JSON.stringify([name, clientId]);
    const candidates: readonly [sharedBy: string, ...entity: QuotaEntityPart[]][] = [
      [both, user(name), client(clientId)],
      [both, user(name), client(null)],
      [`user ${name}`, user(name)],
      [both, user(null), client(clientId)],
      [both, user(null), client(null)],
      [`user ${name}`, user(null)],
      [`client ${clientId}`, client(clientId)],
      [`client ${clientId}`, client(null)],
    ];
    for (const [sharedBy, ...entity] of candidates) {
      const limit = this.#quotas.get(entityKey(entity))?.values.get(key);
      if (limit !== undefined) return { limit, sharedBy };
    }
    return undefined;
  }

  #rate(name: string): SampledRate {
    const { windows, monotonic } = this.#options;
    return this.#rates.getOrMake(name, () => new SampledRate(windows, monotonic()));
  }
}

/** One client's use of its quotas. Each method returns for how many ms the client must pause. */
export class ClientMeter {
  readonly #options: ClientQuotasOptions;
  readonly #quotas: ClientQuotas;
  readonly #client: MeteredClient;
  readonly #produced: Measured | undefined;
  readonly #fetched: Measured | undefined;
  readonly #busy: Measured | undefined;

  constructor(quotas: ClientQuotas, client: MeteredClient, options: ClientQuotasOptions) {
    this.#options = options;
    this.#quotas = quotas;
    this.#client = client;
    this.#produced = quotas.find("producer_byte_rate", client);
    this.#fetched = quotas.find("consumer_byte_rate", client);
    this.#busy = quotas.find("request_percentage", client);
  }

  get nowMs(): number {
    return this.#options.monotonic();
  }

  /** Bytes that a Fetch may answer at once: what the quota allows in all windows but one. */
  get fetchBytesMax(): number {
    const { count, ms } = this.#options.windows;
    const { limit = Infinity } = this.#fetched ?? {};
    return Math.max(1, Math.floor(limit * (count - 1) * (ms / 1000)));
  }

  /** A Produce request of `bytes` has come. */
  onProduced(bytes: number): number {
    return this.#count(this.#produced, bytes);
  }

  /** An answer to Fetch of `bytes` is to go out; if that is too much it does not, or count. */
  onFetched(bytes: number): number {
    return this.#count(this.#fetched, bytes);
  }

  /** An answer to Fetch that was counted is not sent. */
  takeBackFetched(bytes: number): void {
    this.#fetched?.rate.add(-bytes, this.nowMs);
  }

  /** What it may change of topics; undefined: as much as it likes. */
  mutations({ isStrict }: { readonly isStrict: boolean }): Mutations | undefined {
    return this.#quotas.mutations(this.#client, isStrict);
  }

  /** A request has kept the event loop busy. */
  onBusy(busyMs: number): number {
    const percent = busyMs / 10;
    return Math.min(this.#count(this.#busy, percent), this.#options.windows.ms);
  }

  #count(measured: Measured | undefined, amount: number): number {
    if (measured === undefined) return 0;
    const { nowMs } = this;
    measured.rate.add(amount, nowMs);
    return Math.min(measured.rate.excessMs(measured.limit, nowMs), pauseMsMax);
  }
}
