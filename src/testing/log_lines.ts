// A test broker's log: to standard error as the library's, or line by line to the test.

import type { LogFields, Logger, LogLevel, Runtime } from "../runtime/ports.ts";

/** A line of a broker's log. */
export interface LogLine {
  /** How much it matters. */
  readonly level: LogLevel;
  /** The part of the broker that says it; empty for the broker itself. */
  readonly part: string;
  /** A sentence that is always the same. */
  readonly message: string;
  /** What varies. */
  readonly fields: Readonly<Record<string, string | number | boolean | null | undefined>>;
}

const levels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];

/** Where the lines of a broker with these options go. */
export function loggerOf(
  options: { readonly logger?: (line: LogLine) => void; readonly logLevel?: LogLevel },
  runtime: Runtime,
): Logger {
  const { logger, logLevel } = options;
  if (logger === undefined) return runtime.logger({ level: logLevel ?? "error", format: "text" });
  const least = levels.indexOf(logLevel ?? "info");
  const partLogger = (part: string): Logger => ({
    enabled: (level) => levels.indexOf(level) >= least,
    log(level: LogLevel, message: string, fields: LogFields = {}) {
      if (levels.indexOf(level) >= least) logger({ level, part, message, fields });
    },
    child: (name) => partLogger(part === "" ? name : `${part}.${name}`),
  });
  return partLogger("");
}
