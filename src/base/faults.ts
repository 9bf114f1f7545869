// Exceptions say that something cannot go on, and the class says what. Kafka error codes are data
// and travel in responses; they are never thrown across a module's face.
//
// What reaches a program is one family, OttlaError: docs/decisions/0019-one-family-of-errors.md.
//
// Invariant: no `code` of a class here is a name among Kafka's error codes.

/**
 * What every error is that Ottla throws to a program, save two: an assertion of its own that fails,
 * and the reason of an `AbortSignal`. `cause` is the error that it comes of, where there is one.
 */
export abstract class OttlaError extends Error {
  /**
   * What a program decides by, a name that stays: Kafka's for what a broker refused
   * (`UNKNOWN_TOPIC_OR_PARTITION`), else Ottla's own (`CONNECTION_LOST`, `USAGE`).
   */
  abstract readonly code: string;
  /** Whether the same call may succeed later, with nothing changed by the program. */
  abstract readonly isRetriable: boolean;
}

/** Bytes that do not parse: truncated, out of range, or against a bound. */
export class DecodeFault extends OttlaError {
  override readonly name = "DecodeFault";
  readonly code = "DECODE_FAILED";
  readonly isRetriable = false;
  /** They may well be sound, and are more than the reader was allowed to make of them. */
  readonly isPastBound: boolean;

  constructor(message: string, options: ErrorOptions & { isPastBound?: boolean } = {}) {
    super(message, options);
    this.isPastBound = options.isPastBound ?? false;
  }
}

/** A message that its version cannot say: a field is too new, null, or out of range. */
export class EncodeFault extends OttlaError {
  override readonly name = "EncodeFault";
  readonly code = "ENCODE_FAILED";
  readonly isRetriable = false;
  /** It can be said, and is longer than the writer was allowed to make it. */
  readonly isPastBound: boolean;

  constructor(message: string, options: ErrorOptions & { isPastBound?: boolean } = {}) {
    super(message, options);
    this.isPastBound = options.isPastBound ?? false;
  }
}

/** This connection cannot go on; it is closed, others are not touched. */
export class ConnectionFault extends OttlaError {
  /** Tells it from other errors. */
  override readonly name = "ConnectionFault";
  /** Always the same. */
  readonly code = "CONNECTION_LOST";
  /** Another connection may serve. */
  readonly isRetriable = true;
}

/** This partition's log cannot go on; the partition goes offline (KAFKA_STORAGE_ERROR). */
export class PartitionFault extends OttlaError {
  override readonly name = "PartitionFault";
  readonly code = "PARTITION_OFFLINE";
  readonly isRetriable = false;
}

/** Whoever was asked is not in charge any more; the request is told so (NOT_COORDINATOR). */
export class ResignedFault extends OttlaError {
  override readonly name = "ResignedFault";
  readonly code = "RESIGNED";
  readonly isRetriable = true;
}

/** What a user asked for cannot be done: the message says what happened, to what, what to do. */
export class UsageFault extends OttlaError {
  /** Tells it from other errors. */
  override readonly name = "UsageFault";
  /** Always the same. */
  readonly code = "USAGE";
  /** It would come to the same. */
  readonly isRetriable = false;
}

/** The small set that adapters turn platform errors into. */
export type PlatformFaultKind =
  | "NotFound"
  | "AlreadyExists"
  | "NoSpace"
  | "ReadOnly"
  | "TooManyFiles"
  | "AddressInUse"
  | "Refused"
  | "Denied"
  | "Closed"
  | "Io";

const platformCodes: Readonly<Record<PlatformFaultKind, string>> = {
  NotFound: "NOT_FOUND",
  AlreadyExists: "ALREADY_EXISTS",
  NoSpace: "NO_SPACE",
  ReadOnly: "READ_ONLY",
  TooManyFiles: "TOO_MANY_FILES",
  AddressInUse: "ADDRESS_IN_USE",
  Refused: "REFUSED",
  Denied: "DENIED",
  Closed: "CLOSED",
  Io: "IO",
};

/** What does not pass by itself. A name that is not found may be resolved in a moment. */
const lastingKinds: ReadonlySet<PlatformFaultKind> = new Set([
  "AlreadyExists",
  "ReadOnly",
  "Denied",
]);

/** What a platform call was about, where a failure of the same kind asks for another remedy. */
export type PlatformFaultSubject =
  | "standard output"
  | "standard error"
  | "standard input"
  /** The brokers that a client was given to begin with. */
  | "bootstrap"
  /** The address of metrics and health. */
  | "metrics"
  /** The home of a cluster's metadata. */
  | "etcd"
  /** A key, a certificate, a password, or whom a peer trusts. */
  | "tls"
  | "data folder"
  /** A data folder that somebody else uses. */
  | "folder lock";

/** A platform call failed. `kind` and `about` are what code decides by; `message` is for people. */
export class PlatformFault extends OttlaError {
  /** Tells it from other errors. */
  override readonly name = "PlatformFault";
  /** Its kind in the family's spelling: `NO_SPACE`, `ADDRESS_IN_USE`. */
  readonly code: string;
  /** True unless something has to be changed first: what exists, is read-only, or is denied. */
  readonly isRetriable: boolean;
  /** What a program decides by. */
  readonly kind: PlatformFaultKind;
  /** What it was about, where that makes a difference. */
  readonly about: PlatformFaultSubject | undefined;

  /** A fault of this kind, with a sentence for people. */
  constructor(
    kind: PlatformFaultKind,
    message: string,
    options: ErrorOptions & { about?: PlatformFaultSubject } = {},
  ) {
    super(message, options);
    this.code = platformCodes[kind];
    this.isRetriable = !lastingKinds.has(kind);
    this.kind = kind;
    this.about = options.about;
  }
}

/** Whether `error` is a {@link PlatformFault} of this kind. */
export function isPlatformFault(error: unknown, kind: PlatformFaultKind): boolean {
  return error instanceof PlatformFault && error.kind === kind;
}

/**
 * Whether a store is short of room or of file descriptors: nothing is broken, and it may well have
 * them again in a while.
 */
export function isShortage(error: unknown): error is PlatformFault {
  return isPlatformFault(error, "NoSpace") || isPlatformFault(error, "TooManyFiles");
}

/**
 * Something cannot be stored, or not be read back: whoever asked for it is told so with an error
 * code. Anything else is a bug of ours, or the end of a connection.
 */
export type StoreFault = PartitionFault | PlatformFault | DecodeFault;

export function isStoreFault(error: unknown): error is StoreFault {
  return error instanceof PartitionFault || error instanceof PlatformFault ||
    error instanceof DecodeFault;
}

/** Ends a failure that its owner tells of; what is no fault of a store is thrown on. */
export function throwUnlessStoreFault(error: unknown): asserts error is StoreFault {
  if (!isStoreFault(error)) throw error;
}

/** A store's fault as its partition's, told by `message`. Throws on what is none. */
export function partitionFault(error: unknown, message = messageOf(error)): PartitionFault {
  if (!isStoreFault(error)) throw error;
  return new PartitionFault(message, { cause: error });
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
