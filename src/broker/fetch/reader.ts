// The reading engine: which partitions, from which offsets, how many bytes, and for how long to
// wait for them. It knows no request: Fetch is one of its users.
//
//   pass over the partitions --> enough, an error, or time is up --> what the pass has read
//            ^                \-> purgatory: more is readable, or one of them has changed
//            \________________________________________________________________/
//
// Invariant: the answer is that of one pass: nothing of an earlier one is in it.

import type { Services } from "../services.ts";
import type { PartitionData, WantedPartition } from "./partition_data.ts";
import { Pass, type PassRequest, type PassServices } from "./pass.ts";

/** What to read, and how long to wait for it. */
export interface ReadRequest<W extends WantedPartition> extends PassRequest<W> {
  /** No more is waited for than fits into `bytesMax`. */
  readonly bytesMin: number;
  readonly waitMsMax: number;
  /** Whether there is something to tell by now that is no record. */
  readonly isDue?: () => boolean;
  /** What a pass is to wait for, so that it finds more; undefined: nothing. */
  readonly more?: () => Promise<void> | undefined;
}

/** What the engine needs of a broker. */
export type ReadServices = Pick<Services, keyof PassServices | "purgatory" | "clock" | "isClosing">;

/** Reads, waiting if need be. Resolves with what was found for each of `wanted`, in their order. */
export async function readPartitions<W extends WantedPartition>(
  services: ReadServices,
  request: ReadRequest<W>,
): Promise<PartitionData[]> {
  const { clock, memory, purgatory } = services;
  const { isolation, requester } = request;
  const bytesMin = Math.min(request.bytesMin, request.bytesMax);
  const deadlineMs = clock.monotonic() + request.waitMsMax;
  for (;;) {
    const more = request.more?.();
    if (more !== undefined) await more;
    const pass = new Pass(services, request);
    let data: PartitionData[];
    try {
      data = await pass.run(request);
    } finally {
      // From here on the connection counts them.
      memory.answers.give(pass.bytes);
    }
    const bytes = bytesMin - pass.bytes;
    if (request.isDue?.()) return data;
    if (bytes <= 0 || pass.isFull || pass.isFinal || pass.seen.size === 0) return data;
    const delayMs = deadlineMs - clock.monotonic();
    if (delayMs <= 0 || services.isClosing || requester.hasLeft) return data;
    if (pass.isOutdated) continue;
    await purgatory.wait([...pass.seen.keys()], { isolation, bytes, delayMs, requester });
    if (requester.hasLeft) return data;
  }
}
