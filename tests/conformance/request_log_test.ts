import { assertEquals } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RequestLog } from "./request_log.ts";

Deno.test("a request log tells which versions were used since it was last asked", async () => {
  const log = new RequestLog();
  const onLine = (line: string) => log.onLine(line);
  await using broker = await BrokerProcess.start({ flags: ["--trace"], onLine });
  log.onLine("09:30:00.125 127.0.0.1:40312 rdkafka #7 > Produce v2 request: acks=-1");
  log.onLine("09:30:00.125 127.0.0.1:40312 rdkafka #7 < Produce v2 response: (0.4 ms)");
  log.onLine("09:30:00.125 127.0.0.1:40312 rdkafka #8 > Produce v3 request: acks=-1");
  log.onLine(
    "09:30:00.125 127.0.0.1:40312 rdkafka #9 > ApiVersions v99 request, unread: served are 0 to 5",
  );
  log.onLine("09:30:00.125 127.0.0.1:40313 broker-2 #4 > Fetch v17 request: replica 2");
  const used = await log.take([broker]);
  assertEquals(used, new Map([["Produce", new Set([2, 3])], ["ApiVersions", new Set([99])]]));
  assertEquals(await log.take([broker]), new Map(), "its own requests do not count");
});
