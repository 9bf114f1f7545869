// The dynamic layers: broker configuration that clients have set, as the metadata has it.
//
//   ConfigRecord BROKER "1"  -> layer for this broker   (kafka-configs --entity-name 1)
//   ConfigRecord BROKER ""   -> layer for the cluster   (kafka-configs --entity-default)
//
// A key of one listener (listener.name.outside.ssl.keystore.location) is what it is without that.
// Only keys that can change while a broker runs are taken over: what else a folder's log may hold
// could not have had any effect in the broker that wrote it, either.

import type { BrokerId } from "../../base/ids.ts";
import { entryOf } from "../../base/items.ts";
import { type MetadataImage, ResourceType } from "../../cluster/mod.ts";
import { type ConfigLayer, ConfigSource } from "./layers.ts";
import { brokerKeys } from "./broker_table.ts";
import { listenerKeyOf } from "./listener_keys.ts";
import type { ConfigKey } from "./values.ts";

/** The layers above those of the start, highest precedence first. */
export function dynamicLayers(image: MetadataImage, nodeId: BrokerId): ConfigLayer[] {
  const layer = (name: string, source: number) => ({
    source,
    values: new Map([...image.configs(ResourceType.BROKER, name)].filter(isDynamic)),
  });
  return [
    layer(String(nodeId), ConfigSource.DYNAMIC_BROKER),
    layer("", ConfigSource.DYNAMIC_DEFAULT_BROKER),
  ];
}

/** A key whose other values are refused may be set to its default, and is told to be set. */
function isDynamic([name, value]: readonly [string, string]): boolean {
  const key = entryOf<ConfigKey>(brokerKeys, listenerKeyOf(name) ?? name);
  return key?.update !== undefined && (key.refused === undefined || value === key.default);
}
