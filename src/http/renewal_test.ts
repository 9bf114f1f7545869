import { assertEquals } from "@std/assert";
import { PlatformFault, UsageFault } from "../base/faults.ts";
import type { Timers, TlsTerms } from "../runtime/ports.ts";
import { TlsRenewal } from "./renewal.ts";

/** One look, whenever it is called. */
function lookingBy() {
  let due: (() => void) | undefined;
  const timers: Timers = {
    after(_, run) {
      due = run;
      return { cancel: () => due = undefined };
    },
    turn: () => Promise.resolve(),
  };
  return { timers, look: () => due?.() };
}

function termsOf(key: string): TlsTerms {
  return {
    material: { identity: { key, chain: "chain" } },
    versions: ["TLSv1.2", "TLSv1.3"],
    suites: [],
    clientAuth: "none",
  };
}

Deno.test("new files are taken over once, and what cannot be used is told of once", () => {
  const { timers, look } = lookingBy();
  let files = () => termsOf("first");
  const taken: string[] = [];
  const said: string[] = [];
  const logger = {
    enabled: () => true,
    log: (level: string, _: string, { reason = "" } = {}) => void said.push(`${level} ${reason}`),
    child: () => logger,
  };
  const server = {
    renew({ material: { identity } }: TlsTerms) {
      const key = identity !== undefined && "key" in identity ? identity.key : "";
      if (key === "unfit") throw new PlatformFault("Denied", "the key does not fit");
      taken.push(key);
    },
  };
  const read = () => files();
  const renewal = new TlsRenewal(server, { timers, logger, read, terms: files() });
  const looks = () => {
    for (let i = 0; i < 3; i++) look();
  };
  looks();
  assertEquals([taken, said], [[], []]);
  files = () => {
    throw new UsageFault("there is no file");
  };
  looks();
  files = () => termsOf("unfit");
  looks();
  assertEquals([taken, said], [[], ["error there is no file", "error the key does not fit"]]);
  files = () => termsOf("second");
  looks();
  assertEquals(taken, ["second"]);
  renewal.close();
  files = () => termsOf("third");
  looks();
  assertEquals(taken, ["second"]);
});
