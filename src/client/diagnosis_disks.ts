// What there is to say of brokers' data folders, where a client may know: a broker whose disk has
// failed or is full answers like any other, and takes no records.
//
// Kafka tells of free room since DescribeLogDirs 4 (KIP-827). How little is too little only Ottla
// says, by a key of its own.

import { DescribeConfigs } from "../protocol/apis/32_describe_configs.ts";
import { DescribeLogDirs } from "../protocol/apis/35_describe_log_dirs.ts";
import { type AnyApi, ErrorCode, type RequestInput, type ResponseOf } from "../protocol/mod.ts";
import type { Finding } from "./finding.ts";

/** Asks the broker that is meant; undefined where it does not answer, or refuses. */
export type Ask = <A extends AnyApi>(
  api: A,
  message: RequestInput<A>,
) => Promise<ResponseOf<A> | undefined>;

const brokerType = 4;
const freeBytesMinKey = "ottla.log.dirs.free.bytes.min";

/** What is wrong with the data folders of broker `id`. */
export async function diskFindings(id: number, ask: Ask): Promise<Finding[]> {
  const told = await ask(DescribeLogDirs, { topics: [] });
  if (told === undefined || told.results.length === 0) return [];
  const bytesMin = await freeBytesMin(id, ask);
  return told.results.flatMap(({ errorCode, logDir, usableBytes }): Finding[] => {
    const folder = `the data folder ${logDir} of broker ${id}`;
    if (errorCode !== ErrorCode.NONE) {
      return [{
        level: "fault",
        text: `${folder} is offline: nothing in it can be read or written there`,
        fix: "the broker's log says why; mend its disk, then start it again",
      }];
    }
    // -1: it is too old to tell.
    if (usableBytes < 0 || usableBytes > 0 && usableBytes >= bytesMin) return [];
    return [{
      level: "fault",
      text: `${folder} is full: ${usableBytes} bytes are free, ${bytesMin} have to stay so`,
      fix: "make room: ottla topics trim, a shorter retention.ms, a larger disk",
    }];
  });
}

async function freeBytesMin(id: number, ask: Ask): Promise<number> {
  const told = await ask(DescribeConfigs, {
    resources: [{
      resourceType: brokerType,
      resourceName: String(id),
      configurationKeys: [freeBytesMinKey],
    }],
  });
  const [config] = told?.results[0]?.configs ?? [];
  return Number(config?.value ?? 0);
}
