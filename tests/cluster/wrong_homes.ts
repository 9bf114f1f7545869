// Homes of the metadata that break a rule, in place of a broker's right one.

import type { Decision, MetadataImage, MetadataStore } from "../../src/cluster/mod.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";

type Change = MetadataStore["change"];
type Decide<R> = (image: MetadataImage) => Decision<R> | Promise<Decision<R>>;

/** `store`, with another way to change it. */
function changing(store: MetadataStore, change: (right: Change) => Change): MetadataStore {
  return differing(store, { change: change((decide) => store.change(decide)) });
}

/** A folder that another life of its broker has left is as good as that of the last one. */
export function believingCopies(store: MetadataStore): MetadataStore {
  const { remembered } = store;
  if (remembered === undefined) return store;
  const wrong = new Proxy(remembered, {
    get: (_, key) => key === "isOutdated" ? () => false : Reflect.get(remembered, key, remembered),
  });
  return differing(store, { remembered: wrong });
}

/** `store`, but for what `wrong` has. */
function differing(store: MetadataStore, wrong: Partial<MetadataStore>): MetadataStore {
  return new Proxy(store, {
    get(_, key) {
      if (Object.hasOwn(wrong, key)) return Reflect.get(wrong, key);
      const value = Reflect.get(store, key, store);
      return typeof value === "function" ? value.bind(store) : value;
    },
  });
}

type Records = Decision<unknown>["records"];

/** Of what is decided, only what `keep` leaves comes about. */
function leaving(store: MetadataStore, keep: (records: Records) => Records): MetadataStore {
  return changing(store, (right) => (decide) =>
    right(async (image) => {
      const decision = await decide(image);
      return { ...decision, records: keep(decision.records) };
    }));
}

/** A broker that registers stays in all ISRs, and leads what it led. */
export function registrationsAlone(store: MetadataStore): MetadataStore {
  return leaving(store, (records) => {
    const isRegistration = records.some(({ type }) => type === "RegisterBrokerRecord");
    return isRegistration
      ? records.filter(({ type }) => type !== "PartitionChangeRecord")
      : records;
  });
}

/** Who is eligible stays so, however few have to be in sync from now on. */
export function eligibleStill(store: MetadataStore): MetadataStore {
  return leaving(
    store,
    (records) =>
      records.filter(({ type, fields }) =>
        type !== "PartitionChangeRecord" || fields.isr !== null || fields.leader !== -2 ||
        fields.eligibleLeaderReplicas?.length !== 0
      ),
  );
}

const patienceMs = 100;

/** A change of an ISR that is not answered soon is taken for refused, though it comes about. */
export function rolledBack(store: MetadataStore, { timers }: Runtime): MetadataStore {
  const impatient = (right: Change) => async <R>(decide: Decide<R>): Promise<R> => {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    let isOfIsr = false;
    const timer = timers.after(patienceMs, () => {
      if (isOfIsr) resolve(ErrorCode.INVALID_UPDATE_VERSION as R);
    });
    right(async (image) => {
      const decision = await decide(image);
      isOfIsr = decision.response === ErrorCode.NONE && decision.records.length === 1;
      return decision;
    }).then(resolve, reject);
    try {
      return await promise;
    } finally {
      timer.cancel();
    }
  };
  return changing(store, impatient as (right: Change) => Change);
}
