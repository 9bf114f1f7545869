// How many connections there are, in all and from each address, and whether there may be one more.
//
//   max.connections                     in all, but for the listener of brokers
//   listener.name.<name>.max.connections   by that listener
//   max.connections.per.ip.overrides    from an address that it names, such as 10.0.0.7:20
//   max.connections.per.ip              from any other
//   ulimit -n                           in all, as many as leave files for the logs
//
// Invariant: an address without a connection is not remembered.

/** A bound that is reached. */
export interface ReachedBound {
  /** The configuration key, or what else bounds them. */
  readonly key: string;
  readonly max: number;
}

export interface ConnectionBounds {
  readonly connectionsMax: () => number;
  /** How many the files and sockets are for that the process may have open. */
  readonly descriptorsMax: number;
  readonly listenerMax: (listener: string) => number;
  /** Whether connections of this listener come in whatever others there are. */
  readonly isProtected: (listener: string) => boolean;
  readonly perAddressMax: () => number;
  /** The value of `max.connections.per.ip.overrides`. */
  readonly overrides: () => string;
}

/** The connections of a broker, counted. */
export class ConnectionCounts {
  readonly #bounds: ConnectionBounds;
  readonly #byHost = new Map<string, number>();
  readonly #byListener = new Map<string, number>();
  #all = 0;
  #overridesText = "";
  #overrides: ReadonlyMap<string, number> = new Map();

  constructor(bounds: ConnectionBounds) {
    this.#bounds = bounds;
  }

  /** What forbids one more connection from `host` by `listener`; undefined when nothing does. */
  reachedBy(host: string, listener: string): ReachedBound | undefined {
    const { connectionsMax, descriptorsMax, listenerMax, isProtected, perAddressMax } =
      this.#bounds;
    const [all, ofListener] = [connectionsMax(), listenerMax(listener)];
    if ((this.#byListener.get(listener) ?? 0) >= ofListener) {
      return { key: "max.connections", max: ofListener };
    }
    if (this.#all >= all && !isProtected(listener)) return { key: "max.connections", max: all };
    if (this.#all >= descriptorsMax && !isProtected(listener)) {
      return { key: "openFilesLimitLeaves", max: descriptorsMax };
    }
    const max = this.#overrideOf(host) ?? perAddressMax();
    const count = this.#byHost.get(host) ?? 0;
    return count >= max ? { key: "max.connections.per.ip", max } : undefined;
  }

  /** Whether there are more than there may be, since a protected listener takes them all. */
  get isExceeded(): boolean {
    const { connectionsMax, descriptorsMax } = this.#bounds;
    return this.#all > Math.min(connectionsMax(), descriptorsMax);
  }

  add(host: string, listener: string): void {
    this.#all++;
    this.#byHost.set(host, (this.#byHost.get(host) ?? 0) + 1);
    this.#byListener.set(listener, (this.#byListener.get(listener) ?? 0) + 1);
  }

  remove(host: string, listener: string): void {
    this.#all--;
    this.#byListener.set(listener, (this.#byListener.get(listener) ?? 0) - 1);
    const left = (this.#byHost.get(host) ?? 0) - 1;
    if (left > 0) this.#byHost.set(host, left);
    else this.#byHost.delete(host);
  }

  #overrideOf(host: string): number | undefined {
    const text = this.#bounds.overrides();
    if (text !== this.#overridesText) {
      const parsed = parseOverrides(text);
      this.#overrides = "overrides" in parsed ? parsed.overrides : new Map();
      this.#overridesText = text;
    }
    return this.#overrides.get(host);
  }
}

/** An address of either family, the longer ones with or without brackets, and a count. */
const overrideForm = new RegExp(
  "^(?:\\[([0-9A-Fa-f:.]+)\\]|(\\d+(?:\\.\\d+){3}|[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,7}))" +
    ":(\\d{1,9})$",
);

/** Either the limits by address, or what is wrong with the text. */
export type ParsedOverrides =
  | { readonly overrides: ReadonlyMap<string, number> }
  | { readonly problem: string };

/** Reads the value of `max.connections.per.ip.overrides`: `10.0.0.7:20,[::1]:5`. */
export function parseOverrides(text: string): ParsedOverrides {
  const overrides = new Map<string, number>();
  for (const entry of text.split(",").map((each) => each.trim())) {
    if (entry === "") continue;
    const match = overrideForm.exec(entry);
    const host = match?.[1] ?? match?.[2];
    if (host === undefined) return { problem: `"${entry}" is not of the form ADDRESS:COUNT` };
    overrides.set(host, Number(match?.[3]));
  }
  return { overrides };
}
