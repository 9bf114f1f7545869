// Exceptions say that something cannot go on, and the class says what. Kafka error codes are data
// and travel in responses; they are never thrown across a module's face.

/** Bytes that do not parse: truncated, out of range, or against a bound. */
export class DecodeFault extends Error {
  override readonly name = "DecodeFault";
  /** They may well be sound, and are more than the reader was allowed to make of them. */
  readonly isPastBound: boolean;

  constructor(message: string, options: ErrorOptions & { isPastBound?: boolean } = {}) {
    super(message, options);
    this.isPastBound = options.isPastBound ?? false;
  }
}

/** A message that its version cannot say: a field is too new, null, or out of range. */
export class EncodeFault extends Error {
  override readonly name = "EncodeFault";
  /** It can be said, and is longer than the writer was allowed to make it. */
  readonly isPastBound: boolean;

  constructor(message: string, options: ErrorOptions & { isPastBound?: boolean } = {}) {
    super(message, options);
    this.isPastBound = options.isPastBound ?? false;
  }
}

/** This connection cannot go on; it is closed, others are not touched. */
export class ConnectionFault extends Error {
  /** Tells it from other errors. */
  override readonly name = "ConnectionFault";
}

/** This partition's log cannot go on; the partition goes offline (KAFKA_STORAGE_ERROR). */
export class PartitionFault extends Error {
  override readonly name = "PartitionFault";
}

/** What a user asked for cannot be done: the message says what happened, to what, what to do. */
export class UsageFault extends Error {
  /** Tells it from other errors. */
  override readonly name = "UsageFault";
}

/** The small set that adapters turn platform errors into. */
export type PlatformFaultKind =
  | "NotFound"
  | "AlreadyExists"
  | "NoSpace"
  | "ReadOnly"
  | "AddressInUse"
  | "Refused"
  | "Denied"
  | "Closed"
  | "Io";

/** What a platform call was about, where a failure of the same kind asks for another remedy. */
export type PlatformFaultSubject =
  | "standard output"
  | "standard error"
  | "standard input"
  /** The brokers that a client was given to begin with. */
  | "bootstrap"
  /** The address of metrics and health. */
  | "metrics"
  /** A key, a certificate, a password, or whom a peer trusts. */
  | "tls"
  | "data folder"
  /** A data folder that somebody else uses. */
  | "folder lock";

/** A platform call failed. `kind` and `about` are what code decides by; `message` is for people. */
export class PlatformFault extends Error {
  /** Tells it from other errors. */
  override readonly name = "PlatformFault";
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
    this.kind = kind;
    this.about = options.about;
  }
}

/** Whether `error` is a {@link PlatformFault} of this kind. */
export function isPlatformFault(error: unknown, kind: PlatformFaultKind): boolean {
  return error instanceof PlatformFault && error.kind === kind;
}

/**
 * Whether `error` says that something cannot be stored, or not be read back: whoever asked for it
 * is told so with an error code. Anything else is a bug of ours, or the end of a connection.
 */
export function isStoreFault(
  error: unknown,
): error is PartitionFault | PlatformFault | DecodeFault {
  return error instanceof PartitionFault || error instanceof PlatformFault ||
    error instanceof DecodeFault;
}

/** Ends a failure that its owner tells of; what is no fault of a store is thrown on. */
export function throwUnlessStoreFault(
  error: unknown,
): asserts error is PartitionFault | PlatformFault | DecodeFault {
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
