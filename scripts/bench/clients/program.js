// A client of one kind in a process of its own: sends to a topic as fast as it can for so many
// seconds, reads all of it back, and says what each took.
//
//   node scripts/bench/clients/program.js ottla 127.0.0.1:9092 TOPIC BYTES SECONDS
//     -> {"sent":{"records":1200000,"seconds":1.5,"cpuSeconds":0.9},"read":{...}}
//
// Invariant: what is measured begins when the client is warm: it has sent for a third of the time
// before, and read all of it once. Reading is measured from the assignment of the partitions, before
// which a group is joined and no record is fetched. JavaScript, since librdkafka's binding is built
// for the machine's own Node, which may not strip types.

import { Buffer } from "node:buffer";
import process from "node:process";

const [kind = "", bootstrap = "", topic = "", bytes = "0", seconds = "0"] = process.argv.slice(2);
const value = Buffer.alloc(Number(bytes), "x");
const listLength = 1000;
/** Lists that wait for their acknowledgement; more is no faster for any of them. */
const listsMax = 20;

function stopwatch() {
  const startMs = performance.now();
  const before = process.cpuUsage();
  return (records) => {
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - startMs) / 1000;
    return { records, seconds, cpuSeconds: (user + system) / 1e6 };
  };
}

async function sendFor(sender, ms) {
  const untilMs = performance.now() + ms;
  const underWay = [];
  let records = 0;
  while (performance.now() < untilMs) {
    if (underWay.length >= listsMax) await underWay.shift();
    underWay.push(sender.send(listLength));
    records += listLength;
  }
  await Promise.all(underWay);
  return records;
}

async function sendAll({ sender: open }) {
  const sender = await open({ bootstrap, topic, value });
  const ms = Number(seconds) * 1000;
  const warm = await sendFor(sender, ms / 3);
  const stop = stopwatch();
  const sent = stop(await sendFor(sender, ms));
  await sender.close();
  return { sent, total: warm + sent.records };
}

async function readAll({ reader: open }, { total, group }) {
  let count = 0;
  let stop;
  const { promise, resolve } = Promise.withResolvers();
  const reader = await open({
    bootstrap,
    topic,
    group,
    onAssigned: () => stop ??= stopwatch(),
    onRecords: (more) => {
      count += more;
      if (count >= total) resolve(stop(count));
    },
  });
  const read = await promise;
  await reader.close();
  return read;
}

// The machine's own Node may be as old as 20.
Promise.withResolvers ??= () => {
  let resolve;
  const promise = new Promise((settle) => resolve = settle);
  return { promise, resolve };
};
const client = await import(`./${kind}.js`);
const { sent, total } = await sendAll(client);
await readAll(client, { total, group: `${topic}-warm` });
const read = await readAll(client, { total, group: topic });
process.stdout.write(`${JSON.stringify({ sent, read })}\n`);
process.exit(0);
