// What the core needs from the world, as interfaces only. An adapter per runtime implements them
// (deno.ts, bun.ts, node.ts) and a seeded one simulates them (simulated.ts); one suite,
// tests/runtime/ports_suite, holds all four to the same behaviour.
//
// Every failure is a PlatformFault (base/faults.ts) whose kind the core decides by. Nothing else in
// the program names Deno, Bun, node:*, Date.now, performance, Math.random, timers or crypto.

import type { CipherSuite, TlsVersion } from "../base/cipher_suites.ts";
import type { KernelFile, SendFile } from "../base/file_part.ts";

/** Time. The wall clock may step; durations come from the monotonic one. */
export interface Clock {
  /** Milliseconds since the Unix epoch, an integer. */
  now(): number;
  /** Milliseconds since some fixed instant, fractional, never decreasing. */
  monotonic(): number;
}

/** A pending timer. `cancel` may be called at any time, any number of times. */
export interface Timer {
  cancel(): void;
}

export interface Timers {
  /**
   * Calls `run` once, `delayMs` from now or as soon after as the event loop allows. The process
   * lives on until then, unless `holdsProcess` is false.
   */
  after(delayMs: number, run: () => void, options?: { holdsProcess?: boolean }): Timer;
  /**
   * Resolves once every event that is due has run, those of sockets included: a turn of the event
   * loop, not a microtask.
   */
  turn(): Promise<void>;
  /**
   * Resolves once what is ready by now has run, at once where nothing is: cheaper than a turn, and
   * who calls it again and again keeps sockets waiting. Absent where nothing waits to be run.
   */
  readonly soon?: () => Promise<void>;
}

export interface Random {
  /** A uniform integer in [0, 2^32). */
  uint32(): number;
  /** `length` fresh random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** A TCP endpoint: an IP address (or name, when connecting) without brackets, and a port. */
export interface Address {
  /** An IP address, or a name when connecting. */
  readonly host: string;
  /** The TCP port. */
  readonly port: number;
}

/** Who waits for bytes of a socket. One of these is called, once; it must not throw. */
export interface Receiver {
  /** So many came; null: the peer has closed its side, or `close` was called. */
  onReceived(count: number | null): void;
  /** The connection has broken, which is a PlatformFault "Closed". */
  onBroken(fault: unknown): void;
}

/** A TCP connection: bytes in order, both ways. One read and one write at a time. */
export interface Socket {
  /** The address that the peer reached, so the one to advertise to it. */
  readonly local: Address;
  /** Host "unknown" and port 0 where the peer was gone before anybody could ask who it is. */
  readonly remote: Address;
  /**
   * Resolves once the connection is over, as far as this process was told: while somebody reads,
   * writes or watches it. Never rejects.
   */
  readonly closed: Promise<void>;
  /**
   * Waits for bytes and puts them at the beginning of `into`, which has room for one at least and
   * belongs to the call until it settles. Resolves with how many came; with null when the peer has
   * closed its side, or `close` was called. Rejects with PlatformFault "Closed" when the connection
   * breaks.
   */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /**
   * The same for who reads on and on: where bytes are pushed, it is told in the turn in which they
   * come, and no promise is made. Not before this has returned, but maybe while `close` runs.
   */
  receive(into: Uint8Array<ArrayBuffer>, receiver: Receiver): void;
  /**
   * Nobody reads for a while, and `closed` is to resolve all the same once the peer has reset. What
   * comes meanwhile is there for the next read.
   */
  watch(): void;
  /**
   * Sends all of `bytes`, whose memory may be used again once they have left this process:
   * undefined when they have, otherwise a promise of it. So a writer waits for a slow reader.
   * Rejects with PlatformFault "Closed" when the connection is gone.
   */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /**
   * Has the kernel send from a file, behind what was written, and not while a write is under way:
   * as much as it takes at once, maybe nothing, for whatever reason; the next `write` waits for it
   * or fails. Absent where a runtime, or TLS, stands between.
   */
  readonly sendFile?: SendFile | undefined;
  /** Whether the process lives on for as long as this is open. It does, to begin with. */
  holdProcess(isHeld: boolean): void;
  /** Closes the sending side, behind what was written: the peer reads an end. Never rejects. */
  closeWrite(): Promise<void>;
  /**
   * Drops the connection at once, both sides; a pending read ends, a pending write rejects. Never
   * throws, however often it is called and whatever has become of the connection.
   */
  close(): void;
}

export interface Listener {
  /** The bound address: with the real port when 0 was asked for. */
  readonly address: Address;
  /** Whether the process lives on for as long as it listens. It does, to begin with. */
  holdProcess(isHeld: boolean): void;
  /** Stops accepting. Accepted connections live on. */
  close(): Promise<void>;
}

/** What one side of TLS proves itself by, and whom it trusts. Texts are PEM. */
export interface TlsMaterial {
  /** The private key, with its certificate in front of those that have signed it. */
  readonly identity?:
    | { readonly key: string; readonly chain: string; readonly password?: string }
    | { readonly pkcs12: Uint8Array; readonly password?: string };
  /** Certificates that are trusted; absent: those that the runtime comes with. */
  readonly trusted?: string;
}

/** What a server shakes hands by. */
export interface TlsTerms {
  readonly material: TlsMaterial;
  /** The oldest and the newest version that is spoken. */
  readonly versions: readonly [oldest: TlsVersion, newest: TlsVersion];
  /** Those that may be used; none: whichever the runtime likes. */
  readonly suites: readonly CipherSuite[];
  /** Whether a client is asked for a certificate; whether it may come without one. */
  readonly clientAuth: "none" | "requested" | "required";
}

/** How many may shake hands, and who hears of those that could not. */
export interface TlsServerRules {
  /** For how long a client may shake hands; how many at a time may: the slowest makes room. */
  readonly handshakeMsMax: number;
  readonly handshakesMax: number;
  /** Whether a peer may begin to shake hands; absent: any may. */
  readonly admits?: (peer: Address) => boolean;
  /** A handshake came to nothing: why, in words for an operator. */
  readonly onFailed: (peer: Address, reason: string) => void;
}

/** A connection behind TLS. */
export interface SecureSocket extends Socket {
  /** The peer's certificate, trusted, as DER; undefined where it has shown none. */
  readonly peerCertificate: Uint8Array | undefined;
}

/** What serves behind TLS, by terms that may change. */
export interface RenewableTls {
  /**
   * Who begins to shake hands from now on does so by these, and gets past them by no session of
   * before; open connections stay. Throws Denied as `listenTls` does.
   */
  renew(terms: TlsTerms): void;
}

export interface SecureListener extends Listener, RenewableTls {}

export interface Network {
  /** Listens; AddressInUse or Denied when it cannot. TCP_NODELAY is set on each connection. */
  listen(address: Address, onConnection: (socket: Socket) => void): Promise<Listener>;
  /** Connects; Refused, NotFound (no such host) or Io when it cannot. */
  connect(address: Address): Promise<Socket>;
  /**
   * The same behind TLS. Denied where a key, a certificate or a password does not fit, and where
   * the runtime cannot keep to the cipher suites.
   */
  listenTls(
    address: Address,
    tls: { readonly terms: TlsTerms; readonly rules: TlsServerRules },
    onConnection: (socket: SecureSocket) => void,
  ): Promise<SecureListener>;
  /** Throws Denied where `listenTls` would. */
  checkTls(terms: TlsTerms): void;
  /**
   * The same; Denied when the server's certificate is not trusted, or is not of this host, Io when
   * it has not shaken hands within `msMax`, by default 30,000.
   */
  connectTls(
    address: Address,
    material: TlsMaterial,
    options?: { readonly msMax?: number },
  ): Promise<SecureSocket>;
}

export interface HttpServer {
  /** The bound address: with the real port when 0 was asked for. */
  readonly address: Address;
  /**
   * Whether the process lives on for as long as it listens, and for whom it accepts from now on. It
   * does, to begin with.
   */
  holdProcess(isHeld: boolean): void;
  /** Stops listening and drops every connection, answered or not. */
  close(): Promise<void>;
}

/** One behind TLS. */
export interface SecureHttpServer extends HttpServer, RenewableTls {}

/** What is asked of an HTTP server, and how much of its answer is waited for. */
export interface HttpQuestion {
  readonly msMax: number;
  readonly bytesMax: number;
  /** PEM: whom an https server is trusted by; absent: whom the runtime trusts. */
  readonly trusted?: string;
  /** What is sent by POST, as a form or as JSON; both absent: it is a GET. */
  readonly form?: string;
  readonly json?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** An answer that comes by and by, for as long as its server likes. */
export interface HttpStream {
  readonly status: number;
  /** What has come, in its order; null at its end. One at a time. Rejects as a socket's read. */
  read(): Promise<Uint8Array | null>;
  /** Drops it; a pending read ends. Never throws. */
  close(): void;
}

/** Questions to a few servers over connections that are kept between them. */
export interface HttpClient {
  /** As {@link HttpPort.ask}; whom to trust is this client's. */
  ask(url: string, question: Omit<HttpQuestion, "trusted">): Promise<HttpAnswer>;
  /**
   * The same of an answer without an end, whose head is waited for up to `msMax`. Up to `bytesMax`
   * of it wait here for a read; then its server does.
   */
  follow(url: string, question: Omit<HttpQuestion, "trusted">): Promise<HttpStream>;
  /** Drops every connection; what waits is rejected, as is what is asked later. */
  close(): void;
}

/** HTTP: small answers, made whole before they leave, and read whole. */
export interface HttpPort {
  /**
   * Listens; AddressInUse or Denied when it cannot. A request is passed on without a body, what
   * `answer` throws is told with status 500. The adapter bounds the connections, the bytes of a
   * request's head, and how long one may take or stay idle.
   */
  serve(
    address: Address,
    answer: (request: Request) => Response | Promise<Response>,
  ): Promise<HttpServer>;
  /** The same behind TLS; Denied as `listenTls`. Handshakes are bounded as requests are. */
  serveTls(
    address: Address,
    tls: { readonly terms: TlsTerms } & Pick<TlsServerRules, "onFailed">,
    answer: (request: Request) => Response | Promise<Response>,
  ): Promise<SecureHttpServer>;
  /**
   * Asks an http: or https: URL; redirects are not followed. Refused, NotFound or Denied when it
   * cannot, Io for an answer that is too long or takes too long.
   */
  ask(url: string, question: HttpQuestion): Promise<HttpAnswer>;
  /** A client that proves itself and trusts by `tls`, where a URL is https. */
  client(tls: TlsMaterial): HttpClient;
}

/** What `stat` tells. */
export interface FileInfo {
  readonly isDirectory: boolean;
  /** Bytes; 0 for a directory. */
  readonly size: number;
  /** Last modification, milliseconds since the Unix epoch. */
  readonly modifiedMs: number;
}

/**
 * `read`: an existing file, reads only. `append`: an existing file, or a new one. `create`: a new
 * or emptied one. `overwrite`: an existing one, written anew from its start on over what it has, so
 * that a sync has no new size to keep. NotFound when the file of `read` or `overwrite`, or the
 * folder of the others, does not exist.
 */
export type OpenMode = "read" | "append" | "create" | "overwrite";

/** An open file that grows at its end. Not shared: one writer each. */
export interface OpenFile {
  readonly path: string;
  /** Current size in bytes; of one that is overwritten, how far that has come. */
  readonly size: number;
  /**
   * Writes all of `bytes` at the end. When it cannot (NoSpace, Io), the file may have grown by a
   * part of them: the caller truncates back to the size that it knows.
   */
  append(bytes: Uint8Array): void;
  /**
   * Fills `into` from `position` on, synchronously: for the hot tail. Returns the bytes read, fewer
   * at the end.
   */
  readAt(position: number, into: Uint8Array): number;
  /**
   * The same without blocking the event loop: for cold data. `into` belongs to the call until it
   * settles.
   */
  readAtAsync(position: number, into: Uint8Array): Promise<number>;
  /** For who sends from it; absent where that is not possible. */
  readonly kernelFile?: KernelFile | undefined;
  truncate(size: number): void;
  /**
   * fdatasync. One that failed must never be retried: the kernel has dropped the pages (fsyncgate).
   */
  sync(): Promise<void>;
  /** Closes the file; calls after it throw Closed. Does not sync. */
  close(): void;
}

/** A held lock on a folder; released by `release` or by the end of the process, however it ends. */
export interface FolderLock {
  /** Whether all others are kept out: one that was taken to read may not know how. */
  readonly isExclusive: boolean;
  release(): void;
}

export interface Files {
  /** What separates names in a path: "/", and where the system has it so "\\" as well. */
  readonly separators: string;
  /** A file that is made is for the eyes of this process's user alone. */
  open(path: string, mode: OpenMode): OpenFile;
  /** Names in `folder`, sorted, without the folder. */
  list(folder: string): string[];
  /** undefined when nothing is there. */
  stat(path: string): FileInfo | undefined;
  /**
   * Creates `folder` and what is missing above it, for the eyes of this process's user alone; no
   * error when it exists.
   */
  makeFolder(folder: string): void;
  /** Replaces `to` when it is a file that exists. */
  rename(from: string, to: string): void;
  /** The same without blocking the event loop: it may wait for a busy disk. */
  renameAsync(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all in it. No error when nothing is there. */
  remove(path: string): void;
  /** The same without blocking the event loop: the kernel takes 0.2 ms for each megabyte. */
  removeAsync(path: string): Promise<void>;
  /** fsync of a folder: makes creations, renames and removals in it durable. */
  syncFolder(folder: string): Promise<void>;
  /** The same, while the event loop waits: for the rare name that another must not outlive. */
  syncFolderNow(folder: string): void;
  /** Takes the lock file in `folder`, or throws Denied naming the process that holds it. */
  lock(folder: string): FolderLock;
  /**
   * The same without a lock file, for a folder that nothing can be written to: by the kernel's own
   * lock where the runtime has one. Who has none keeps nobody out, and only sees who was there.
   */
  lockToRead(folder: string): FolderLock;
  /** Bytes free for us on the file system of `path`. */
  freeBytes(path: string): number;
  /** Size of the file system of `path`. */
  totalBytes(path: string): number;
}

export type Signal = "SIGINT" | "SIGTERM";

/** The process: what the command line needs of it. */
export interface ProcessPort {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly id: number;
  /** When the process began, on the wall clock, milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  /** Another at each boot of the machine; undefined where the system does not tell. */
  readonly bootId: string | undefined;
  /** Calls `run` at each arrival of `signal`; returns how to stop. */
  onSignal(signal: Signal, run: () => void): () => void;
  exit(code: number): never;
  /** Writes to standard output / error, whole, before it returns. */
  stdout(output: string | Uint8Array): void;
  stderr(text: string): void;
  /** Standard input as it comes. */
  stdin(): AsyncIterable<Uint8Array>;
  /**
   * Calls `run` once nobody can read standard output any more, where the runtime can be told;
   * returns how to stop.
   */
  onStdoutUnread(run: () => void): () => void;
  readonly stdoutIsTerminal: boolean;
  readonly stdinIsTerminal: boolean;
  /** Resident memory in bytes, and CPU time used so far in seconds (user and system). */
  usage(): { residentBytes: number; cpuSeconds: number };
  /** Has the runtime find its garbage now, which takes some ten milliseconds. */
  collectGarbage(): void;
  /** From now on large arrays that are freed are the system's at once, where that can be had. */
  returnLargeArrays(): void;
  /** Files and sockets that the process may have open at once; undefined where nothing tells. */
  openFilesMax(): number | undefined;
  /** Memory that the machine, or the container around the process, has for it, in bytes. */
  memoryBytesMax(): number;
}

/** What a codec is to do in pieces. */
export interface CodecWay {
  readonly codec: "gzip" | "zstd";
  readonly unpacks: boolean;
  /** Where it unpacks: NoSpace past it. */
  readonly bytesMax?: number;
  /** Where it packs. */
  readonly level?: number;
}

/**
 * Codecs that the runtime ships, synchronous but for `pieces`, which yields what comes out by and
 * by, and does nothing until it is asked for more; an unpacked piece is good until then.
 * Decompression stops with NoSpace past `bytesMax`. `level` is the codec's own (gzip 1-9, zstd
 * -131072-22); each has a default.
 */
export interface Codecs {
  gzip(bytes: Uint8Array, level?: number): Uint8Array;
  gunzip(bytes: Uint8Array, bytesMax: number): Uint8Array;
  zstd(bytes: Uint8Array, level?: number): Uint8Array;
  unzstd(bytes: Uint8Array, bytesMax: number): Uint8Array;
  pieces(bytes: Uint8Array, way: CodecWay): AsyncGenerator<Uint8Array>;
  /**
   * What packing makes of bytes that come in chunks, each of which is good until the next; an empty
   * piece where some milliseconds of work have made nothing yet.
   */
  packed(chunks: AsyncIterable<Uint8Array>, way: CodecWay): AsyncGenerator<Uint8Array>;
}

export type DigestAlgorithm = "sha256" | "sha512";

/** What PBKDF2 makes a key of. */
export interface PasswordToDerive {
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** Cryptographic hashes that the runtime ships. */
export interface Digests {
  hash(algorithm: DigestAlgorithm, bytes: Uint8Array): Uint8Array;
  hmac(algorithm: DigestAlgorithm, of: { key: Uint8Array; bytes: Uint8Array }): Uint8Array;
  /** PBKDF2 (RFC 8018): as many bytes as the hash has. Slow by its nature, so beside the loop. */
  pbkdf2(algorithm: DigestAlgorithm, of: PasswordToDerive): Promise<Uint8Array>;
}

/** How much a log line matters. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** Fields of a log line, printed after the message for people and as keys for machines. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Leveled logging. A message is a constant sentence; what varies goes into `fields`. */
export interface Logger {
  /** Whether a line at `level` would go anywhere: guards costly fields. */
  enabled(level: LogLevel): boolean;
  log(level: LogLevel, message: string, fields?: LogFields): void;
  /** A logger for a part of the program: `child("log")` names its lines so. */
  child(name: string): Logger;
}

/** Where log lines go and in which form. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "text" | "json";
}

/** One runtime, whole. */
export interface Runtime {
  readonly name: "deno" | "bun" | "node" | "simulated";
  readonly version: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
  /** Loaded on first use: most brokers serve none. */
  readonly http: HttpPort;
  readonly files: Files;
  /** A new, empty file system in memory: for brokers that keep nothing. */
  memoryFiles(): Files;
  readonly process: ProcessPort;
  /** Loaded on first use: a start does not need them. */
  readonly codecs: Codecs;
  /** Loaded on first use, too. */
  readonly digests: Digests;
  /** A logger that writes to standard error. */
  logger(options: LogOptions): Logger;
}
