// Loggers. A program that embeds the broker and has configured LogTape gets our lines under the
// category ["ottla", part] in its own sinks, which we never configure; anywhere else they are
// written here, and LogTape is not loaded.
//
//   log() --enabled--> is there a LogTape in this process?
//                        no  --> formatLine --> write (stderr)
//                        yes --> held --ours is loaded--> emit --configured--> the program's sinks
//                                                           \--not-------> formatLine --> write
//
// Lines are held in order, a bounded number of them; `flush` writes what is held when the process
// ends earlier.

import type * as LogTape from "@logtape/logtape";
import { formatLine, type LogLine } from "./log_lines.ts";
import type { Clock, LogFields, Logger, LogLevel, LogOptions } from "./ports.ts";

const severity: Readonly<Record<LogLevel, number>> = {
  trace: 0,
  debug: 1,
  info: 2,
  warn: 3,
  error: 4,
};

/** Lines held until LogTape is there. */
const heldMax = 1_000;

/** Where a logging writes, and how. */
export interface LoggingOptions {
  readonly clock: Clock;
  /**
   * Writes a line whole; its failures are ignored, since a log line must never stop the program.
   */
  readonly write: (text: string) => void;
  /** Asked at the first line. */
  readonly hasColor: () => boolean;
}

/** The loggers of a process. */
export interface Logging {
  logger(options: LogOptions): Logger;
  /** Writes the lines that still wait for LogTape. */
  flush(): void;
}

/** Where one line goes. */
interface Output {
  readonly format: LogOptions["format"];
  readonly write: (text: string) => void;
  readonly color: () => boolean;
}

type Emit = (line: LogLine, output: Output) => void;

/** Where every LogTape of a process, whoever has loaded it, has its first logger. */
const rootLogger = Symbol.for("logtape.rootLogger");

/** By LogTape, once ours is loaded. */
let emit: Emit | undefined;
let loading: Promise<void> | undefined;

/** Makes the loggers that write with `options`. */
export function createLogging(options: LoggingOptions): Logging {
  const held: { line: LogLine; output: Output }[] = [];
  let droppedCount = 0;
  let hasColor: boolean | undefined;
  const color = () => hasColor ??= options.hasColor();

  const flush = () => {
    const write = emit ?? writeLine;
    for (const { line, output } of held.splice(0)) write(line, output);
    if (droppedCount > 0) {
      writeText(options, `${droppedCount} log lines were dropped while logging started\n`);
      droppedCount = 0;
    }
  };

  const accept = (line: LogLine, output: Output) => {
    if (!(rootLogger in globalThis)) return writeLine(line, output);
    if (emit !== undefined && held.length === 0) return emit(line, output);
    if (held.length < heldMax) held.push({ line, output });
    else droppedCount++;
    if (held.length === 1) {
      loading ??= load();
      loading.then(flush);
    }
  };

  return {
    logger: (logOptions) =>
      makeLogger("", {
        level: logOptions.level,
        clock: options.clock,
        accept,
        output: { format: logOptions.format, write: options.write, color },
      }),
    flush,
  };
}

interface LoggerOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  readonly accept: Emit;
  readonly output: Output;
}

function makeLogger(part: string, options: LoggerOptions): Logger {
  const enabled = (level: LogLevel) => severity[level] >= severity[options.level];
  return {
    enabled,
    log(level: LogLevel, message: string, fields: LogFields = {}) {
      if (!enabled(level)) return;
      const line = { timeMs: options.clock.now(), level, part, message, fields };
      options.accept(line, options.output);
    },
    child: (name) => makeLogger(part === "" ? name : `${part}.${name}`, options),
  };
}

/** Loads LogTape; should that fail, lines are written without it. */
async function load(): Promise<void> {
  try {
    emit = connect(await import("@logtape/logtape"));
  } catch {
    emit = writeLine;
  }
}

function connect(logtape: typeof LogTape): Emit {
  return (line, output) => {
    if (logtape.getConfig() === null) return writeLine(line, output);
    const parts = line.part === "" ? [] : line.part.split(".");
    logtape.getLogger(["ottla", ...parts]).emit({
      timestamp: line.timeMs,
      level: line.level === "warn" ? "warning" : line.level,
      message: [line.message],
      rawMessage: line.message,
      properties: line.fields,
    });
  };
}

function writeLine(line: LogLine, output: Output): void {
  writeText(output, formatLine(line, output.format, output.color()));
}

function writeText(output: Pick<Output, "write">, text: string): void {
  try {
    output.write(text);
  } catch {
    // Nobody reads standard error any more, or its disk is full; the program goes on.
  }
}
