// docs/monitoring.md: the words are here, the tables come from src/broker/metrics/metrics_table.ts.

import type { metrics } from "../src/broker/metrics/metrics_table.ts";

type Metrics = typeof metrics;

/** One row of a table. */
function row(name: string, { type, labels = [], doc }: Metrics[string]): string {
  const shown = labels.length === 0 ? "" : labels.map((label) => `\`${label}\``).join(", ");
  return `| \`${name}\` | ${type} | ${shown} | ${doc.replaceAll("|", "\\|")} |`;
}

const whoMayAsk = `## Who may ask

Anybody, over HTTP, unless one of these is set:

- \`ottla.metrics.token\`: who asks for metrics or connections has to send
  \`Authorization: Bearer TOKEN\`; health is told to anybody.
- \`ottla.metrics.certificate.file\` and \`ottla.metrics.key.file\`, PEM, or both in one file:
  metrics and health are served over HTTPS, and over nothing else.
- \`ottla.metrics.ca.file\`, PEM: whoever asks, for health as well, has to show a certificate that
  is signed by one of these.

The files are read again within seconds of a change. Versions and cipher suites are those of
\`ssl.enabled.protocols\`, \`ssl.protocol\` and \`ssl.cipher.suites\`. A token without TLS can be
read on its way, and a start that listens beyond the machine says so. In a \`prometheus.yml\`:

\`\`\`yaml
scrape_configs:
  - job_name: ottla
    scheme: https
    authorization: { credentials_file: token.txt }
    tls_config: { ca_file: ca.pem, cert_file: prometheus.pem, key_file: prometheus.key }
    static_configs:
      - targets: ["broker.example.com:9404"]
\`\`\`
`;

const whoIsConnected = `## Connections

\`GET /connections\`, for who may see metrics, lists the first 1,000 open connections as JSON, and
counts the others:

\`\`\`json
{
  "connections": [
    {
      "peer": "10.1.2.3:40312",
      "listener": "OUTSIDE",
      "principal": "User:alice",
      "clientId": "billing",
      "software": "apache-kafka-java 4.3.1",
      "isLoggingIn": false
    }
  ],
  "notListed": 0
}
\`\`\`
`;

/** The whole page. */
export function monitoringPage(metrics: Metrics): string {
  const rows = Object.entries(metrics).map(([name, metric]) => row(name, metric));
  return `<!-- Written by deno task docs from src/broker/metrics/metrics_table.ts. -->

# Monitoring

Metrics and health are served over HTTP where a port is given, and not at all otherwise:

\`\`\`sh
ottla start --metrics-port 9404
curl http://localhost:9404/health
curl http://localhost:9404/metrics
\`\`\`

\`--metrics-port\` is \`ottla.metrics.port\`. The address is the one that clients use, all of them
unless \`--host\` or \`listeners\` says otherwise; \`ottla.metrics.host=127.0.0.1\` keeps it to
the machine. Unless they are guarded, whoever reaches the port can read the names of topics and data
directories, and nothing of what is in them. At most 32 connections are open at a time.

In a program of your own, \`Broker.start({ config: { "ottla.metrics.port": 0 } })\` picks a free
port, and \`broker.metricsAddress\` tells which.

${whoMayAsk}
${whoIsConnected}
## Health

\`GET /health\` answers 200 while the broker serves as it should, 503 otherwise, with a word that
says which.

| status | answer | when |
| --- | --- | --- |
| 503 | \`{"status":"starting"}\` | logs are being opened: clients cannot connect yet |
| 200 | \`{"status":"ready"}\` | clients are served |
| 503 | \`{"status":"degraded","offlineDirectories":["/data/b"]}\` | a data directory failed |
| 503 | \`{"status":"closing"}\` | the last answers go out |

For Kubernetes it is a readiness probe. It is no liveness probe: a recovery that takes long
answers 503 all along, and to be killed in the middle of it does not make it shorter.

## Metrics

\`GET /metrics\` answers in Prometheus's text format, version 0.0.4. In a \`prometheus.yml\`:

\`\`\`yaml
scrape_configs:
  - job_name: ottla
    static_configs:
      - targets: ["localhost:9404"]
\`\`\`

What to alert on: \`ottla_damaged_partitions\` above 0, \`ottla_log_dir_online\` at 0,
\`ottla_log_dir_full\` at 1, \`ottla_log_dir_free_bytes\` falling, and
\`ottla_event_loop_delay_seconds\` rising.

Counters begin at 0 with the process. Nothing is gathered between scrapes, and a scrape is bounded:
past 1,000 partitions the others are counted in \`ottla_partitions_not_listed\`, past 100 clients in
\`ottla_client_connections_not_listed\`. Of labels, clients choose \`client_id\` alone.

| metric | type | labels | what it says |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}
