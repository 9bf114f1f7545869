// Why a client cannot work with a cluster: dials as a client would, step by step, and says of what
// fails which it is of the usual causes, and what to do about it. Loaded when it is asked for.
//
//   bootstrap --reach--> socket --speak--> versions --enter--> metadata
//       ^                                                         |
//       '------- each address that brokers tell clients to dial --'--> their disks
//
// Where a step fails in a way that has several causes, the other possibilities are tried: TLS where
// it was not asked for, plain text where it was, a look at the mechanisms that a listener takes.
// Invariant: nothing is changed in the cluster; no password and no token is in any finding.

import { formatAddress, isLoopback } from "../base/address.ts";
import { ConnectionFault, isPlatformFault, messageOf, PlatformFault } from "../base/faults.ts";
import { SaslHandshake } from "../protocol/apis/17_sasl_handshake.ts";
import { ErrorCode, Metadata, type ResponseOf } from "../protocol/mod.ts";
import type { Address, TlsMaterial } from "../runtime/ports.ts";
import { parseBootstrap } from "./network/address.ts";
import { checkTls, type ClientOptions, type ClientPorts } from "./client.ts";
import { diskFindings } from "./diagnosis_disks.ts";
import { BrokerConnection } from "./network/connection.ts";
import { isConnectionLoss, KafkaError } from "./faults.ts";
import type { Finding } from "./finding.ts";
import { checkSasl, type Credentials } from "./network/sasl.ts";

/** How to dial. */
export type DiagnosisOptions = Pick<ClientOptions, "bootstrap" | "sasl" | "tls">;

interface Dialling {
  readonly ports: ClientPorts;
  readonly tls: TlsMaterial | undefined;
  readonly sasl: Credentials | undefined;
}

type ClusterAnswer = ResponseOf<typeof Metadata>;

/** How long a step may take before it counts as failed. */
const stepMsMax = 5_000;

/** Dials every bootstrap address and every address that the cluster tells, in turn. */
export async function* diagnose(
  ports: ClientPorts,
  options: DiagnosisOptions,
): AsyncGenerator<Finding, void> {
  const dialling: Dialling = {
    ports,
    tls: options.tls ? checkTls(options.tls) : undefined,
    sasl: options.sasl && checkSasl(options.sasl, ports),
  };
  let cluster: ClusterAnswer | undefined;
  const dialled = new Set<string>();
  for (const address of parseBootstrap(options.bootstrap)) {
    dialled.add(formatAddress(address));
    const { findings, answer } = await dial(dialling, address);
    yield* findings;
    cluster ??= answer;
  }
  if (cluster === undefined) return;
  for (const broker of cluster.brokers) {
    yield* await advertised(dialling, { broker, cluster, options, dialled });
  }
  yield* health(cluster);
  for (const broker of cluster.brokers) yield* await disksOf(dialling, broker);
}

/** Where a broker says that it is found: what every client dials in the end. */
async function advertised(
  dialling: Dialling,
  at: {
    readonly broker: ClusterAnswer["brokers"][number];
    readonly cluster: ClusterAnswer;
    readonly options: DiagnosisOptions;
    readonly dialled: ReadonlySet<string>;
  },
): Promise<Finding[]> {
  const { broker, cluster, options, dialled } = at;
  const address = { host: broker.host, port: broker.port };
  const name = `broker ${broker.nodeId} tells clients to dial ${formatAddress(address)}`;
  const findings: Finding[] = [];
  const isBootstrapNear = parseBootstrap(options.bootstrap).every(({ host }) => isLoopback(host));
  if (isLoopback(address.host) && !isBootstrapNear) {
    findings.push({
      level: "fault",
      text: `${name}, where each of them finds only its own machine`,
      fix: advertisedFix,
    });
  } else if (isLoopback(address.host)) {
    findings.push({
      level: "warning",
      text: `${name}: only clients on its own machine get there`,
      fix: `if it tells clients elsewhere the same, ${advertisedFix}`,
    });
  }
  if (dialled.has(formatAddress(address))) return findings;
  const { findings: dialledThere, answer } = await dial(dialling, address);
  const failed = dialledThere.filter(({ level }) => level === "fault");
  if (answer === undefined) {
    const reason = failed.map(({ text }) => text).join("; ");
    findings.push({ level: "fault", text: `${name}, and ${reason}`, fix: advertisedFix });
  } else if (answer.clusterId !== cluster.clusterId) {
    findings.push({
      level: "fault",
      text: `${name}, where a broker of another cluster answers (${answer.clusterId})`,
      fix: advertisedFix,
    });
  } else findings.push({ level: "ok", text: `${name}, and it answers there` });
  return findings;
}

const advertisedFix = "set advertised.listeners of the broker to an address that clients reach";

/** What is wrong with partitions, as far as anybody may know. */
function* health({ topics }: ClusterAnswer): Generator<Finding, void> {
  const all = topics.flatMap(({ name, partitions }) =>
    partitions.map((each) => ({ name: `${name}-${each.partitionIndex}`, ...each }))
  );
  const some = (names: readonly string[]) =>
    names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
  const leaderless = all.filter(({ leaderId }) => leaderId < 0).map(({ name }) => name);
  if (leaderless.length > 0) {
    yield {
      level: "fault",
      text: `nobody leads ${some(leaderless)}: what is in there cannot be read or written`,
      fix: "start the brokers that have them; the log of a running one says why it is offline",
    };
  }
  const behind = all.filter((each) => each.isrNodes.length < each.replicaNodes.length);
  if (behind.length > 0) {
    yield {
      level: "warning",
      text: `fewer replicas than there should be are in sync: ${
        some(behind.map(({ name }) => name))
      }`,
      fix: "look for brokers that are down or slow",
    };
  }
  if (leaderless.length + behind.length === 0) {
    yield { level: "ok", text: `all ${all.length} partitions have a leader and their replicas` };
  }
}

/** What is wrong with the disks of a broker; who cannot be dialled has been told of. */
async function disksOf(
  { ports, tls, sasl }: Dialling,
  broker: ClusterAnswer["brokers"][number],
): Promise<Finding[]> {
  const connection = await unlessLost(inTime(ports, open(ports, broker, { tls, sasl })));
  if (connection === undefined) return [];
  try {
    return await diskFindings(
      broker.nodeId,
      (api, message) => unlessLost(inTime(ports, connection.request(api, message))),
    );
  } finally {
    connection.close();
  }
}

/** Undefined where the broker is not there, does not answer or refuses. */
async function unlessLost<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step;
  } catch (error) {
    const isSaid = error instanceof KafkaError || error instanceof PlatformFault;
    if (!isSaid && !isConnectionLoss(error)) throw error;
    return undefined;
  }
}

/** Dials one address to the end, or to the first step that fails. */
async function dial(
  dialling: Dialling,
  address: Address,
): Promise<{ findings: Finding[]; answer?: ClusterAnswer }> {
  const { ports, tls, sasl } = dialling;
  const name = formatAddress(address);
  const fault = (text: string, fix?: string) => ({
    findings: [{ level: "fault", text, fix } as const],
  });
  const unreached = await unreachedBecause(dialling, address);
  if (unreached !== undefined) return { findings: [unreached] };
  let connection: BrokerConnection | undefined;
  try {
    connection = await inTime(ports, open(ports, address, { tls, sasl }));
    const question = { topics: null, allowAutoTopicCreation: false };
    const answer = await inTime(ports, connection.request(Metadata, question));
    const as = sasl === undefined ? "" : `, and lets you in by ${sasl.mechanism}`;
    const text = `${name} is a broker of cluster ${answer.clusterId}${as}`;
    return { findings: [{ level: "ok", text }], answer };
  } catch (error) {
    if (error instanceof KafkaError) return fault(...refused(name, error));
    if (!isConnectionLoss(error) && !(error instanceof PlatformFault)) throw error;
    return fault(...await explained(dialling, address, error));
  } finally {
    connection?.close();
  }
}

function open(
  ports: ClientPorts,
  address: Address,
  by: Pick<Dialling, "tls" | "sasl">,
): Promise<BrokerConnection> {
  return BrokerConnection.open(ports, address, {
    clientId: "ottla-doctor",
    requestTimeoutMs: stepMsMax,
    inFlightMax: 1,
    ...by,
  });
}

/** Why there is no connection at all; undefined when there is one. */
async function unreachedBecause(
  { ports }: Dialling,
  address: Address,
): Promise<Finding | undefined> {
  const name = formatAddress(address);
  try {
    (await inTime(ports, ports.network.connect(address))).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof PlatformFault)) throw error;
    const fault = (text: string, fix: string): Finding => ({ level: "fault", text, fix });
    if (error.kind === "NotFound") {
      return fault(
        `no machine is known by the name ${address.host}`,
        "mend the name, or tell DNS or the hosts file of it",
      );
    }
    if (error.kind === "Refused") {
      return fault(
        `nothing listens at ${name}`,
        "start the broker (ottla start), or mend the port; in a container it has to be published",
      );
    }
    return fault(
      `${name} cannot be reached: ${messageOf(error)}`,
      "look for a firewall, a wrong address, a machine that is down",
    );
  }
}

/** What a broker's refusal means, and what helps. */
function refused(name: string, error: KafkaError): [text: string, fix: string] {
  switch (error.errorCode) {
    case ErrorCode.SASL_AUTHENTICATION_FAILED:
      return [
        `${name} does not take that name with that password or token`,
        "mend --user and --password-file; ottla users list shows who may log in",
      ];
    case ErrorCode.UNSUPPORTED_SASL_MECHANISM:
      return [`${name}: ${messageOf(error)}`, "choose another with --sasl-mechanism"];
    case ErrorCode.ILLEGAL_SASL_STATE:
      return [`${name} asks nobody for a login on this port`, "drop --user, or take another port"];
    case ErrorCode.UNSUPPORTED_VERSION:
      return [`${name} is too old: ${messageOf(error)}`, "Kafka 3.0 is the oldest that is spoken"];
    default:
      return [`${name} answers, and refuses: ${messageOf(error)}`, "ask who runs the cluster"];
  }
}

/** Which of the ways to lose a connection it was. */
async function explained(
  dialling: Dialling,
  address: Address,
  error: unknown,
): Promise<[text: string, fix?: string]> {
  const { ports, tls, sasl } = dialling;
  const name = formatAddress(address);
  if (tls !== undefined) {
    if (isPlatformFault(error, "Denied")) {
      return [
        `the certificate of ${name} is not trusted: ${messageOf(error)}`,
        "trust who has signed it with --ca FILE, and dial a name that stands in it",
      ];
    }
    if (await speaksKafka(ports, address, undefined)) {
      return [
        `${name} speaks plain text, not TLS`,
        "drop --tls, --ca and --cert, or take its TLS port",
      ];
    }
    return [`${name} takes no TLS connection: ${messageOf(error)}`, "look at the broker's log"];
  }
  if (await speaksTls(ports, address)) {
    return [
      `${name} speaks TLS, and you do not`,
      "add --tls, or --ca FILE for a certificate of your own",
    ];
  }
  const mechanisms = sasl === undefined ? await mechanismsOf(ports, address) : undefined;
  if (mechanisms !== undefined) {
    return [
      `${name} asks for a login, by ${mechanisms.join(", ")}`,
      "add --user NAME --password-file FILE, or --token-file FILE",
    ];
  }
  if (error instanceof ConnectionFault) {
    return [`${name}: ${messageOf(error)}`, "mend the port: is it a broker that listens there?"];
  }
  if (isPlatformFault(error, "Io")) {
    return [
      `something listens at ${name} and does not answer: ${messageOf(error)}`,
      "mend the port, if it is no broker that listens there; if it is one, look at its log",
    ];
  }
  return [`${name} loses the connection: ${messageOf(error)}`, "look at the broker's log"];
}

async function speaksTls(ports: ClientPorts, address: Address): Promise<boolean> {
  try {
    (await inTime(ports, ports.network.connectTls(address, {}, { msMax: stepMsMax }))).close();
    return true;
  } catch (error) {
    if (!(error instanceof PlatformFault)) throw error;
    return error.kind === "Denied";
  }
}

async function speaksKafka(
  ports: ClientPorts,
  address: Address,
  tls: TlsMaterial | undefined,
): Promise<boolean> {
  try {
    (await inTime(ports, open(ports, address, { tls, sasl: undefined }))).close();
    return true;
  } catch (error) {
    if (!(error instanceof KafkaError) && !isConnectionLoss(error)) throw error;
    return error instanceof KafkaError;
  }
}

/** What a listener takes; undefined where it asks nobody. */
async function mechanismsOf(
  ports: ClientPorts,
  address: Address,
): Promise<readonly string[] | undefined> {
  let connection: BrokerConnection | undefined;
  try {
    connection = await inTime(ports, open(ports, address, { tls: undefined, sasl: undefined }));
    const answer = await inTime(ports, connection.request(SaslHandshake, { mechanism: "?" }));
    return answer.mechanisms.length === 0 ? undefined : answer.mechanisms;
  } catch (error) {
    if (!(error instanceof KafkaError) && !isConnectionLoss(error)) throw error;
    return undefined;
  } finally {
    connection?.close();
  }
}

/** Rejects with a PlatformFault where `step` takes too long. */
async function inTime<T extends { close(): void } | object>(
  { timers }: ClientPorts,
  step: Promise<T>,
): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  let isOver = false;
  const timer = timers.after(stepMsMax, () => {
    isOver = true;
    reject(new PlatformFault("Io", `no answer within ${stepMsMax / 1_000} s`));
  });
  step.then((late) => {
    if (isOver && "close" in late) late.close();
  }, () => {});
  try {
    return await Promise.race([step, over]);
  } finally {
    timer.cancel();
  }
}
