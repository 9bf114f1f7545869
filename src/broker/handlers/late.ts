// Handlers that a start does not need: what tools ask for now and then. Each is loaded by the first
// request for it, so that none of them costs time at every start.
//
// Invariant: a module below exports its handler and nothing else, and the versions here are those
// that the handler serves: ApiVersions tells them before anything is loaded (late_test.ts).

import { loading } from "../../base/loading.ts";
import { assert } from "../../base/assert.ts";
import { type Handler, type VersionRange, versionRange } from "../handler.ts";

/** A handler that may not be loaded yet. */
export interface LateHandler {
  /** The API's key. */
  readonly key: number;
  readonly serves: VersionRange;
  readonly load: () => Promise<Handler>;
}

type Load = () => Promise<Readonly<Record<string, Handler>>>;

const modules: Readonly<Record<number, readonly [serves: string, load: Load]>> = {
  15: ["0-6", () => import("./15_describe_groups.ts")],
  16: ["0-5", () => import("./16_list_groups.ts")],
  17: ["0-1", () => import("./17_sasl_handshake.ts")],
  21: ["0-2", () => import("./21_delete_records.ts")],
  24: ["0-5", () => import("./24_add_partitions_to_txn.ts")],
  25: ["0-4", () => import("./25_add_offsets_to_txn.ts")],
  26: ["0-5", () => import("./26_end_txn.ts")],
  27: ["1-2", () => import("./27_write_txn_markers.ts")],
  28: ["0-6", () => import("./28_txn_offset_commit.ts")],
  29: ["0-3", () => import("./29_describe_acls.ts")],
  30: ["0-3", () => import("./30_create_acls.ts")],
  31: ["0-3", () => import("./31_delete_acls.ts")],
  32: ["0-4", () => import("./32_describe_configs.ts")],
  33: ["0-2", () => import("./33_alter_configs.ts")],
  34: ["0-2", () => import("./34_alter_replica_log_dirs.ts")],
  35: ["0-5", () => import("./35_describe_log_dirs.ts")],
  36: ["0-2", () => import("./36_sasl_authenticate.ts")],
  37: ["0-3", () => import("./37_create_partitions.ts")],
  38: ["0-3", () => import("./38_create_delegation_token.ts")],
  39: ["0-2", () => import("./39_renew_delegation_token.ts")],
  40: ["0-2", () => import("./40_expire_delegation_token.ts")],
  41: ["0-3", () => import("./41_describe_delegation_token.ts")],
  42: ["0-3", () => import("./42_delete_groups.ts")],
  43: ["0-2", () => import("./43_elect_leaders.ts")],
  44: ["0-1", () => import("./44_incremental_alter_configs.ts")],
  45: ["0-1", () => import("./45_alter_partition_reassignments.ts")],
  46: ["0", () => import("./46_list_partition_reassignments.ts")],
  47: ["0", () => import("./47_offset_delete.ts")],
  48: ["0-1", () => import("./48_describe_client_quotas.ts")],
  49: ["0-1", () => import("./49_alter_client_quotas.ts")],
  50: ["0", () => import("./50_describe_user_scram_credentials.ts")],
  51: ["0", () => import("./51_alter_user_scram_credentials.ts")],
  55: ["0-2", () => import("./55_describe_quorum.ts")],
  57: ["0-2", () => import("./57_update_features.ts")],
  60: ["0-2", () => import("./60_describe_cluster.ts")],
  61: ["0", () => import("./61_describe_producers.ts")],
  64: ["0", () => import("./64_unregister_broker.ts")],
  65: ["0", () => import("./65_describe_transactions.ts")],
  66: ["0-2", () => import("./66_list_transactions.ts")],
  68: ["0-1", () => import("./68_consumer_group_heartbeat.ts")],
  69: ["0-1", () => import("./69_consumer_group_describe.ts")],
  71: ["0", () => import("./71_get_telemetry_subscriptions.ts")],
  72: ["0", () => import("./72_push_telemetry.ts")],
  74: ["0-1", () => import("./74_list_config_resources.ts")],
  75: ["0", () => import("./75_describe_topic_partitions.ts")],
  76: ["1", () => import("./76_share_group_heartbeat.ts")],
  77: ["1", () => import("./77_share_group_describe.ts")],
  78: ["1-2", () => import("./78_share_fetch.ts")],
  79: ["1-2", () => import("./79_share_acknowledge.ts")],
  83: ["0", () => import("./83_initialize_share_group_state.ts")],
  84: ["0", () => import("./84_read_share_group_state.ts")],
  85: ["0-1", () => import("./85_write_share_group_state.ts")],
  86: ["0", () => import("./86_delete_share_group_state.ts")],
  87: ["0-1", () => import("./87_read_share_group_state_summary.ts")],
  88: ["0-1", () => import("./88_streams_group_heartbeat.ts")],
  89: ["0-1", () => import("./89_streams_group_describe.ts")],
  90: ["0-1", () => import("./90_describe_share_group_offsets.ts")],
  91: ["0", () => import("./91_alter_share_group_offsets.ts")],
  92: ["0", () => import("./92_delete_share_group_offsets.ts")],
};

/** The late handlers by API key. */
export const lateHandlers: ReadonlyMap<number, LateHandler> = new Map(
  Object.entries(modules).map(([key, [serves, load]]) => [Number(key), {
    key: Number(key),
    serves: versionRange(serves),
    load: once(async () => onlyOne(Object.values(await loading(load())))),
  }]),
);

/** `load`, which is called once, and again where it has failed: for want of descriptors, say. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () =>
    loaded ??= load().catch((error) => {
      loaded = undefined;
      throw error;
    });
}

function onlyOne(exported: readonly Handler[]): Handler {
  const [handler] = exported;
  assert(handler !== undefined && exported.length === 1, `a late module exports one thing`);
  return handler;
}
