// Contexts: named sets of the options that say which broker and as whom, kept in a file.
//
//   {"current": "prod", "contexts": {"prod": {"bootstrap": "kafka:9092", "user": "alice", ...}}}
//
// The file is OTTLA_CONTEXTS, or ottla/contexts.json in the folder of the user's configuration.
// Invariant: no secret is in it, only the paths of files that hold some; and it is replaced whole.

import { fromUtf8, utf8 } from "../base/bytes.ts";
import { isPlatformFault, UsageFault } from "../base/faults.ts";
import type { Runtime } from "../runtime/ports.ts";

/** The options of one context, by name: texts, and flags that are set. */
export type SavedOptions = Readonly<Record<string, string | true>>;

/** What the file holds. */
export interface SavedContexts {
  /** The context that is used where nothing else is said. */
  readonly current: string | undefined;
  readonly contexts: Readonly<Record<string, SavedOptions>>;
}

function hasHome(environment: Readonly<Record<string, string>>): boolean {
  const { OTTLA_CONTEXTS, XDG_CONFIG_HOME, HOME, USERPROFILE } = environment;
  return Boolean(OTTLA_CONTEXTS || XDG_CONFIG_HOME || HOME || USERPROFILE);
}

/** Where the contexts are kept. Throws UsageFault where the user has no home. */
function contextsPath(environment: Readonly<Record<string, string>>): string {
  const { OTTLA_CONTEXTS, XDG_CONFIG_HOME, HOME, USERPROFILE } = environment;
  if (OTTLA_CONTEXTS) return OTTLA_CONTEXTS;
  const home = HOME || USERPROFILE;
  const folder = XDG_CONFIG_HOME || (home && `${home}/.config`);
  if (folder) return `${folder}/ottla/contexts.json`;
  throw new UsageFault(
    "there is no home folder to keep contexts in: name a file in OTTLA_CONTEXTS",
  );
}

/** The contexts in the file; none where there is no file. Throws UsageFault where it is damaged. */
export function readContexts({ files, process }: Runtime): SavedContexts {
  const path = contextsPath(process.environment);
  const text = textAt(files, path);
  if (text === undefined) return { current: undefined, contexts: {} };
  const damaged = () => new UsageFault(`${path} holds no contexts: mend it, or remove it`);
  const saved = objectIn(text);
  if (saved === undefined || !isObject(saved.contexts)) throw damaged();
  const { current, contexts } = saved;
  const areOptions = Object.values(contexts).every((options) =>
    isObject(options) &&
    Object.values(options).every((value) => typeof value === "string" || value === true)
  );
  if (!areOptions || current !== undefined && typeof current !== "string") throw damaged();
  return { current, contexts: contexts as Record<string, SavedOptions> };
}

/** The options of a context, or of the one in use; none where there is none. */
export function contextOptions(runtime: Runtime, name: string | undefined): SavedOptions {
  if (name === undefined && !hasHome(runtime.process.environment)) return {};
  const { current, contexts } = readContexts(runtime);
  const chosen = name ?? current;
  if (chosen === undefined) return {};
  const options = Object.hasOwn(contexts, chosen) ? contexts[chosen] : undefined;
  if (options !== undefined) return options;
  throw new UsageFault(`there is no context ${chosen}. See: ottla contexts list`);
}

/** Replaces the file. */
export function writeContexts({ files, process }: Runtime, saved: SavedContexts): void {
  const path = contextsPath(process.environment);
  const folder = path.slice(0, path.lastIndexOf("/"));
  if (folder !== "") files.makeFolder(folder);
  const file = files.open(`${path}.tmp`, "create");
  try {
    file.append(utf8(JSON.stringify(saved, null, 2) + "\n"));
  } finally {
    file.close();
  }
  files.rename(`${path}.tmp`, path);
}

function textAt(files: Runtime["files"], path: string): string | undefined {
  try {
    const file = files.open(path, "read");
    try {
      const bytes = new Uint8Array(file.size);
      return fromUtf8(bytes.subarray(0, file.readAt(0, bytes)));
    } finally {
      file.close();
    }
  } catch (error) {
    if (isPlatformFault(error, "NotFound")) return undefined;
    throw error;
  }
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const parsed = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
