// The names of the metrics in what a client pushes: OpenTelemetry's MetricsData, in protobuf.
//
//   MetricsData.resource_metrics (1) > ResourceMetrics.scope_metrics (2) > ScopeMetrics.metrics (2)
//     > Metric.name (1)
//
// Only the names are taken out: the values are not kept. What does not parse is a DecodeFault.

import { BytesReader, fromUtf8 } from "../../base/bytes.ts";
import { DecodeFault } from "../../base/faults.ts";

const wireType = { VARINT: 0, FIXED64: 1, LENGTH: 2, FIXED32: 5 } as const;

/** Field numbers from the outside to the inside. */
const pathToName = [1, 2, 2, 1];

/** The names in `metricsData`, at most `namesMax` of them, and how many there are. */
export function metricNames(
  metricsData: Uint8Array,
  options: { readonly namesMax: number },
): { readonly names: string[]; readonly count: number } {
  const names: string[] = [];
  let count = 0;
  walk(metricsData, pathToName, (name) => {
    count++;
    if (names.length < options.namesMax) names.push(fromUtf8(name));
  });
  return { names, count };
}

function walk(
  message: Uint8Array,
  path: readonly number[],
  onValue: (value: Uint8Array) => void,
): void {
  const [wanted, ...rest] = path;
  const reader = new BytesReader(message);
  while (reader.remaining > 0) {
    const tag = reader.uvarint();
    const value = readField(reader, tag & 7);
    if (tag >>> 3 !== wanted || value === undefined) continue;
    if (rest.length === 0) onValue(value);
    else walk(value, rest, onValue);
  }
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
