// What stands between one broker of a local cluster and the world, so that it can die within a
// process that lives on, or be cut off from others.
//
//   network   its sockets and listeners are dropped at once; none is opened
//   timers    none fires
//   files     nothing is written any more, and its lock is let go of
//
// Invariant: once shut, nothing that the broker still has under way reaches anything outside of it.

import { formatAddress } from "../../base/address.ts";
import { PlatformFault } from "../../base/faults.ts";
import type {
  Address,
  Files,
  FolderLock,
  Listener,
  Network,
  OpenFile,
  OpenMode,
  Runtime,
  Socket,
  Timer,
  Timers,
} from "../../runtime/ports.ts";

/** Who may not be reached for now. */
export type IsApart = (address: Address) => boolean;

export class Gate {
  readonly #runtime: Runtime;
  readonly #files: Files;
  readonly #isApart: IsApart;
  readonly #sockets = new Map<Socket, Address | undefined>();
  readonly #listeners = new Set<Listener>();
  readonly #locks = new Set<FolderLock>();
  readonly #timersDue = new Set<Timer>();
  readonly #open = new Set<OpenFile>();
  #isShut = false;

  /** `files`: what the broker keeps in memory, which outlives it, as what it has on disk does. */
  constructor(runtime: Runtime, { files, isApart }: { files: Files; isApart: IsApart }) {
    this.#runtime = runtime;
    this.#files = files;
    this.#isApart = isApart;
  }

  /** The runtime as the broker has it. */
  get runtime(): Runtime {
    const own: Partial<Record<keyof Runtime, unknown>> = {
      network: this.#network(),
      timers: this.#timers(),
      files: this.#gatedFiles(this.#runtime.files),
      memoryFiles: () => this.#gatedFiles(this.#files),
    };
    return new Proxy(this.#runtime, {
      get: (runtime, name: keyof Runtime) => own[name] ?? runtime[name],
    });
  }

  /** The broker is dead from now on. */
  shut(): void {
    this.#isShut = true;
    for (const socket of this.#sockets.keys()) socket.close();
    for (const listener of this.#listeners) void listener.close();
    for (const timer of this.#timersDue) timer.cancel();
    for (const lock of this.#locks) lock.release();
    for (const file of this.#open) file.close();
  }

  /** Drops the connections to those that may not be reached any more. */
  dropParted(): void {
    for (const [socket, to] of this.#sockets) {
      if (to !== undefined && this.#isApart(to)) socket.close();
    }
  }

  #network(): Network {
    const { network } = this.#runtime;
    const listening = async <L extends Listener>(listener: Promise<L>) => {
      const opened = await listener;
      this.#listeners.add(opened);
      if (this.#isShut) void opened.close();
      return opened;
    };
    const taken = <S extends Socket>(onConnection: (socket: S) => void) => (socket: S) => {
      if (this.#isShut) return socket.close();
      this.#keep(socket, undefined);
      onConnection(socket);
    };
    const connecting = async <S extends Socket>(address: Address, connect: () => Promise<S>) => {
      if (this.#isShut || this.#isApart(address)) {
        throw new PlatformFault("Io", `${formatAddress(address)} cannot be reached`);
      }
      const socket = await connect();
      this.#keep(socket, address);
      if (this.#isShut || this.#isApart(address)) socket.close();
      return socket;
    };
    return {
      ...network,
      listen: (address, onConnection) => listening(network.listen(address, taken(onConnection))),
      listenTls: (address, tls, onConnection) =>
        listening(network.listenTls(address, tls, taken(onConnection))),
      connect: (address) => connecting(address, () => network.connect(address)),
      connectTls: (address, ...by) => connecting(address, () => network.connectTls(address, ...by)),
    };
  }

  #keep(socket: Socket, to: Address | undefined): void {
    this.#sockets.set(socket, to);
    socket.closed.then(() => this.#sockets.delete(socket));
  }

  #timers(): Timers {
    const { timers } = this.#runtime;
    return {
      after: (delayMs, run) => {
        if (this.#isShut) return { cancel() {} };
        const timer = timers.after(delayMs, () => {
          this.#timersDue.delete(timer);
          run();
        });
        this.#timersDue.add(timer);
        return {
          cancel: () => {
            this.#timersDue.delete(timer);
            timer.cancel();
          },
        };
      },
      turn: () => this.#isShut ? new Promise(() => {}) : timers.turn(),
    };
  }

  /** Throws once the broker is dead. */
  #pass(): void {
    if (this.#isShut) throw new PlatformFault("Closed", "the broker was killed");
  }

  #gatedFiles(files: Files): Files {
    const locked = (lock: FolderLock) => {
      this.#locks.add(lock);
      return lock;
    };
    const own: Partial<Files> = {
      open: (path: string, mode: OpenMode) => this.#gatedFile(files.open(path, mode)),
      lock: (folder: string) => locked(files.lock(folder)),
      lockToRead: (folder: string) => locked(files.lockToRead(folder)),
    };
    return new Proxy(files, {
      get: (_, name: keyof Files) => {
        this.#pass();
        const its = own[name] ?? files[name];
        return typeof its === "function" ? its.bind(files) : its;
      },
    });
  }

  #gatedFile(file: OpenFile): OpenFile {
    const pass = () => this.#pass();
    const open = this.#open.add(file);
    return {
      path: file.path,
      get size() {
        return file.size;
      },
      append(bytes) {
        pass();
        file.append(bytes);
      },
      readAt: (position, into) => file.readAt(position, into),
      readAtAsync: (position, into) => file.readAtAsync(position, into),
      truncate(size) {
        pass();
        file.truncate(size);
      },
      async sync() {
        pass();
        await file.sync();
      },
      close() {
        open.delete(file);
        file.close();
      },
    };
  }
}
