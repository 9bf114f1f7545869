// What a trace is about: some APIs, some clients, some topics, or everything.
//
// Invariant: an answer is shown where its request was, and the end of a connection where its
// beginning was; what a filter leaves out costs no line.

import type { RequestHeader } from "../../protocol/mod.ts";
import { type NameOfId, placesIn, type Struct } from "../../protocol/message_topics.ts";

/** Which requests a trace shows: all of what is given has to hold. */
export interface TraceFilter {
  /** APIs by key. */
  readonly apiKeys?: ReadonlySet<number>;
  /** Whether a client of that id is meant; "" is one that names itself not at all. */
  readonly isClient?: (clientId: string) => boolean;
  /** Whether a topic is meant: a request that names one of them is shown. */
  readonly isTopic?: (name: string) => boolean;
}

/** Whether a request is to be shown; `message` is absent where it was not read. */
export function isTraced(
  filter: TraceFilter,
  header: RequestHeader,
  { message, nameOfId }: { readonly message?: unknown; readonly nameOfId: NameOfId },
): boolean {
  const { apiKeys, isClient, isTopic } = filter;
  if (apiKeys !== undefined && !apiKeys.has(header.apiKey)) return false;
  if (isClient !== undefined && !isClient(header.clientId ?? "")) return false;
  if (isTopic === undefined) return true;
  return message !== undefined &&
    placesIn(message as Struct, nameOfId).some(({ topic }) => isTopic(topic));
}

/** Whether connections are to be shown, which are of no API and no topic. */
export function areConnectionsTraced({ apiKeys, isClient, isTopic }: TraceFilter): boolean {
  return apiKeys === undefined && isClient === undefined && isTopic === undefined;
}
