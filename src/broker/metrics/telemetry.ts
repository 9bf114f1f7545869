// Clients' own metrics (KIP-714): which ones clients are asked to push, and what they have pushed.
//
//   IncrementalAlterConfigs CLIENT_METRICS --> subscriptions
//   GetTelemetrySubscriptions --> those that match the client: prefixes, interval, an id of both
//   PushTelemetry             --> checked and unpacked; nothing of it is kept
//
// Without a subscription a client is told to push nothing, and asks again after the interval.
// Invariant: at most `clientsMax` clients are remembered, the ones heard of last.

import { crc32c } from "../../base/crc.ts";
import { utf8 } from "../../base/bytes.ts";
import type { Uuid } from "../../base/ids.ts";
import { Recent } from "../../base/recent.ts";
import { type MetadataImage, ResourceType } from "../../cluster/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { clientMetricsKeys } from "../config/group_table.ts";
import type { Session } from "../network/session.ts";

/** What a client is asked for. */
export interface Subscription {
  /** Another whenever what is asked for is other. */
  readonly id: number;
  readonly intervalMs: number;
  /** Prefixes of names; "" asks for all. */
  readonly metrics: readonly string[];
}

/** What subscriptions tell clients apart by. */
export interface TelemetryClient {
  readonly clientId: string | null;
  readonly session: Pick<Session, "remote" | "software">;
}

/** A client that pushes, as it was heard of last. */
export interface PushingClient {
  readonly subscription: Subscription;
  /** When it pushed last; undefined before its first push for this subscription. */
  lastPushMs: number | undefined;
  hasEnded: boolean;
}

const clientsMax = 1_000;
const matchedCharactersMax = 256;

/** All of a broker's telemetry. */
export class Telemetry {
  readonly #clients = new Recent<Uuid, PushingClient>(clientsMax);
  readonly #image: () => MetadataImage;

  constructor(image: () => MetadataImage) {
    this.#image = image;
  }

  /** Asks a client for what the subscriptions want of it. */
  subscribe(id: Uuid, client: TelemetryClient): Subscription {
    const subscription = subscriptionFor(this.#image(), attributesOf(id, client));
    const known = this.#clients.get(id);
    const isSame = known?.subscription.id === subscription.id;
    const lastPushMs = isSame ? known?.lastPushMs : undefined;
    this.#clients.set(id, { subscription, lastPushMs, hasEnded: false });
    return subscription;
  }

  /** Whether a client may push now, in the form of an error code. */
  check(
    id: Uuid,
    push: { subscriptionId: number; isLast: boolean; nowMs: number },
    asking: TelemetryClient,
  ): ErrorCode {
    const client = this.#clients.get(id);
    const current = subscriptionFor(this.#image(), attributesOf(id, asking));
    if (push.subscriptionId !== current.id) return ErrorCode.UNKNOWN_SUBSCRIPTION_ID;
    if (client === undefined) {
      // A broker that was started anew has forgotten it: its subscription still holds.
      const pushing = { subscription: current, lastPushMs: undefined, hasEnded: false };
      this.#clients.set(id, pushing);
      return ErrorCode.NONE;
    }
    if (client.hasEnded) return ErrorCode.INVALID_REQUEST;
    const { lastPushMs } = client;
    const isEarly = lastPushMs !== undefined && push.nowMs - lastPushMs < current.intervalMs;
    return isEarly && !push.isLast ? ErrorCode.THROTTLING_QUOTA_EXCEEDED : ErrorCode.NONE;
  }

  /** A push was good. */
  onPushed(id: Uuid, push: { isLast: boolean; nowMs: number }): void {
    const client = this.#clients.get(id);
    if (client === undefined) return;
    client.lastPushMs = push.nowMs;
    client.hasEnded = push.isLast;
  }
}

type Attributes = ReadonlyMap<string, string>;

function attributesOf(id: Uuid, { session, clientId }: TelemetryClient): Attributes {
  return new Map([
    ["client_instance_id", id],
    ["client_id", clientId ?? ""],
    ["client_software_name", session.software?.name ?? ""],
    ["client_software_version", session.software?.version ?? ""],
    ["client_source_address", session.remote.host],
    ["client_source_port", String(session.remote.port)],
  ]);
}

function subscriptionFor(image: MetadataImage, attributes: Attributes): Subscription {
  const metrics = new Set<string>();
  let intervalMs = Infinity;
  for (const name of image.configuredNames(ResourceType.CLIENT_METRICS)) {
    const configs = image.configs(ResourceType.CLIENT_METRICS, name);
    if (!matches(listOf(configs.get("match")), attributes)) continue;
    const wanted = listOf(configs.get("metrics"));
    for (const prefix of wanted) metrics.add(prefix === "*" ? "" : prefix);
    const interval = configs.get("interval.ms") ?? clientMetricsKeys["interval.ms"].default;
    if (wanted.length > 0) intervalMs = Math.min(intervalMs, Number(interval));
  }
  if (metrics.has("")) return subscription([""], intervalMs, attributes);
  return subscription([...metrics].sort(), intervalMs, attributes);
}

function subscription(
  metrics: readonly string[],
  interval: number,
  attributes: Attributes,
): Subscription {
  const intervalMs = Number.isFinite(interval)
    ? interval
    : Number(clientMetricsKeys["interval.ms"].default);
  const text = JSON.stringify([metrics, intervalMs, attributes.get("client_instance_id")]);
  return { id: crc32c(utf8(text)) | 0, intervalMs, metrics };
}

function listOf(text: string | undefined): string[] {
  return (text ?? "").split(",").map((part) => part.trim()).filter((part) => part !== "");
}

/** Whether the client is one that all entries mean. They were checked when they were set. */
function matches(entries: readonly string[], attributes: Attributes): boolean {
  return entries.every((entry) => {
    const equals = entry.indexOf("=");
    const value = attributes.get(entry.slice(0, equals).trim()) ?? "";
    try {
      const pattern = new RegExp(`^(?:${entry.slice(equals + 1)})$`);
      return pattern.test(value.slice(0, matchedCharactersMax));
    } catch {
      return false;
    }
  });
}
