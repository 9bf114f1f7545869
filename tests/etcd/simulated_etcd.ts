// An etcd cluster in a simulated world, as brokers see it: members that speak the JSON gateway and
// agree, and all that can go wrong between them and whoever asks.
//
//   const etcd = await SimulatedEtcd.start(world, { members: 3 });
//   etcd.faults.loseAnswers = 0.05;     // carried out, and nobody hears of it
//   etcd.faults.lateCopies = 0.05;      // carried out seconds later, when nobody waits any more
//   etcd.faults.slowMs = [0, 1_500];    // each request waits so long at its member
//   etcd.loseQuorum();                  // 503 after a while; watches break
//   etcd.cutOff(etcd.names[0], true);   // the same of one member that does not hear the others
//   world.stop(etcd.names[0]);          // a frozen member: silence
//
// Invariant: what was answered was carried out, once for each copy that arrived; the members' own
// agreement is not simulated: it is their users' faith.

import type { Runtime } from "../../src/runtime/ports.ts";
import type { Simulation } from "../../src/runtime/simulated.ts";
import {
  serveSimulatedHttp,
  type SimulatedAnswer,
  type SimulatedFollower,
  type SimulatedQuestion,
} from "../../src/runtime/simulated_http.ts";
import { eventOf, SimulatedState, type StateEvent } from "./simulated_state.ts";
import { isRefusal } from "./simulated_refusal.ts";

const port = 2379;
const expiryMs = 500;

/** What goes wrong, by its probability. */
export interface EtcdFaults {
  /** A request is carried out, and its answer is lost. */
  loseAnswers: number;
  /** The same, and it is carried out up to six seconds late. */
  lateCopies: number;
  /** A watch hears of an event up to three seconds late. */
  lateEvents: number;
  /** How long each request waits at its member, which has much else to do: least, most. */
  slowMs: readonly [number, number];
}

export class SimulatedEtcd {
  readonly names: readonly string[];
  readonly faults: EtcdFaults = { loseAnswers: 0, lateCopies: 0, lateEvents: 0, slowMs: [0, 0] };
  readonly #world: Simulation;
  readonly #members = new Map<string, Runtime>();
  /** Who is told of changes, and by which member. */
  readonly #followers = new Map<SimulatedFollower, string>();
  /** Members that do not hear the others. */
  readonly #cutOff = new Set<string>();
  state: SimulatedState;
  readonly #clock: Runtime;
  #hasQuorum = true;

  private constructor(world: Simulation, count: number) {
    this.#world = world;
    this.names = Array.from({ length: count }, (_, i) => `etcd${i + 1}`);
    this.#clock = world.start("clock");
    this.state = new SimulatedState({ nowMs: () => world.nowMs, clusterId: "7" });
  }

  static async start(
    world: Simulation,
    { members }: { readonly members: number },
  ): Promise<SimulatedEtcd> {
    const etcd = new SimulatedEtcd(world, members);
    for (const name of etcd.names) await etcd.startMember(name);
    return etcd;
  }

  /** Starts a member, or starts it again. */
  async startMember(name: string): Promise<void> {
    const member = this.#world.start(name);
    this.#members.set(name, member);
    await serveSimulatedHttp(
      member.network,
      { host: "0.0.0.0", port },
      (question) => this.#answer(name, member, question),
    );
    const sweep = () => {
      if (this.#hasQuorum) this.state.expire();
      member.timers.after(expiryMs, sweep);
    };
    member.timers.after(expiryMs, sweep);
  }

  /** Calls `run` so much later, whatever becomes of any process. */
  after(ms: number, run: () => void): void {
    this.#clock.timers.after(ms, run);
  }

  /** Where brokers find it. */
  get endpoints(): string[] {
    return this.names.map((name) => `http://${name}:${port}`);
  }

  loseQuorum(): void {
    this.#hasQuorum = false;
    for (const follower of this.#followers.keys()) withoutLeader(follower);
  }

  /** A member is alone, and knows it; or it is back. */
  cutOff(name: string, isCutOff: boolean): void {
    if (!isCutOff) return void this.#cutOff.delete(name);
    this.#cutOff.add(name);
    for (const [follower, at] of this.#followers) if (at === name) withoutLeader(follower);
  }

  /** There is a leader again: leases begin anew. */
  regainQuorum(): void {
    this.#hasQuorum = true;
    this.state.extendLeases();
  }

  /** What was known is gone, as after a restore from a backup that `state` is. */
  restore(state: SimulatedState): void {
    this.state = state;
    for (const follower of this.#followers.keys()) follower.end();
  }

  async #answer(
    name: string,
    member: Runtime,
    question: SimulatedQuestion,
  ): Promise<SimulatedAnswer> {
    const { path, body } = question;
    if (path === "/version") return { status: 200, body: JSON.stringify({ etcdserver: "3.6.9" }) };
    const later = (ms: number) => new Promise<void>((go) => member.timers.after(ms, go));
    if (this.#cutOff.has(name) && path === "/v3/watch") {
      return { status: 200, follow: withoutLeader };
    }
    if (!this.#hasQuorum || this.#cutOff.has(name)) {
      await later(7_000);
      const message = "etcdserver: request timed out";
      return { status: 503, body: JSON.stringify({ code: 14, message, error: message }) };
    }
    const [leastMs, mostMs] = this.faults.slowMs;
    if (mostMs > 0) await later(leastMs + (mostMs - leastMs) * member.random.uint32() / 2 ** 32);
    if (path === "/v3/watch") {
      return { status: 200, follow: (follower) => this.#follow(name, { member, follower, body }) };
    }
    const chance = (probability: number) => member.random.uint32() < probability * 2 ** 32;
    if (chance(this.faults.lateCopies)) {
      // Nobody waits for so long: the answer goes nowhere.
      await later(2_500 + 3_500 * member.random.uint32() / 2 ** 32);
    }
    const answer = this.state.request(path, body);
    if (chance(this.faults.loseAnswers)) await later(60_000);
    if (!isRefusal(answer)) return { status: 200, body: JSON.stringify(answer) };
    const { status, ...said } = answer;
    return { status, body: JSON.stringify({ ...said, error: said.message }) };
  }

  #follow(
    name: string,
    { member, follower, body }: {
      readonly member: Runtime;
      readonly follower: SimulatedFollower;
      readonly body: string;
    },
  ): void {
    const { create_request } = JSON.parse(body);
    const from = Number(create_request.start_revision ?? 0) || this.state.revision + 1;
    const [start, end] = [atob(create_request.key), atob(create_request.range_end)];
    const say = (result: object) => follower.send(JSON.stringify({ result }) + "\n");
    say({ header: this.state.header(), created: true });
    if (from <= this.state.compacted) {
      const compact_revision = String(this.state.compacted);
      return say({ header: this.state.header(), canceled: true, compact_revision });
    }
    this.#followers.set(follower, name);
    // In order: what comes after a late one waits behind it.
    let dueMs = 0;
    const tell = (revision: number, events: StateEvent[]) => {
      const mine = events.filter(({ key }) => key >= start && key < end).map(eventOf);
      if (mine.length === 0) return;
      const isLate = member.random.uint32() < this.faults.lateEvents * 2 ** 32;
      const now = this.#world.nowMs;
      dueMs = Math.max(
        dueMs + 0.001,
        now + (isLate ? 3_000 * member.random.uint32() / 2 ** 32 : 0),
      );
      const header = this.state.header(revision);
      member.timers.after(dueMs - now, () => say({ header, events: mine }));
    };
    for (const [revision, events] of this.state.since(from)) tell(revision, events);
    const stop = this.state.onEvents(tell);
    follower.gone.then(() => {
      stop();
      this.#followers.delete(follower);
    });
  }
}

/** What a member tells its followers once it knows of no leader. */
function withoutLeader(follower: SimulatedFollower): void {
  const error = { grpc_code: 14, message: "etcdserver: no leader" };
  follower.send(JSON.stringify({ error }) + "\n");
  follower.end();
}
