// Who is connected, for whoever operates the broker: each connection, and how many there are of
// each client.
//
// Names that clients choose are cut, and of thousands of connections or clients the rest is
// counted, so that nobody makes an answer large.

import { formatAddress } from "../../base/address.ts";
import { principalText, type Session } from "./session.ts";

const connectionsMax = 1_000;
const clientsMax = 100;
const nameLengthMax = 64;

/** An open connection. */
export interface ListedConnection {
  readonly peer: string;
  readonly listener: string;
  /** Such as User:alice; User:ANONYMOUS while nobody has said who it is. */
  readonly principal: string;
  /** What the client called itself last; null: nothing yet. */
  readonly clientId: string | null;
  /** What software it says that it is (KIP-511). */
  readonly software?: string;
  /** Whether it is asked who it is. */
  readonly isLoggingIn: boolean;
}

export interface ConnectionList {
  readonly connections: readonly ListedConnection[];
  /** Those that are open besides. */
  readonly notListed: number;
}

/** The first thousand, in the order in which they came. */
export function listConnections(sessions: Iterable<Session>): ConnectionList {
  const connections: ListedConnection[] = [];
  let notListed = 0;
  for (const session of sessions) {
    if (connections.length < connectionsMax) connections.push(listed(session));
    else notListed++;
  }
  return { connections, notListed };
}

function listed({ remote, listener, principal, clientId, software, phase }: Session) {
  return {
    peer: formatAddress(remote),
    listener: listener.name,
    principal: principalText(principal),
    clientId: clientId === null ? null : cut(clientId),
    ...software && { software: cut(`${software.name} ${software.version}`) },
    isLoggingIn: phase === "authenticating",
  };
}

/** Open connections by listener, principal and client id. */
export interface ConnectionCountsByClient {
  readonly clients: readonly (readonly [labels: readonly string[], count: number])[];
  /** Connections of clients that are none of these. */
  readonly notListed: number;
}

/** The hundred clients that have most. */
export function countByClient(sessions: Iterable<Session>): ConnectionCountsByClient {
  const counts = new Map<string, { readonly labels: readonly string[]; count: number }>();
  for (const { listener, principal, clientId } of sessions) {
    const labels = [listener.name, principalText(principal), cut(clientId ?? "")];
    const key = JSON.stringify(labels);
    const found = counts.get(key);
    if (found === undefined) counts.set(key, { labels, count: 1 });
    else found.count++;
  }
  const sorted = [...counts.values()].sort((a, b) => b.count - a.count);
  const others = sorted.slice(clientsMax);
  return {
    clients: sorted.slice(0, clientsMax).map(({ labels, count }) => [labels, count] as const),
    notListed: others.reduce((sum, { count }) => sum + count, 0),
  };
}

function cut(text: string): string {
  return text.length > nameLengthMax ? `${text.slice(0, nameLengthMax)}...` : text;
}
