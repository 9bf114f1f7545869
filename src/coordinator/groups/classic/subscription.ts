// What a member's metadata says in the "consumer" protocol type: the topics that it subscribes to.
//
//   version int16 | topics: count int32, (length int16, UTF-8)* | user data, owned partitions, …
//
// The coordinator treats metadata as opaque bytes except here: an offset of a topic that the group
// reads must neither be deleted nor expire (KIP-211, KIP-496). Later versions only append fields.

import { BytesReader } from "../../../base/bytes.ts";
import { DecodeFault } from "../../../base/faults.ts";
import { type ClassicGroup, metadataOf } from "./group.ts";

/** The protocol type of consumers; Connect and others have their own. */
export const consumerProtocolType = "consumer";

/**
 * Topics named in the subscription `metadata`, or undefined when it is not a subscription: a client
 * may use the protocol type "consumer" with an assignor whose metadata is its own.
 */
export function topicsOfSubscription(metadata: Uint8Array): string[] | undefined {
  const reader = new BytesReader(metadata);
  try {
    if (reader.int16() < 0) return undefined;
    const count = reader.int32();
    const topics: string[] = [];
    for (let i = 0; i < count; i++) topics.push(reader.text(reader.int16()));
    return topics;
  } catch (fault) {
    if (fault instanceof DecodeFault) return undefined;
    throw fault;
  }
}

/**
 * Topics that the members subscribe to, by the selected protocol's metadata; none for an empty
 * group; undefined when they cannot be told, as in another protocol type than "consumer".
 */
export function subscribedTopics(group: ClassicGroup): ReadonlySet<string> | undefined {
  if (group.members.size === 0) return new Set();
  if (group.protocolType !== consumerProtocolType) return undefined;
  const all = new Set<string>();
  for (const member of group.members.values()) {
    const topics = topicsOfSubscription(metadataOf(member, group.protocolName));
    if (topics === undefined) return undefined;
    for (const topic of topics) all.add(topic);
  }
  return all;
}
