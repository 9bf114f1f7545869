// A schema registry of Confluent's API in memory, over HTTP on a free port: what it was asked is
// seen, and it may be in trouble.

/** A registry in memory, which says what it was asked. */
export class FakeRegistry implements AsyncDisposable {
  readonly asked: string[] = [];
  readonly #schemas: {
    subject: string;
    schema: string;
    schemaType?: string;
    references?: unknown;
  }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Gives a subject a schema, as if somebody else had. Its id. */
  add(subject: string, of: { schema: string; schemaType?: string; references?: unknown }): number {
    return this.#schemas.push({ subject, ...of });
  }

  /** Answers with this status. */
  trouble: number | undefined;

  constructor() {
    const quiet = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(quiet, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async #answer(request: Request): Promise<Response> {
    const path = decodeURIComponent(new URL(request.url).pathname);
    this.asked.push(
      `${request.method} ${path} ${request.headers.get("authorization") ?? ""}`.trim(),
    );
    if (this.trouble !== undefined) {
      const message = "out of order";
      return Response.json({ error_code: 50001, message }, { status: this.trouble });
    }
    const [, kind, name = "", detail, version] = path.split("/");
    if (kind === "schemas") {
      const found = this.#schemas[Number(path.split("/").at(-1)) - 1];
      return found === undefined ? missing(40403) : Response.json(found);
    }
    if (request.method === "GET") {
      const ids = this.#schemas.flatMap(({ subject }, i) => subject === name ? [i + 1] : []);
      const id = version === "latest" ? ids.at(-1) : ids[Number(version) - 1];
      return id === undefined ? missing(40401) : Response.json({ id });
    }
    const body = await request.json();
    let id =
      this.#schemas.findIndex((each) => each.subject === name && each.schema === body.schema) + 1;
    if (id === 0 && detail !== "versions") return missing(40403);
    if (id === 0) id = this.#schemas.push({ subject: name, ...body });
    return Response.json({ id });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function missing(error_code: number): Response {
  return Response.json({ error_code, message: "not found" }, { status: 404 });
}
