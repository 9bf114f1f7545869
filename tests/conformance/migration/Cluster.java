// What migration_test.ts has the Java client do: fill a cluster, and write down all that it holds.
//
//   java -cp <jars> Cluster.java fill <bootstrap> [consumer-protocol]
//   java -cp <jars> Cluster.java list <bootstrap>
//   java -cp <jars> Cluster.java grow <bootstrap>     adds records and commits, after a migration
//
// `list` prints a line for each topic, setting, offset, record and committed position, so that two
// clusters with the same content print the same lines. Values are printed as length and CRC-32.

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.zip.CRC32;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.*;

public class Cluster {
    static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};
    /** Recent, lest retention by time takes the records away. */
    static final long START = System.currentTimeMillis() - 3_600_000;
    static String bootstrap;

    public static void main(String[] args) throws Exception {
        bootstrap = args[1];
        switch (args[0]) {
            case "fill" -> fill(args.length > 2);
            case "list" -> list();
            case "grow" -> grow();
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    // Filling

    static void fill(boolean consumerProtocol) throws Exception {
        try (Admin admin = admin()) {
            createTopics(admin);
            for (String codec : CODECS) {
                try (var producer = producer(Map.of("compression.type", codec))) {
                    send(producer, "codec-" + codec, 0, 120);
                    if (codec.equals("lz4")) send(producer, "plain", 0, 60);
                }
            }
            sendSegments();
            sendTransactions();
            try (var producer = producer(Map.of())) {
                send(producer, "trimmed", 0, 100);
                send(producer, "compacted", 0, 50);
                send(producer, "doomed", 0, 10);
            }
            var below = Map.of(new TopicPartition("trimmed", 0), RecordsToDelete.beforeOffset(40));
            admin.deleteRecords(below).all().get();
            admin.deleteTopics(List.of("doomed")).all().get();
            alterConfigs(admin);
            commit("readers", "classic");
            if (consumerProtocol) commit("modern", "consumer");
            var empty = new HashMap<TopicPartition, OffsetAndMetadata>();
            empty.put(new TopicPartition("plain", 1), new OffsetAndMetadata(3, "by hand"));
            admin.alterConsumerGroupOffsets("placed", empty).all().get();
        }
    }

    static void createTopics(Admin admin) throws Exception {
        var topics = new ArrayList<NewTopic>();
        topics.add(topic("plain", 3, Map.of("retention.ms", "604800001")));
        for (String codec : CODECS) topics.add(topic("codec-" + codec, 2, Map.of()));
        topics.add(topic("segments", 1, Map.of("segment.bytes", "1048576")));
        topics.add(topic("transactions", 2, Map.of("min.insync.replicas", "1")));
        topics.add(topic("compacted", 1, Map.of("cleanup.policy", "compact")));
        topics.add(topic("trimmed", 1, Map.of()));
        topics.add(topic("doomed", 1, Map.of()));
        topics.add(topic("with.dots_and-dashes", 1, Map.of("max.message.bytes", "2000000")));
        admin.createTopics(topics).all().get();
        admin.createPartitions(Map.of("plain", NewPartitions.increaseTo(4))).all().get();
    }

    static NewTopic topic(String name, int partitions, Map<String, String> configs) {
        return new NewTopic(name, partitions, (short) 1).configs(configs);
    }

    static void sendSegments() throws Exception {
        try (var producer = producer(Map.of("batch.size", "100000", "linger.ms", "20"))) {
            byte[] value = new byte[10_000];
            var random = new Random(7);
            for (int i = 0; i < 330; i++) {
                random.nextBytes(value);
                producer.send(new ProducerRecord<>("segments", 0, START + i, null, value.clone()));
            }
        }
    }

    /** Three in turn committed and aborted, so that each partition has some of both. */
    @SuppressWarnings("removal") // Of the constructors, this is the one that both Kafkas' clients have.
    static void sendTransactions() throws Exception {
        var movers = new ConsumerGroupMetadata("movers");
        for (int each = 0; each < 2; each++) {
            try (var producer = producer(Map.of("transactional.id", "mover-" + each))) {
                producer.initTransactions();
                for (int i = 0; i < 6; i++) {
                    producer.beginTransaction();
                    send(producer, "transactions", i * 10, 10);
                    var position = Map.of(new TopicPartition("plain", 0), new OffsetAndMetadata(i + 1));
                    producer.sendOffsetsToTransaction(position, movers);
                    if (i % 3 == 2) producer.abortTransaction();
                    else producer.commitTransaction();
                }
            } catch (KafkaException e) {
                // Ottla may not serve transactions yet: the test says whether it should.
                System.out.println("note no transactions: " + e.getMessage());
                return;
            }
        }
    }

    static void alterConfigs(Admin admin) throws Exception {
        var changes = new HashMap<ConfigResource, Collection<AlterConfigOp>>();
        changes.put(resource(ConfigResource.Type.TOPIC, "with.dots_and-dashes"),
            List.of(set("retention.bytes", "123456789"), set("delete.retention.ms", "4321")));
        changes.put(resource(ConfigResource.Type.BROKER, ""),
            List.of(set("log.cleaner.threads", "2")));
        try {
            admin.incrementalAlterConfigs(changes).all().get();
        } catch (ExecutionException e) {
            System.out.println("note no altered configs: " + e.getCause().getMessage());
        }
    }

    static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    }

    static void commit(String group, String protocol) {
        var settings = new HashMap<String, Object>(Map.of("group.id", group));
        settings.put("group.protocol", protocol);
        try (var consumer = consumer(settings)) {
            consumer.subscribe(List.of("codec-gzip", "plain"));
            int idle = 0;
            for (int i = 0; i < 60 && idle < 2; i++) {
                boolean any = consumer.poll(Duration.ofMillis(300)).count() > 0;
                idle = any || consumer.assignment().isEmpty() ? 0 : idle + 1;
            }
            var positions = new HashMap<TopicPartition, OffsetAndMetadata>();
            for (var each : consumer.assignment()) {
                long position = consumer.position(each);
                positions.put(each, new OffsetAndMetadata(Math.max(0, position - 7), "by " + group));
            }
            if (positions.isEmpty()) throw new IllegalStateException(group + " got no partition");
            consumer.commitSync(positions);
        }
    }

    // Growing

    static void grow() throws Exception {
        try (var producer = producer(Map.of("compression.type", "zstd"))) {
            for (String topic : List.of("plain", "codec-gzip", "compacted", "with.dots_and-dashes")) {
                send(producer, topic, 1000, 30);
            }
        }
        commit("readers", "classic");
        try (Admin admin = admin()) {
            admin.createTopics(List.of(topic("grown", 2, Map.of("retention.ms", "99")))).all().get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof org.apache.kafka.common.errors.TopicExistsException)) throw e;
        }
    }

    // Listing

    static void list() throws Exception {
        var lines = new ArrayList<String>();
        try (Admin admin = admin()) {
            var names = new TreeSet<>(admin.listTopics().names().get());
            var topics = new TreeMap<>(admin.describeTopics(names).allTopicNames().get());
            var partitions = new ArrayList<TopicPartition>();
            for (var topic : topics.values()) {
                lines.add("topic " + topic.name() + " " + topic.topicId() + " " + topic.partitions().size());
                for (var partition : topic.partitions()) {
                    partitions.add(new TopicPartition(topic.name(), partition.partition()));
                    if (partition.leader() == null) lines.add("leaderless " + topic.name() + partition);
                }
            }
            listConfigs(admin, names, lines);
            listGroups(admin, lines);
            listRecords(partitions, lines);
        }
        System.out.println(String.join("\n", lines));
    }

    static void listConfigs(Admin admin, Set<String> topics, List<String> lines) throws Exception {
        var resources = topics.stream().map(t -> resource(ConfigResource.Type.TOPIC, t)).toList();
        var described = admin.describeConfigs(resources).all().get();
        for (var resource : resources) {
            described.get(resource).entries().stream()
                .filter(e -> e.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG)
                .map(e -> "config " + resource.name() + " " + e.name() + "=" + e.value())
                .sorted().forEach(lines::add);
        }
    }

    static void listGroups(Admin admin, List<String> lines) throws Exception {
        var ids = new TreeSet<String>();
        for (var group : admin.listGroups().all().get()) ids.add(group.groupId());
        for (String id : ids) {
            var offsets = admin.listConsumerGroupOffsets(id).partitionsToOffsetAndMetadata().get();
            offsets.entrySet().stream()
                .map(e -> "committed " + id + " " + e.getKey() + " " + e.getValue().offset() + " "
                    + e.getValue().leaderEpoch().map(String::valueOf).orElse("-") + " "
                    + e.getValue().metadata())
                .sorted().forEach(lines::add);
        }
    }

    static void listRecords(List<TopicPartition> partitions, List<String> lines) {
        // Groups and transactions write to theirs as they come and go.
        partitions.removeIf(partition -> partition.topic().startsWith("__"));
        for (String isolation : List.of("read_uncommitted", "read_committed")) {
            try (var consumer = consumer(Map.of("isolation.level", isolation))) {
                var from = consumer.beginningOffsets(partitions);
                var to = consumer.endOffsets(partitions);
                consumer.assign(partitions);
                consumer.seekToBeginning(partitions);
                var read = new ArrayList<ConsumerRecord<byte[], byte[]>>();
                while (partitions.stream().anyMatch(p -> consumer.position(p) < to.get(p))) {
                    consumer.poll(Duration.ofMillis(200)).forEach(read::add);
                }
                for (var partition : partitions) {
                    lines.add("offsets " + isolation + " " + partition + " " + from.get(partition) + " "
                        + to.get(partition));
                    for (var record : read) {
                        if (!record.topic().equals(partition.topic())) continue;
                        if (record.partition() != partition.partition()) continue;
                        lines.add(isolation + " " + lineOf(record));
                    }
                }
            }
        }
    }

    static String lineOf(ConsumerRecord<byte[], byte[]> record) {
        var line = new StringBuilder(record.topic() + "-" + record.partition() + " " + record.offset());
        line.append(" ").append(record.timestamp()).append(" ").append(text(record.key())).append(" ");
        if (record.value() == null) line.append("null");
        else {
            var crc = new CRC32();
            crc.update(record.value());
            line.append(record.value().length).append(":").append(crc.getValue());
        }
        for (Header header : record.headers()) {
            line.append(" ").append(header.key()).append("=").append(text(header.value()));
        }
        return line.toString();
    }

    // Clients

    /** Records with and without key, value and headers, to the topic's first two partitions. */
    static void send(Producer<byte[], byte[]> producer, String topic, int from, int count) {
        int partitions = Math.min(2, producer.partitionsFor(topic).size());
        for (int i = from; i < from + count; i++) {
            byte[] key = i % 5 == 4 && !topic.equals("compacted") ? null : bytes("key-" + i % 11);
            byte[] value = i % 17 == 16 ? null : bytes(("value " + i + " ").repeat(1 + i % 40));
            var record = new ProducerRecord<>(topic, i % partitions, START + i, key, value);
            if (i % 3 == 0) record.headers().add(new RecordHeader("h" + i, bytes("v" + i)));
            if (i % 6 == 0) record.headers().add(new RecordHeader("none", null));
            producer.send(record);
        }
        producer.flush();
    }

    static Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    static KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
        var settings = new HashMap<String, Object>(Map.of("bootstrap.servers", bootstrap));
        settings.putAll(Map.of("batch.size", "4000", "max.block.ms", "20000"));
        settings.putAll(more);
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> more) {
        var settings = new HashMap<String, Object>(Map.of("bootstrap.servers", bootstrap));
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", "false");
        settings.putAll(more);
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static ConfigResource resource(ConfigResource.Type type, String name) {
        return new ConfigResource(type, name);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes) {
        return bytes == null ? "null" : new String(bytes, StandardCharsets.UTF_8);
    }
}
