// Metadata records that mean nothing to this broker and must outlive a snapshot all the same, since
// Kafka finds them again: controllers, a ZooKeeper migration.
//
//   record of a thing      kept, in the place of an older one of the same thing
//   removal of a thing     forgets it
//   type that no table has nothing can be said of it: `isWhole` is false from then on
//
// Invariant: while `isWhole`, replaying `all()` makes the same table again.

import type { MetadataRecord, UnknownMetadataRecord } from "../records/records.ts";

export class KeptRecords {
  readonly #records = new Map<string, MetadataRecord>();
  #isWhole = true;

  /** Whether every record was of a type that is known. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** In the order in which the things came. */
  all(): Iterable<MetadataRecord> {
    return this.#records.values();
  }

  apply(record: MetadataRecord | UnknownMetadataRecord): void {
    switch (record.type) {
      case "RegisterControllerRecord":
        this.#records.set(`controller ${record.fields.controllerId}`, record);
        break;
      case "UnregisterControllerRecord":
        this.#records.delete(`controller ${record.fields.controllerId}`);
        break;
      case "ZkMigrationStateRecord":
        this.#records.set("migration", record);
        break;
      case "unknown":
        this.#isWhole = false;
    }
  }
}
