// A runtime for what a program has beside its own work: the process may end while it is there.
//
//   runtime ──unheld──> the same; its timers, listeners and sockets keep no process alive
//
// Nobody hears then that the process ends, so whoever waits for something by such a runtime, and
// has to see the end of it, waits within `holdingProcess`.

import type { HttpPort, Listener, Network, Runtime, Socket, Timers } from "./ports.ts";

/** What may be told to keep the process alive, or not to. */
interface Holder {
  holdProcess(isHeld: boolean): void;
}

/** The same runtime, nothing of which keeps the process alive. */
export function unheld(runtime: Runtime): Runtime {
  const { timers } = runtime;
  return {
    ...runtime,
    timers: {
      after: (delayMs, run) => timers.after(delayMs, run, { holdsProcess: false }),
      turn: () => timers.turn(),
      soon: timers.soon,
    },
    network: unheldNetwork(runtime.network),
    http: unheldHttp(runtime.http),
  };
}

/** Does `work`; the process lives on until that is done. */
export async function holdingProcess<T>(timers: Timers, work: () => Promise<T>): Promise<T> {
  const hold = timers.after(Number.MAX_SAFE_INTEGER, () => {});
  try {
    return await work();
  } finally {
    hold.cancel();
  }
}

function unheldNetwork(network: Network): Network {
  const taken = <S extends Socket>(onConnection: (socket: S) => void) => (socket: S) => {
    onConnection(letGo(socket));
  };
  const listening = async <L extends Listener>(listener: Promise<L>) => letGo(await listener);
  return {
    listen: (address, onConnection) => listening(network.listen(address, taken(onConnection))),
    listenTls: (address, tls, onConnection) =>
      listening(network.listenTls(address, tls, taken(onConnection))),
    connect: async (address) => letGo(await network.connect(address)),
    connectTls: async (...dialled) => letGo(await network.connectTls(...dialled)),
    checkTls: (terms) => network.checkTls(terms),
  };
}

function unheldHttp(http: HttpPort): HttpPort {
  return {
    serve: async (address, answer) => letGo(await http.serve(address, answer)),
    serveTls: async (address, tls, answer) => letGo(await http.serveTls(address, tls, answer)),
    ask: (url, question) => http.ask(url, question),
    client: (tls) => http.client(tls),
  };
}

function letGo<T extends Holder>(holder: T): T {
  holder.holdProcess(false);
  return holder;
}
