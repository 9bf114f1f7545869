// The face of src/etcd: a cluster's metadata, its brokers' lives and its controller, in etcd.
//
//   store.ts       the home of the metadata           changes.ts    how it is changed
//   store_faults.ts what goes wrong with it
//   replica.ts     keys -> image                      stage.ts      changes of any size
//   lease.ts       a broker's life                    watch.ts      what has changed since
//   client.ts      calls, and when to repeat them     messages.ts   JSON <-> ours
//   keys.ts        which keys there are               address.ts    etcd://host:2379/name
//
// Invariant: it knows no broker and no request; records are the cluster's, keys are its own.

export { parseEtcdAddress } from "./address.ts";
export { EtcdClient, type EtcdMember, type ReadTerms } from "./client.ts";
export { EtcdMetadataStore, type EtcdStoreOptions } from "./store.ts";
