// Brings Apache Kafka's jars (the console tools, kafka-clients and a whole broker) from Maven
// Central, of the newest release or of the last that also speaks what KIP-896 removed; and of the
// release before its broker is out, kafka-clients alone.
//
//   tests/conformance/java/pom.xml   --mvn dependency:copy-dependencies-->  .cache/java/*.jar
//                          pom-3.9.xml  -------------------------------->  .cache/java-3.9/*.jar
//                          pom-4.4.xml  -------------------------------->  .cache/java-4.4/*.jar
//                          pom-0.10.xml, pom-0.9.xml                       likewise
//
// Invariant: the pom.xml in a jar folder equals the pom that the jars beside it came from, and is
// written last; so a second run does nothing, a changed version fetches anew, and a run cut short
// starts over. Test files run at the same time, and one of them at a time fetches.
//
// Run as a program it prints the folder: `deno run -A tests/conformance/java/fetch.ts [3.9|4.4]`.

/** The releases of Kafka that the tests run: the newest, the last before Kafka 4, the next. */
export type KafkaRelease = "4.3" | "3.9" | "4.4";

/** And two from before record batches: their clients alone. */
export type OldKafkaRelease = "0.10" | "0.9";

const sources: Readonly<Record<KafkaRelease | OldKafkaRelease, { pom: URL; folder: URL }>> = {
  "4.3": {
    pom: new URL("pom.xml", import.meta.url),
    folder: new URL("../../../.cache/java/", import.meta.url),
  },
  "3.9": {
    pom: new URL("pom-3.9.xml", import.meta.url),
    folder: new URL("../../../.cache/java-3.9/", import.meta.url),
  },
  "4.4": {
    pom: new URL("pom-4.4.xml", import.meta.url),
    folder: new URL("../../../.cache/java-4.4/", import.meta.url),
  },
  "0.10": {
    pom: new URL("pom-0.10.xml", import.meta.url),
    folder: new URL("../../../.cache/java-0.10/", import.meta.url),
  },
  "0.9": {
    pom: new URL("pom-0.9.xml", import.meta.url),
    folder: new URL("../../../.cache/java-0.9/", import.meta.url),
  },
};

/** The folder that holds the jars, filled if need be; throws with Maven's words when it cannot. */
export async function fetchJars(
  release: KafkaRelease | OldKafkaRelease = "4.3",
): Promise<string> {
  const { pom: pomPath, folder } = sources[release];
  const pom = await Deno.readTextFile(pomPath);
  const stamp = new URL("pom.xml", folder);
  if (await textOrEmpty(stamp) === pom) return folder.pathname;

  await Deno.mkdir(new URL("../", folder), { recursive: true });
  using lock = await Deno.open(new URL("../java.lock", folder), { create: true, write: true });
  await lock.lock(true);
  if (await textOrEmpty(stamp) === pom) return folder.pathname;
  await Deno.remove(folder, { recursive: true }).catch(ignoreNotFound);
  await Deno.mkdir(folder, { recursive: true });
  const maven = await new Deno.Command("mvn", {
    args: [
      "-B",
      "-q",
      "-f",
      pomPath.pathname,
      "dependency:copy-dependencies",
      "-DincludeScope=runtime",
      `-DoutputDirectory=${folder.pathname}`,
    ],
    stdin: "null",
  }).output();
  if (!maven.success) {
    const said = new TextDecoder().decode(maven.stdout) + new TextDecoder().decode(maven.stderr);
    throw new Error(`mvn could not bring Kafka's jars to ${folder.pathname}:\n${said}`);
  }
  await Deno.writeTextFile(stamp, pom);
  return folder.pathname;
}

async function textOrEmpty(path: URL): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    ignoreNotFound(error);
    return "";
  }
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

if (import.meta.main) {
  const release = Object.keys(sources).find((each) => each === Deno.args[0]) ?? "4.3";
  console.log(await fetchJars(release as KafkaRelease));
}
