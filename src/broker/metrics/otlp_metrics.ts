// How many metrics there are in what a client pushes: OpenTelemetry's MetricsData, in protobuf.
//
//   MetricsData.resource_metrics (1) > ResourceMetrics.scope_metrics (2) > ScopeMetrics.metrics (2)
//     > Metric.name (1)
//
// What does not parse is a DecodeFault.

import { BytesReader } from "../../base/bytes.ts";
import { DecodeFault } from "../../base/faults.ts";

const wireType = { VARINT: 0, FIXED64: 1, LENGTH: 2, FIXED32: 5 } as const;

/** Field numbers from the outside to the inside. */
const pathToName = [1, 2, 2, 1];

/** Those of `metricsData` that have a name, as all have. */
export function countMetrics(
  metricsData: Uint8Array,
  path: readonly number[] = pathToName,
): number {
  const [wanted, ...rest] = path;
  const reader = new BytesReader(metricsData);
  let count = 0;
  while (reader.remaining > 0) {
    const tag = reader.uvarint();
    const value = readField(reader, tag & 7);
    if (tag >>> 3 !== wanted || value === undefined) continue;
    count += rest.length === 0 ? 1 : countMetrics(value, rest);
  }
  return count;
}

/** The bytes of a field with a length; undefined for one without, which is passed over. */
function readField(reader: BytesReader, type: number): Uint8Array | undefined {
  switch (type) {
    case wireType.LENGTH:
      return reader.slice(reader.uvarint());
    case wireType.VARINT:
      // Up to ten bytes: only the end matters.
      for (let i = 0; i < 10; i++) if ((reader.uint8() & 0x80) === 0) return undefined;
      throw new DecodeFault("a number of more than ten bytes");
    case wireType.FIXED64:
      reader.slice(8);
      return undefined;
    case wireType.FIXED32:
      reader.slice(4);
      return undefined;
    default:
      throw new DecodeFault(`a field of wire type ${type}`);
  }
}
