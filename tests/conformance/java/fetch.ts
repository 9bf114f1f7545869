// Brings Apache Kafka's jars (the console tools, kafka-clients and a whole broker) from Maven
// Central.
//
//   tests/conformance/java/pom.xml  --mvn dependency:copy-dependencies-->  .cache/java/*.jar
//
// Invariant: .cache/java/pom.xml equals the pom that the jars beside it came from, and is written
// last; so a second run does nothing, a changed version fetches anew, and a run cut short starts
// over.
//
// Run as a program it prints the folder: `deno run -A tests/conformance/java/fetch.ts`.

const pomPath = new URL("pom.xml", import.meta.url);
const jarFolder = new URL("../../../.cache/java/", import.meta.url);

/** The folder that holds the jars, filled if need be; throws with Maven's words when it cannot. */
export async function fetchJars(): Promise<string> {
  const pom = await Deno.readTextFile(pomPath);
  const stamp = new URL("pom.xml", jarFolder);
  if (await textOrEmpty(stamp) === pom) return jarFolder.pathname;

  await Deno.remove(jarFolder, { recursive: true }).catch(ignoreNotFound);
  await Deno.mkdir(jarFolder, { recursive: true });
  const maven = await new Deno.Command("mvn", {
    args: [
      "-B",
      "-q",
      "-f",
      pomPath.pathname,
      "dependency:copy-dependencies",
      "-DincludeScope=runtime",
      `-DoutputDirectory=${jarFolder.pathname}`,
    ],
    stdin: "null",
  }).output();
  if (!maven.success) {
    const said = new TextDecoder().decode(maven.stdout) + new TextDecoder().decode(maven.stderr);
    throw new Error(`mvn could not bring Kafka's jars to ${jarFolder.pathname}:\n${said}`);
  }
  await Deno.writeTextFile(stamp, pom);
  return jarFolder.pathname;
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

if (import.meta.main) console.log(await fetchJars());
