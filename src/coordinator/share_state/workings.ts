// How the share coordinator works: its machine, and its records as bytes.

import type { Workings } from "../coordinator.ts";
import {
  decodeShareState,
  encodeShareStateKey,
  encodeShareStateValue,
  shareStateKinds,
  type ShareStateRecord,
} from "./record_codec.ts";
import { type ShareStateAnswer, ShareStateTable } from "./state_table.ts";

export const shareWorkings: Workings<ShareStateTable, ShareStateRecord, ShareStateAnswer> = {
  kinds: shareStateKinds,
  newMachine: ({ shareStates }) => new ShareStateTable(shareStates),
  decode: decodeShareState,
  encodeKey: encodeShareStateKey,
  encodeValue: encodeShareStateValue,
  namesIn: ({ key: { groupId, topicId, partition } }) => ({
    group: groupId,
    of: `${topicId}-${partition}`,
  }),
};
