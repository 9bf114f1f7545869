// Joining a group and handing out its assignments, as the scenarios about groups do it.

import { utf8 } from "../../../src/base/bytes.ts";
import {
  JoinGroup,
  type RequestInput,
  type ResponseOf,
  SyncGroup,
} from "../../../src/protocol/mod.ts";
import { sortedBy, type Talk } from "../differential.ts";

type JoinInput = RequestInput<typeof JoinGroup>;

export interface Joining extends Partial<JoinInput> {
  line?: string;
  version?: number;
  /** The answer is compared. */
  told?: boolean;
}

function joinInput(talk: Talk, o: Partial<JoinInput>): JoinInput {
  return {
    groupId: talk.group,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: "",
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: utf8("meta") }],
    ...o,
  };
}

export async function join(talk: Talk, { line, version, told = true, ...rest }: Joining = {}) {
  const say = told ? talk.ask.bind(talk) : talk.need.bind(talk);
  const look = (answer: ResponseOf<typeof JoinGroup>) => ({
    ...answer,
    members: sortedBy(answer.members, ({ metadata }) => metadata.join()),
  });
  const at = { line, version, look };
  const answer = await say(JoinGroup, joinInput(talk, rest), at);
  if (answer.errorCode !== 79) return answer;
  return await say(JoinGroup, joinInput(talk, { ...rest, memberId: answer.memberId }), at);
}

type SyncInput = RequestInput<typeof SyncGroup>;

export async function sync(talk: Talk, o: Partial<SyncInput> & { line?: string; told?: boolean }) {
  const { line, told = true, ...rest } = o;
  const asked: SyncInput = {
    groupId: talk.group,
    generationId: 1,
    memberId: "",
    assignments: [],
    protocolType: "consumer",
    protocolName: "range",
    ...rest,
  };
  return await (told ? talk.ask.bind(talk) : talk.need.bind(talk))(SyncGroup, asked, { line });
}

/** A group with one member, whose id is returned, in generation 1. */
export async function groupOfOne(talk: Talk, o: Joining = {}): Promise<string> {
  const { memberId, generationId } = await join(talk, { told: false, ...o });
  const assignments = [{ memberId, assignment: utf8("mine") }];
  await sync(talk, { memberId, generationId, assignments, told: false });
  return memberId;
}

/** ConsumerProtocolSubscription version 0 for one topic. */
export function subscription(topic: string): Uint8Array {
  const name = utf8(topic);
  const bytes = new Uint8Array(2 + 4 + 2 + name.length + 4);
  const view = new DataView(bytes.buffer);
  view.setInt32(2, 1);
  view.setInt16(6, name.length);
  bytes.set(name, 8);
  view.setInt32(8 + name.length, -1);
  return bytes;
}
