// What coordinators keep of topics that are deleted: committed offsets, states of share groups.
//
// To forget it takes records, and on a full disk there may be no room for them before the topics'
// own files are gone: then they are forgotten once more.

import { isStoreFault, messageOf } from "../../base/faults.ts";
import type { Uuid } from "../../base/ids.ts";
import type { MetadataImage } from "../../cluster/mod.ts";
import type { Logger } from "../../runtime/ports.ts";
import type { Coordinators } from "./coordinators.ts";
import type { Reconciler } from "../logs/reconciler.ts";
import type { Storage } from "../logs/storage.ts";

export interface DeletedTopicsOptions {
  readonly coordinators: Pick<Coordinators, "onImage">;
  readonly image: () => MetadataImage;
  readonly reconciler: Pick<Reconciler, "settled">;
  readonly storage: Pick<Storage, "isFull">;
  readonly isClosing: () => boolean;
  readonly logger: Logger;
  readonly onBug: (error: unknown) => void;
}

/** Has the coordinators forget topics of these names, in the background. */
export function forgetInCoordinators(names: readonly string[], o: DeletedTopicsOptions): void {
  forget(names, o).catch((error) => {
    if (o.isClosing()) return;
    if (!isStoreFault(error)) return o.onBug(error);
    o.logger.log("error", "what groups keep of deleted topics could not be removed", {
      topics: names.join(","),
      reason: messageOf(error),
    });
  });
}

async function forget(names: readonly string[], o: DeletedTopicsOptions): Promise<void> {
  const { storage, reconciler, image } = o;
  const wasFull = storage.isFull;
  try {
    await tellCoordinators(names, o);
  } catch (error) {
    if (!isStoreFault(error) || !storage.isFull) throw error;
  }
  await reconciler.settled();
  if (!wasFull && !storage.isFull) return;
  await tellCoordinators(names.filter((name) => image().topic(name) === undefined), o);
}

/** Tells every coordinator of a new image, in which these topics are not any more. */
export async function tellCoordinators(
  deletedTopics: readonly string[],
  { coordinators, image }: Pick<DeletedTopicsOptions, "coordinators" | "image">,
): Promise<void> {
  const isTopic = (id: Uuid) => image().topicById(id) !== undefined;
  await coordinators.onImage({ deletedTopics, isTopic });
}
