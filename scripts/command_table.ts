// What people do with a Kafka from the command line, how each tool says it, and the test that shows
// that ours does it. docs/commands.md is drawn from here.
//
// Invariant, held by command_docs_test.ts: a line of ours parses by its command's own description,
// and the test that it names runs that command with those options. What ours cannot do says why.
// Addresses and logins are left out: every tool takes them, each in its own way.

/** One thing that people do. A tool without a line has no way to do it. */
export interface CommandRow {
  readonly what: string;
  readonly kafka?: string;
  readonly kcat?: string;
  readonly rpk?: string;
  readonly kaf?: string;
  /** Behind `ottla`, with the test that shows it; or why there is none. */
  readonly ours: { readonly line: string; readonly test: ShownBy } | { readonly no: string };
}

/** A test that runs the command: its file in tests/integration, and its name. */
interface ShownBy {
  readonly file: string;
  readonly name: string;
}

/** The rows about one thing, such as topics. */
export interface CommandSection {
  readonly about: string;
  readonly rows: readonly CommandRow[];
}

const tests = {
  avro: {
    file: "cli_schemas_test.ts",
    name: "JSON goes out as Avro by a schema of a registry, and is printed as JSON",
  },
  left: {
    file: "cluster_nodes_test.ts",
    name: "a broker leaves for good, and nothing of what it had is lost",
  },
  topicLife: {
    file: "cli_test.ts",
    name: "a topic is created, listed, described, grown and deleted",
  },
  lines: {
    file: "cli_test.ts",
    name: "lines go in as records and come out again, with keys and headers",
  },
  sharedTopic: {
    file: "cli_test.ts",
    name: "a group shares a topic, remembers where it was, and can be sent back",
  },
  groupMembers: {
    file: "cli_test.ts",
    name: "a group tells how many of its members have nothing to read, and which",
  },
  newGroup: {
    file: "cli_test.ts",
    name: "a group of the consumer protocol is listed and described with its epoch",
  },
  shareGroup: {
    file: "cli_test.ts",
    name: "a share group is listed, described with who shares what, and moved",
  },
  streamsGroup: {
    file: "cli_test.ts",
    name: "a streams group is listed and described with what its tasks read",
  },
  bench: {
    file: "cli_test.ts",
    name: "a measurement that is interrupted takes its topic away with it",
  },
  manyDeleted: {
    file: "cli_test.ts",
    name: "each of several topics or groups is deleted, whatever befalls another",
  },
  patterns: {
    file: "cli_admin_test.ts",
    name: "patterns name topics, and delete nothing before it is said twice",
  },
  configs: {
    file: "cli_admin_test.ts",
    name: "configs of a topic, brokers and a group are set, shown and taken back",
  },
  trim: {
    file: "cli_admin_test.ts",
    name: "a topic is trimmed up to a place, once that is confirmed",
  },
  moves: {
    file: "cli_admin_test.ts",
    name: "groups are moved by place, by steps and by a file, and seen to be behind",
  },
  groupPattern: {
    file: "cli_admin_test.ts",
    name: "groups that a pattern names are deleted once that is confirmed",
  },
  assigned: {
    file: "cli_admin_test.ts",
    name: "partitions of a new topic are put where they are wanted",
  },
  outOfSync: {
    file: "cli_admin_test.ts",
    name: "topics that have a replica out of sync are told from the others",
  },
  nodes: {
    file: "cluster_nodes_test.ts",
    name: "who has what is told, of brokers that are away too",
  },
  elected: {
    file: "cluster_nodes_test.ts",
    name: "a broker that comes back leads again once it is asked for",
  },
  moved: {
    file: "cluster_nodes_test.ts",
    name: "a partition that was moved has on its new brokers what it had",
  },
  cancelled: {
    file: "cluster_nodes_test.ts",
    name: "a move that cannot come to its end is cancelled",
  },
  quotas: { file: "cli_admin_test.ts", name: "quotas are set, listed and removed" },
  cluster: { file: "cli_admin_test.ts", name: "the cluster and its disks are shown" },
  copies: {
    file: "cli_records_test.ts",
    name: "what consume prints as JSON, produce copies, whatever is in it",
  },
  templates: {
    file: "cli_records_test.ts",
    name: "files, keys, tombstones and times are produced, and printed by a template",
  },
  places: {
    file: "cli_records_test.ts",
    name: "records are read from and until a place, of topics that a pattern names",
  },
  chosen: { file: "cli_records_test.ts", name: "records are chosen, and counted at the end" },
  committed: {
    file: "cli_records_test.ts",
    name: "what was not committed is left out, where that is asked",
  },
  inTransaction: {
    file: "cli_records_test.ts",
    name: "all of an input goes into one transaction, or none of it",
  },
  shared: {
    file: "cli_records_test.ts",
    name: "records of a share group are printed once each, unless given back",
  },
  clientMetrics: {
    file: "cli_admin_test.ts",
    name: "what clients are to measure is set, shown and taken back",
  },
  features: {
    file: "cli_admin_test.ts",
    name: "features are listed, raised and, where nothing is lost, lowered",
  },
  streamsReset: {
    file: "cli_admin_test.ts",
    name: "a Streams program begins anew, without what it kept for itself",
  },
  tokens: {
    file: "tokens_command_test.ts",
    name: "a token is made, logged in by, renewed and taken back",
  },
  contexts: {
    file: "cli_contexts_test.ts",
    name: "brokers are kept by name, and the one in use is dialled",
  },
  bash: {
    file: "cli_contexts_test.ts",
    name: "bash completes commands, their words and their options",
  },
  acls: {
    file: "acls_command_test.ts",
    name: "rules are made before the start, listed, and removed while clients are in",
  },
  users: {
    file: "users_command_test.ts",
    name: "the first user is made before the start, and makes and removes others",
  },
  hanging: {
    file: "transactions_command_test.ts",
    name: "transactions are listed and described, and what hangs is aborted",
  },
  files: {
    file: "log_command_test.ts",
    name: "log dump prints what is in the files, and log repair takes damage out",
  },
  strays: {
    file: "log_command_test.ts",
    name: "log strays shows what was set aside, with its size",
  },
  sound: {
    file: "doctor_test.ts",
    name: "a cluster without a fault is found so, with what others would notice",
  },
  trace: {
    file: "trace_test.ts",
    name: "a capture of real clients reads as lines that a learner can follow",
  },
  mistakes: {
    file: "cli_test.ts",
    name: "mistakes are named with the way out, and told apart by the exit code",
  },
} as const satisfies Readonly<Record<string, ShownBy>>;

/** Every row, in the order of the page. */
export const commandSections: readonly CommandSection[] = [
  {
    about: "Topics",
    rows: [
      {
        what: "list topics",
        kafka: "kafka-topics.sh --list",
        kcat: "kcat -L",
        rpk: "rpk topic list",
        kaf: "kaf topics",
        ours: { line: "topics list", test: tests.topicLife },
      },
      {
        what: "list those whose names are alike",
        kafka: "kafka-topics.sh --list --topic 'orders-.*'",
        rpk: "rpk topic list -r 'orders-.*'",
        ours: { line: "topics list 'orders-*' --json", test: tests.patterns },
      },
      {
        what: "see leaders, replicas and configs of a topic",
        kafka: "kafka-topics.sh --describe --topic orders",
        kcat: "kcat -L -t orders",
        rpk: "rpk topic describe orders",
        kaf: "kaf topic describe orders",
        ours: { line: "topics describe orders", test: tests.topicLife },
      },
      {
        what: "see where its partitions begin and end",
        kafka: "kafka-get-offsets.sh --topic orders",
        kcat: "kcat -Q -t orders:0:-1",
        rpk: "rpk topic describe orders -p",
        kaf: "kaf topic describe orders",
        ours: { line: "topics describe orders", test: tests.topicLife },
      },
      {
        what: "create one, with partitions and configs",
        kafka: "kafka-topics.sh --create --topic orders --partitions 3 --config retention.ms=60000",
        rpk: "rpk topic create orders -p 3 -c retention.ms=60000",
        kaf: "kaf topic create orders -p 3 --compact",
        ours: {
          line: "topics create orders --partitions 3 --config retention.ms=60000",
          test: tests.topicLife,
        },
      },
      {
        what: "create one unless it is there",
        kafka: "kafka-topics.sh --create --topic orders --if-not-exists",
        rpk: "rpk topic create orders --if-not-exists",
        ours: { line: "topics create orders --if-missing", test: tests.topicLife },
      },
      {
        what: "say how often a new one is replicated",
        kafka: "kafka-topics.sh --create --topic orders --replication-factor 1",
        rpk: "rpk topic create orders -r 1",
        kaf: "kaf topic create orders -r 1",
        ours: { line: "topics create orders-a --replication-factor 1", test: tests.patterns },
      },
      {
        what: "say which brokers have its partitions",
        kafka: "kafka-topics.sh --create --topic orders --replica-assignment 1:2,2:3",
        ours: { line: "topics create orders --assign 1:2,2:3", test: tests.assigned },
      },
      {
        what: "grow one",
        kafka: "kafka-topics.sh --alter --topic orders --partitions 5",
        rpk: "rpk topic add-partitions orders -n 2",
        kaf: "kaf topic update orders -p 5",
        ours: { line: "topics alter orders --partitions 5", test: tests.topicLife },
      },
      {
        what: "set and unset configs of one",
        kafka: "kafka-configs.sh --alter --topic orders --add-config retention.ms=1000",
        rpk: "rpk topic alter-config orders -s retention.ms=1000",
        kaf: "kaf topic set-config orders retention.ms=1000,cleanup.policy=delete",
        ours: {
          line: "topics alter orders --config retention.ms=1000 --unset cleanup.policy",
          test: tests.configs,
        },
      },
      {
        what: "delete one",
        kafka: "kafka-topics.sh --delete --topic orders",
        rpk: "rpk topic delete orders",
        kaf: "kaf topic delete orders",
        ours: { line: "topics delete orders", test: tests.topicLife },
      },
      {
        what: "delete several, by a pattern",
        kafka: "kafka-topics.sh --delete --topic 'orders-.*'",
        rpk: "rpk topic delete -r 'orders-.*'",
        ours: { line: "topics delete 'orders-*' --yes", test: tests.patterns },
      },
      {
        what: "delete the records before a place",
        kafka: "kafka-delete-records.sh --offset-json-file offsets.json",
        rpk: "rpk topic trim-prefix orders -o 3",
        ours: { line: "topics trim orders --to -1 --yes", test: tests.trim },
      },
      {
        what: "see which are not replicated enough",
        kafka: "kafka-topics.sh --describe --under-replicated-partitions",
        rpk: "rpk cluster health",
        ours: { line: "topics list --under-replicated", test: tests.outOfSync },
      },
    ],
  },
  {
    about: "Producing",
    rows: [
      {
        what: "send lines",
        kafka: "kafka-console-producer.sh --topic orders",
        kcat: "kcat -P -t orders",
        rpk: "rpk topic produce orders",
        kaf: "kaf produce orders",
        ours: { line: "produce orders", test: tests.lines },
      },
      {
        what: "keys before a separator",
        kafka: "kafka-console-producer.sh --topic orders --reader-property parse.key=true …",
        kcat: "kcat -P -t orders -K :",
        rpk: "rpk topic produce orders -f '%k:%v\\n'",
        ours: { line: "produce orders --key-separator :", test: tests.lines },
      },
      {
        what: "one key for all",
        kcat: "kcat -P -t orders -k 7",
        rpk: "rpk topic produce orders -k 7",
        kaf: "kaf produce orders --key 7",
        ours: { line: "produce orders --record-key 7", test: tests.templates },
      },
      {
        what: "headers",
        kafka: "kafka-console-producer.sh --topic orders --reader-property parse.headers=true",
        kcat: "kcat -P -t orders -H source=test",
        rpk: "rpk topic produce orders -H source:test",
        kaf: "kaf produce orders --header source:test",
        ours: { line: "produce orders --header source=test", test: tests.lines },
      },
      {
        what: "to one partition",
        kcat: "kcat -P -t orders -p 0",
        rpk: "rpk topic produce orders -p 0",
        kaf: "kaf produce orders --partition 0",
        ours: { line: "produce orders --partition 7", test: tests.mistakes },
      },
      {
        what: "compressed",
        kafka: "kafka-console-producer.sh --topic orders --compression-codec zstd",
        kcat: "kcat -P -t orders -z zstd",
        rpk: "rpk topic produce orders -z zstd",
        ours: { line: "produce orders --compression zstd", test: tests.lines },
      },
      {
        what: "a tombstone",
        kafka: "kafka-console-producer.sh --topic orders --reader-property null.marker=NULL",
        kcat: "kcat -P -t orders -k 7 -Z",
        rpk: "rpk topic produce orders -k 7 -Z",
        ours: { line: "produce orders --record-key 7 --tombstone", test: tests.templates },
      },
      {
        what: "a word that stands for null",
        kafka: "kafka-console-producer.sh --topic orders --reader-property null.marker=NULL",
        ours: {
          line: "produce orders --key-separator : --null-marker NULL",
          test: tests.templates,
        },
      },
      {
        what: "whole files, a record each",
        kcat: "kcat -P -t orders cat.png dog.png",
        ours: { line: "produce orders cat.png --header type=image/png", test: tests.templates },
      },
      {
        what: "times of the records",
        kaf: "kaf produce orders --timestamp 2026-01-31T08:00:00Z",
        ours: {
          line: "produce orders --record-key 7 --timestamp 2026-01-31T08:00:00Z",
          test: tests.templates,
        },
      },
      {
        what: "what consume has printed",
        kaf: "kaf produce copies --input json-each-row",
        ours: { line: "produce copies --format json", test: tests.copies },
      },
      {
        what: "by a schema registry (Avro, JSON Schema)",
        rpk: "rpk topic produce orders --schema-id 1",
        kaf: "kaf produce orders --avro-schema-id 1",
        ours: {
          line: "produce orders --schema-registry http://registry:8081 --value-schema order.avsc",
          test: tests.avro,
        },
      },
      {
        what: "in transactions",
        kcat: "kcat -P -t orders -X transactional.id=t",
        ours: {
          line: "produce orders --transactional-id import",
          test: tests.inTransaction,
        },
      },
    ],
  },
  {
    about: "Consuming",
    rows: [
      {
        what: "all there is, then what comes",
        kafka: "kafka-console-consumer.sh --topic orders --from-beginning",
        kcat: "kcat -C -t orders",
        rpk: "rpk topic consume orders",
        kaf: "kaf consume orders -f",
        ours: { line: "consume orders --from-beginning", test: tests.sharedTopic },
      },
      {
        what: "so many records",
        kafka: "kafka-console-consumer.sh --topic orders --max-messages 7",
        kcat: "kcat -C -t orders -c 7",
        rpk: "rpk topic consume orders -n 7",
        kaf: "kaf consume orders -l 7",
        ours: { line: "consume orders --max-messages 7", test: tests.lines },
      },
      {
        what: "until the end, and no longer",
        kcat: "kcat -C -t orders -e",
        rpk: "rpk topic consume orders -o :end",
        kaf: "kaf consume orders",
        ours: { line: "consume orders --from earliest --until latest", test: tests.trim },
      },
      {
        what: "until nothing comes for a while",
        kafka: "kafka-console-consumer.sh --topic orders --timeout-ms 300",
        ours: { line: "consume orders --timeout-ms 300", test: tests.lines },
      },
      {
        what: "one partition, from an offset",
        kafka: "kafka-console-consumer.sh --topic orders --partition 0 --offset 1",
        kcat: "kcat -C -t orders -p 0 -o 1",
        rpk: "rpk topic consume orders -p 0 -o 1",
        kaf: "kaf consume orders -p 0 --offset 1",
        ours: { line: "consume orders --partition 0 --from 1 --max-messages 1", test: tests.lines },
      },
      {
        what: "the last few",
        kcat: "kcat -C -t orders -o -2 -e",
        rpk: "rpk topic consume orders -o -2",
        kaf: "kaf consume orders --tail 2",
        ours: { line: "consume orders --from -2 --until latest", test: tests.places },
      },
      {
        what: "between two times",
        kcat: "kcat -C -t orders -o s@3 -o e@5",
        rpk: "rpk topic consume orders -o @3:5",
        ours: { line: "consume bills --from @3 --until @5", test: tests.places },
      },
      {
        what: "several topics by a pattern",
        kafka: "kafka-console-consumer.sh --include 'orders-.*'",
        kcat: "kcat -G billing '^orders-.*'",
        rpk: "rpk topic consume -r 'orders-.*'",
        ours: { line: "consume 'orders-*' --from -2 --until latest", test: tests.places },
      },
      {
        what: "as a member of a group",
        kafka: "kafka-console-consumer.sh --topic orders --group billing",
        kcat: "kcat -G billing orders",
        rpk: "rpk topic consume orders -g billing",
        kaf: "kaf consume orders -g billing",
        ours: { line: "consume orders --group billing --from-beginning", test: tests.sharedTopic },
      },
      {
        what: "as a member of a share group",
        kafka: "kafka-console-share-consumer.sh --topic orders --group jobs",
        ours: { line: "consume jobs --share-group workers --timeout-ms 1000", test: tests.shared },
      },
      {
        what: "what was committed alone",
        kafka: "kafka-console-consumer.sh --topic orders --isolation-level read_committed",
        kcat: "kcat -C -t orders -X isolation.level=read_committed",
        rpk: "rpk topic consume orders --read-committed",
        ours: {
          line: "consume orders --isolation-level read_committed --from earliest --until latest",
          test: tests.committed,
        },
      },
      {
        what: "JSON, an object for each record",
        kcat: "kcat -C -t orders -J",
        rpk: "rpk topic consume orders",
        kaf: "kaf consume orders --output json",
        ours: { line: "consume orders --format json", test: tests.lines },
      },
      {
        what: "keys beside values",
        kafka: "kafka-console-consumer.sh --topic orders --formatter-property print.key=true",
        kcat: "kcat -C -t orders -K '\\t'",
        rpk: "rpk topic consume orders -f '%k\\t%v\\n'",
        kaf: "kaf consume orders",
        ours: { line: "consume orders --keys", test: tests.lines },
      },
      {
        what: "by a template",
        kcat: "kcat -C -t orders -f '%o %k %s\\n'",
        rpk: "rpk topic consume orders -f '%o %k %v\\n'",
        ours: {
          line: "consume orders --format '%o|%k|%V|%h' --from earliest --until latest",
          test: tests.templates,
        },
      },
      {
        what: "the bytes as they are",
        kcat: "kcat -C -t orders -D ''",
        rpk: "rpk topic consume orders -f '%v'",
        kaf: "kaf consume orders --output raw",
        ours: { line: "consume orders --from 0 --until 1 --format raw", test: tests.templates },
      },
      {
        what: "those with a key, or a header",
        kaf: "kaf query orders -k customer-3",
        ours: {
          line: "consume orders --match-key customer-3 --match-header source=imp*",
          test: tests.chosen,
        },
      },
      {
        what: "those with a value in their JSON",
        kaf: "kaf query orders --grep paid",
        ours: { line: "consume orders --match-json order.status=paid", test: tests.chosen },
      },
      {
        what: "decoded by a schema registry (Avro, JSON Schema)",
        kcat: "kcat -C -t orders -s avro -r http://registry:8081",
        rpk: "rpk topic consume orders --use-schema-registry",
        kaf: "kaf consume orders",
        ours: {
          line: "consume orders --schema-registry http://registry:8081",
          test: tests.avro,
        },
      },
    ],
  },
  {
    about: "Groups",
    rows: [
      {
        what: "list groups, of every type",
        kafka: "kafka-groups.sh --list",
        rpk: "rpk group list",
        kaf: "kaf groups",
        ours: { line: "groups list", test: tests.sharedTopic },
      },
      {
        what: "those of a state, or of a type",
        kafka: "kafka-consumer-groups.sh --list --state empty --type classic",
        rpk: "rpk group list --states Empty",
        ours: { line: "groups list --state Empty --json", test: tests.moves },
      },
      {
        what: "members, offsets and lag of one",
        kafka: "kafka-consumer-groups.sh --describe --group billing",
        rpk: "rpk group describe billing",
        kaf: "kaf group describe billing",
        ours: { line: "groups describe billing", test: tests.sharedTopic },
      },
      {
        what: "its members, those with nothing to read among them",
        kafka: "kafka-consumer-groups.sh --describe --members --group billing",
        ours: { line: "groups describe billing --members", test: tests.groupMembers },
      },
      {
        what: "the lag of all of them",
        kafka: "kafka-consumer-groups.sh --describe --all-groups",
        rpk: "rpk group describe -r '.*' -s",
        kaf: "kaf topic lag orders",
        ours: { line: "groups lag", test: tests.moves },
      },
      {
        what: "a share group",
        kafka: "kafka-share-groups.sh --describe --group jobs",
        ours: { line: "groups describe jobs", test: tests.shareGroup },
      },
      {
        what: "a streams group",
        kafka: "kafka-streams-groups.sh --describe --group app",
        ours: { line: "groups describe app", test: tests.streamsGroup },
      },
      {
        what: "move one to the beginning, the end, an offset",
        kafka: "kafka-consumer-groups.sh --reset-offsets --group billing --to-earliest …",
        rpk: "rpk group seek billing --to start --topics orders",
        kaf: "kaf group commit billing -t orders --offset oldest --all-partitions",
        ours: {
          line: "groups reset billing --topic orders --to earliest",
          test: tests.sharedTopic,
        },
      },
      {
        what: "by steps",
        kafka: "kafka-consumer-groups.sh --reset-offsets --group billing --shift-by 2 …",
        ours: { line: "groups reset billing --topic orders --shift 2", test: tests.moves },
      },
      {
        what: "to a time, in all topics",
        kafka:
          "kafka-consumer-groups.sh --reset-offsets --group billing --to-datetime … --all-topics",
        rpk: "rpk group seek billing --to 1769846400",
        ours: { line: "groups reset billing --all-topics --to @1769846400000", test: tests.moves },
      },
      {
        what: "by a file",
        kafka: "kafka-consumer-groups.sh --reset-offsets --group billing --from-file places.csv …",
        rpk: "rpk group seek billing --to-file places",
        ours: { line: "groups reset billing --file places.csv", test: tests.moves },
      },
      {
        what: "see first where that would be",
        kafka: "kafka-consumer-groups.sh --reset-offsets --group billing --to-latest --dry-run",
        ours: {
          line: "groups reset billing --all-topics --to latest --dry-run",
          test: tests.moves,
        },
      },
      {
        what: "delete groups",
        kafka: "kafka-consumer-groups.sh --delete --group one --group two",
        rpk: "rpk group delete one two",
        kaf: "kaf group delete one",
        ours: { line: "groups delete one two", test: tests.manyDeleted },
      },
      {
        what: "delete several, by a pattern",
        kafka: "kafka-consumer-groups.sh --delete --all-groups",
        ours: { line: "groups delete 'test-*' --yes", test: tests.groupPattern },
      },
      {
        what: "delete what one has committed in a topic",
        kafka: "kafka-consumer-groups.sh --delete-offsets --group billing --topic bills",
        rpk: "rpk group offset-delete billing -t bills",
        ours: { line: "groups delete-offsets billing --topic bills", test: tests.moves },
      },
      {
        what: "have a Streams program read all again",
        kafka: "kafka-streams-application-reset.sh --application-id app",
        ours: { line: "groups reset app --all-topics --to earliest", test: tests.streamsReset },
      },
      {
        what: "without the topics that it keeps for itself",
        kafka: "kafka-streams-application-reset.sh --application-id app",
        ours: {
          line: "topics delete 'app-*-changelog' 'app-*-repartition' --yes",
          test: tests.streamsReset,
        },
      },
      {
        what: "write the offsets of one to such a file",
        kafka: "kafka-consumer-groups.sh --reset-offsets --group billing --to-current --export",
        ours: { line: "groups describe billing --export", test: tests.moves },
      },
    ],
  },
  {
    about: "Configs and quotas",
    rows: [
      {
        what: "show the configs of a topic",
        kafka: "kafka-configs.sh --describe --topic orders",
        rpk: "rpk topic describe orders -c",
        kaf: "kaf topic describe orders",
        ours: { line: "configs describe --topic orders", test: tests.configs },
      },
      {
        what: "of brokers",
        kafka: "kafka-configs.sh --describe --entity-type brokers --entity-default",
        rpk: "rpk cluster config get log_retention_ms",
        ours: { line: "configs describe --brokers log.retention.ms", test: tests.configs },
      },
      {
        what: "change them while brokers run",
        kafka: "kafka-configs.sh --alter --entity-type brokers --entity-default --add-config …",
        rpk: "rpk cluster config set log_retention_ms 86400000",
        ours: {
          line: "configs alter --brokers --set log.retention.ms=86400000",
          test: tests.configs,
        },
      },
      {
        what: "change those of a group",
        kafka:
          "kafka-configs.sh --alter --group billing --add-config consumer.session.timeout.ms=46000",
        ours: {
          line: "configs alter --group billing --set consumer.session.timeout.ms=46000",
          test: tests.configs,
        },
      },
      {
        what: "change what clients are to measure",
        kafka: "kafka-client-metrics.sh --alter --name all --metrics org.apache.kafka.",
        ours: {
          line: "configs alter --client-metrics all --set metrics=org.apache.kafka.",
          test: tests.clientMetrics,
        },
      },
      {
        what: "list quotas",
        kafka: "kafka-configs.sh --describe --entity-type users",
        rpk: "rpk cluster quotas describe",
        ours: { line: "quotas list", test: tests.quotas },
      },
      {
        what: "set one for a user or a client",
        kafka: "kafka-configs.sh --alter --user alice --add-config producer_byte_rate=1048576",
        rpk: "rpk cluster quotas alter --add producer_byte_rate=1048576 --name client-id=shop",
        ours: {
          line: "quotas set producer_byte_rate=1048576 --for user=alice",
          test: tests.quotas,
        },
      },
      {
        what: "remove one",
        kafka: "kafka-configs.sh --alter --user alice --delete-config request_percentage",
        rpk: "rpk cluster quotas alter --delete producer_byte_rate --name client-id=shop",
        ours: {
          line: "quotas remove request_percentage --for user=alice --for client-id",
          test: tests.quotas,
        },
      },
    ],
  },
  {
    about: "The cluster",
    rows: [
      {
        what: "who is there, and who is the controller",
        kafka: "kafka-cluster.sh list-endpoints",
        kcat: "kcat -L",
        rpk: "rpk cluster info",
        kaf: "kaf nodes",
        ours: { line: "cluster describe", test: tests.cluster },
      },
      {
        what: "its id",
        kafka: "kafka-cluster.sh cluster-id",
        rpk: "rpk cluster info",
        ours: { line: "cluster describe", test: tests.cluster },
      },
      {
        what: "how full the disks are",
        kafka: "kafka-log-dirs.sh --describe",
        rpk: "rpk cluster logdirs describe",
        ours: { line: "log dirs --partitions", test: tests.cluster },
      },
      {
        what: "which APIs and versions a broker serves",
        kafka: "kafka-broker-api-versions.sh",
        ours: { line: "cluster versions", test: tests.cluster },
      },
      {
        what: "whether all is well",
        rpk: "rpk cluster health",
        ours: { line: "doctor", test: tests.sound },
      },
      {
        what: "how many replicas each has, and whether it is away",
        ours: { line: "cluster nodes", test: tests.nodes },
      },
      {
        what: "move partitions to other brokers",
        kafka: "kafka-reassign-partitions.sh --execute --reassignment-json-file moves.json",
        rpk: "rpk cluster partitions move orders -p 0:1,2,3",
        kaf: "kaf topic update orders --partition-assignments '[[1,2,3]]'",
        ours: { line: "cluster move orders 0 --to 1,2,3", test: tests.moved },
      },
      {
        what: "end such a move before it is done",
        kafka: "kafka-reassign-partitions.sh --cancel --reassignment-json-file moves.json",
        rpk: "rpk cluster partitions move-cancel",
        ours: { line: "cluster move orders 0 --cancel", test: tests.cancelled },
      },
      {
        what: "move all that a broker has to others",
        rpk: "rpk redpanda admin brokers decommission 3",
        ours: { line: "cluster drain 3", test: tests.left },
      },
      {
        what: "forget a broker that is gone for good",
        kafka: "kafka-cluster.sh unregister --id 3",
        ours: { line: "cluster remove 3", test: tests.left },
      },
      {
        what: "have preferred leaders lead",
        kafka: "kafka-leader-election.sh --election-type preferred --all-topic-partitions",
        rpk: "rpk cluster partitions transfer-leadership orders -p 0:2",
        ours: { line: "cluster elect", test: tests.elected },
      },
      {
        what: "have a replica lead that may lack records, where nobody else can",
        kafka: "kafka-leader-election.sh --election-type unclean --topic orders --partition 0",
        ours: { line: "cluster elect orders 0 --unclean", test: tests.elected },
      },
      {
        what: "see what features are on",
        kafka: "kafka-features.sh describe",
        ours: { line: "features list", test: tests.features },
      },
      {
        what: "raise what features are on",
        kafka: "kafka-features.sh upgrade --release-version 4.3",
        ours: { line: "features upgrade metadata.version=30", test: tests.features },
      },
      {
        what: "the quorum of the controllers",
        kafka: "kafka-metadata-quorum.sh describe --status",
        ours: { line: "cluster quorum", test: tests.cluster },
      },
    ],
  },
  {
    about: "Transactions",
    rows: [
      {
        what: "list them",
        kafka: "kafka-transactions.sh list",
        rpk: "rpk cluster txn list",
        ours: { line: "transactions list", test: tests.hanging },
      },
      {
        what: "see what one has open",
        kafka: "kafka-transactions.sh describe --transactional-id payments",
        rpk: "rpk cluster txn describe payments",
        ours: { line: "transactions describe payments", test: tests.hanging },
      },
      {
        what: "find those that hang",
        kafka: "kafka-transactions.sh find-hanging --broker-id 1",
        ours: { line: "transactions find-hanging orders --quiet-minutes 0", test: tests.hanging },
      },
      {
        what: "see who writes to a partition in them",
        kafka: "kafka-transactions.sh describe-producers --topic orders --partition 0",
        rpk: "rpk cluster txn describe-producers -t orders",
        ours: { line: "transactions producers orders", test: tests.hanging },
      },
      {
        what: "abort one by hand",
        kafka: "kafka-transactions.sh abort --topic orders --partition 0 --start-offset 1",
        ours: { line: "transactions abort orders 0 --start-offset 1", test: tests.hanging },
      },
    ],
  },
  {
    about: "Who may do what",
    rows: [
      {
        what: "list users",
        kafka: "kafka-configs.sh --describe --entity-type users",
        rpk: "rpk security user list",
        ours: { line: "users list", test: tests.users },
      },
      {
        what: "add one",
        kafka: "kafka-configs.sh --alter --user bob --add-config SCRAM-SHA-512=[password=...]",
        rpk: "rpk security user create bob",
        ours: { line: "users add bob --new-password-file bob.txt", test: tests.users },
      },
      {
        what: "add the first one, before the start",
        kafka: "kafka-storage.sh format --add-scram SCRAM-SHA-512=[name=alice,password=...]",
        ours: {
          line: "users add alice --data-dir data --new-password-file alice.txt",
          test: tests.users,
        },
      },
      {
        what: "remove one",
        kafka: "kafka-configs.sh --alter --user bob --delete-config SCRAM-SHA-512",
        rpk: "rpk security user delete bob",
        ours: { line: "users remove bob", test: tests.users },
      },
      {
        what: "list access rules",
        kafka: "kafka-acls.sh --list --topic orders",
        rpk: "rpk security acl list --topic orders",
        ours: { line: "acls list --to write,read --topic orders", test: tests.acls },
      },
      {
        what: "add one",
        kafka: "kafka-acls.sh --add --allow-principal User:alice --operation write --topic orders",
        rpk:
          "rpk security acl create --allow-principal User:alice --operation write --topic orders",
        ours: {
          line: "acls add --allow User:alice --to create,write --topic orders",
          test: tests.acls,
        },
      },
      {
        what: "remove some",
        kafka: "kafka-acls.sh --remove --topic orders",
        rpk: "rpk security acl delete --topic orders",
        ours: { line: "acls remove --allow User:alice --topic orders", test: tests.acls },
      },
      {
        what: "make a token that stands for a login",
        kafka: "kafka-delegation-tokens.sh --create --renewer-principal User:bob …",
        ours: { line: "tokens create --renewer User:bob --lifetime 7d", test: tests.tokens },
      },
      {
        what: "see which there are",
        kafka: "kafka-delegation-tokens.sh --describe",
        ours: { line: "tokens list", test: tests.tokens },
      },
      {
        what: "put off when one expires, or take it back",
        kafka: "kafka-delegation-tokens.sh --renew --hmac …",
        ours: { line: "tokens renew ID --for 12h", test: tests.tokens },
      },
    ],
  },
  {
    about: "Files, and the program itself",
    rows: [
      {
        what: "print what is in log files",
        kafka: "kafka-dump-log.sh --files 00000000000000000000.log --print-data-log",
        ours: { line: "log dump --records 00000000000000000000.log", test: tests.files },
      },
      {
        what: "take damage out of them",
        ours: { line: "log repair ottla-data/orders-0 --yes", test: tests.files },
      },
      {
        what: "show what was set aside",
        ours: { line: "log strays ottla-data", test: tests.strays },
      },
      {
        what: "start a broker",
        kafka: "kafka-storage.sh format, then kafka-server-start.sh",
        kcat: "kcat -M 1 (a mock)",
        rpk: "rpk container start",
        ours: { line: "start --port 0", test: tests.mistakes },
      },
      {
        what: "watch what clients ask",
        kafka: "kafka-configs.sh --alter --entity-type broker-loggers --add-config …",
        ours: { line: "start --trace", test: tests.trace },
      },
      {
        what: "measure one",
        kafka:
          "kafka-producer-perf-test.sh --topic orders --num-records 1000000 --record-size 100 …",
        ours: { line: "bench --records 100000000 --record-bytes 100", test: tests.bench },
      },
      {
        what: "why can a client not work with it",
        ours: { line: "doctor", test: tests.sound },
      },
      {
        what: "keep addresses and logins by name",
        rpk: "rpk profile create prod",
        kaf: "kaf config add-cluster prod -b kafka:9093",
        ours: { line: "contexts add one --bootstrap localhost:9092", test: tests.contexts },
      },
      {
        what: "say which one is meant",
        kcat: "kcat -F prod.conf",
        rpk: "rpk profile use prod",
        kaf: "kaf config use-cluster prod",
        ours: { line: "contexts use other", test: tests.contexts },
      },
      {
        what: "have the shell complete words",
        rpk: "rpk generate shell-completion bash",
        kaf: "kaf completion bash",
        ours: { line: "completions bash", test: tests.bash },
      },
    ],
  },
];
