// The public keys of an identity provider, from a file or by HTTP, kept fresh:
//
//   file:/path    read again when the file has changed
//   http(s)://    every sasl.oauthbearer.jwks.endpoint.refresh.ms, and when a token names a key that
//                 is not among them; what fails is tried again, ever more slowly
//
// Invariant: keys that were good once hold until there are others. However many tokens name keys
// that nobody knows, the provider is asked once in `unknownEveryMs`; however many come while there
// are no keys, it is asked for them once in `refresh.retryMs`.

import { fromUtf8 } from "../../base/bytes.ts";
import { messageOf, PlatformFault, UsageFault } from "../../base/faults.ts";
import { readWholeFile } from "../../log/files/whole_file.ts";
import type { Files, HttpPort, Logger, Timer, Timers } from "../../runtime/ports.ts";
import { fileMark } from "./file_mark.ts";
import { fileOfUrl } from "./token_terms.ts";

export interface JwksOptions<Keys> {
  readonly url: string;
  /** Throws UsageFault for what are no keys. */
  readonly parse: (text: string) => Promise<Keys>;
  readonly refresh: {
    readonly everyMs: number;
    readonly retryMs: number;
    readonly retryMsMax: number;
  };
  /** PEM: whom an https endpoint is trusted by; absent: whom the runtime trusts. */
  readonly trusted: string | undefined;
  readonly files: Files;
  readonly http: Pick<HttpPort, "ask">;
  readonly timers: Timers;
  readonly monotonic: () => number;
  readonly logger: Logger;
}

const unknownEveryMs = 10_000;
const answerMsMax = 10_000;
const answerBytesMax = 1024 * 1024;

/** The keys behind one URL. */
export class Jwks<Keys> {
  readonly #options: JwksOptions<Keys>;
  #keys: Keys | undefined;
  /** Of the file as it was when its reading began; undefined: it is to be read. */
  #seen: string | undefined;
  #reading: Promise<void> = Promise.resolve();
  #fetching: Promise<void> | undefined;
  #askedMs = -Infinity;
  #failures = 0;
  #next: Timer | undefined;
  #isClosed = false;

  constructor(options: JwksOptions<Keys>) {
    this.#options = options;
  }

  /** The keys that are known; undefined while none are. */
  async keys(): Promise<Keys | undefined> {
    const path = fileOfUrl(this.#options.url);
    if (path !== undefined) await this.#readFile(path);
    else if (this.#keys === undefined) await (this.#fetching ?? this.#askAgain());
    return this.#keys;
  }

  /** The same after a token has named a key that is not among them. */
  async newKeys(): Promise<Keys | undefined> {
    const { url, monotonic } = this.#options;
    const isDue = monotonic() - this.#askedMs >= unknownEveryMs;
    if (fileOfUrl(url) === undefined && isDue) await this.#renew();
    return await this.keys();
  }

  close(): void {
    this.#isClosed = true;
    this.#next?.cancel();
  }

  /** Resolves once the file as it is now has been read, by whoever came first. */
  #readFile(path: string): Promise<void> {
    const mark = fileMark(this.#options.files, path);
    if (mark !== this.#seen) {
      this.#seen = mark;
      this.#reading = this.#reading.then(() => this.#takeFile(path, mark));
    }
    return this.#reading;
  }

  async #takeFile(path: string, mark: string): Promise<void> {
    const { files, parse } = this.#options;
    const isTaken = await this.#take(() => {
      const bytes = readWholeFile(files, path);
      if (bytes === undefined) throw new UsageFault("there is no such file");
      return parse(fromUtf8(bytes));
    });
    if (!isTaken && this.#seen === mark) this.#seen = undefined;
  }

  async #askAgain(): Promise<void> {
    const { monotonic, refresh } = this.#options;
    if (monotonic() - this.#askedMs >= refresh.retryMs) await this.#renew();
  }

  #renew(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => this.#fetching = undefined);
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { url, http, parse, trusted, monotonic, timers, refresh } = this.#options;
    this.#next?.cancel();
    this.#askedMs = monotonic();
    const isTaken = await this.#take(async () => {
      const terms = { msMax: answerMsMax, bytesMax: answerBytesMax, trusted };
      const { status, body } = await http.ask(url, terms);
      if (status !== 200) throw new UsageFault(`the answer has status ${status}`);
      return parse(fromUtf8(body));
    });
    this.#failures = isTaken ? 0 : this.#failures + 1;
    const { everyMs, retryMs, retryMsMax } = refresh;
    const delayMs = isTaken ? everyMs : Math.min(retryMsMax, retryMs * 2 ** (this.#failures - 1));
    if (!this.#isClosed) this.#next = timers.after(delayMs, () => void this.#renew());
  }

  /** Whether `read` has come to keys. */
  async #take(read: () => Promise<Keys>): Promise<boolean> {
    const { url, logger } = this.#options;
    try {
      this.#keys = await read();
      logger.log("info", "read the keys that tokens are checked by", { url });
      return true;
    } catch (error) {
      if (!(error instanceof PlatformFault || error instanceof UsageFault)) throw error;
      const message = "the keys that tokens are checked by cannot be read; known ones hold on";
      logger.log("error", message, { url, reason: messageOf(error) });
      return false;
    }
  }
}
