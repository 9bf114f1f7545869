// What is said of something that is only tried, and may be said again when it is done.

import type { Logger } from "../../runtime/ports.ts";

/** A logger whose lines are written only once they are released. */
export function holdLines(to: Logger): { logger: Logger; release(): void } {
  const lines: (() => void)[] = [];
  const logger: Logger = {
    enabled: (level) => to.enabled(level),
    log: (...line) => void lines.push(() => to.log(...line)),
    child: () => logger,
  };
  return { logger, release: () => lines.forEach((write) => write()) };
}
