// What share groups obey where they read: a group's own settings come before the broker's.

import { type MetadataImage, ResourceType } from "../../cluster/mod.ts";
import type { Isolation } from "../fetch/purgatory.ts";
import type { ShareTerms } from "../share/share_partition.ts";
import type { BrokerConfig } from "./mod.ts";
import { groupKeys } from "./group_table.ts";
import { groupTerms, within } from "./group_parts.ts";

/** Where a group begins in a partition that is new to it. */
export type ShareReset =
  | { readonly to: "earliest" }
  | { readonly to: "latest" }
  /** At the first record that is no older. */
  | { readonly to: "time"; readonly ageMs: number };

/** All that a share group obeys in a partition. */
export interface ShareGroupTerms extends ShareTerms {
  readonly isolation: Isolation;
  readonly reset: ShareReset;
}

/** As things stand when they are asked for. */
export function shareGroupTerms(
  config: Pick<BrokerConfig, "get">,
  { image, groupId }: { readonly image: MetadataImage; readonly groupId: string },
): ShareGroupTerms {
  const own = image.configs(ResourceType.GROUP, groupId);
  const terms = groupTerms(config);
  const text = (name: string) => own.get(name) ?? groupKeys[name]?.default ?? "";
  const number = (name: keyof typeof terms) => within(own.get(name), terms[name]);
  return {
    recordLocksMax: number("share.partition.max.record.locks"),
    deliveryCountMax: number("share.delivery.count.limit"),
    lockMs: number("share.record.lock.duration.ms"),
    canRenew: text("share.renew.acknowledge.enable").toLowerCase() === "true",
    isolation: text("share.isolation.level").toLowerCase() === "read_committed"
      ? "readCommitted"
      : "readUncommitted",
    reset: resetOf(text("share.auto.offset.reset").trim()),
  };
}

const duration = /^by_duration:P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

function resetOf(text: string): ShareReset {
  const found = duration.exec(text);
  if (found === null) return { to: text === "earliest" ? "earliest" : "latest" };
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((part) =>
    Number(part ?? 0)
  );
  const ageMs = Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000);
  return { to: "time", ageMs };
}
