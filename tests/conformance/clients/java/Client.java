// Apache Kafka's own producer, consumer and admin client, behind the lines of process_driver.ts.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.AppInfoParser;

public final class Client {
  private static final int MAX_BYTES = 16_000_000;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, Member> MEMBERS = new HashMap<>();
  /** Where the broker is, and how to come in. */
  private static Map<String, Object> base;
  private static Admin admin;

  public static void main(String[] arguments) throws Exception {
    base = new HashMap<>(Map.of("bootstrap.servers", arguments[0]));
    if (arguments.length > 1) base.putAll(propertiesOf(JSON.readTree(arguments[1])));
    admin = Admin.create(base);
    tell(Map.of("event", "ready", "version", AppInfoParser.getVersion()));
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      JsonNode command = JSON.readTree(line);
      var answer = new HashMap<String, Object>(Map.of("id", command.get("id")));
      try {
        answer.put("result", handle(command));
      } catch (ExecutionException error) {
        answer.put("error", error.getCause().toString());
      } catch (Exception error) {
        answer.put("error", error.toString());
      }
      tell(answer);
    }
    System.exit(0);
  }

  /** Kafka's client keys of the Way of driver.ts. */
  private static Map<String, Object> propertiesOf(JsonNode way) throws Exception {
    var properties = new HashMap<String, Object>();
    properties.put("security.protocol", way.has("logIn") ? "SASL_SSL" : "SSL");
    properties.put("ssl.truststore.type", "PEM");
    properties.put("ssl.truststore.location", way.get("ca").asText());
    if (way.has("cert")) {
      properties.put("ssl.keystore.type", "PEM");
      properties.put("ssl.keystore.certificate.chain", textIn(way.get("cert")));
      properties.put("ssl.keystore.key", textIn(way.get("key")));
    }
    if (way.has("logIn")) properties.putAll(logInBy(way.get("logIn")));
    return properties;
  }

  private static String textIn(JsonNode path) throws Exception {
    return Files.readString(Path.of(path.asText()));
  }

  private static Map<String, Object> logInBy(JsonNode logIn) {
    String security = "org.apache.kafka.common.security.";
    String mechanism = logIn.get("mechanism").asText();
    if (mechanism.equals("OAUTHBEARER")) {
      String url = "file://" + logIn.get("tokenFile").asText();
      System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", url);
      return Map.of(
          "sasl.mechanism", mechanism,
          "sasl.oauthbearer.token.endpoint.url", url,
          "sasl.login.callback.handler.class",
          security + "oauthbearer.OAuthBearerLoginCallbackHandler",
          "sasl.jaas.config", security + "oauthbearer.OAuthBearerLoginModule required;");
    }
    String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
    String password = logIn.get("password").asText().replace("\"", "\\\"");
    return Map.of(
        "sasl.mechanism", mechanism,
        "sasl.jaas.config",
        "%s%s required username=\"%s\" password=\"%s\";"
            .formatted(security, module, logIn.get("username").asText(), password));
  }

  private static Map<String, Object> with(Object... pairs) {
    var options = new HashMap<>(base);
    for (int i = 0; i < pairs.length; i += 2) options.put((String) pairs[i], pairs[i + 1]);
    return options;
  }

  private static synchronized void tell(Object message) throws Exception {
    System.out.println(JSON.writeValueAsString(message));
    System.out.flush();
  }

  private static Object handle(JsonNode c) throws Exception {
    String topic = c.path("topic").asText();
    return switch (c.get("op").asText()) {
      case "createTopic" -> createTopic(c, topic);
      case "deleteTopic" -> admin.deleteTopics(List.of(topic)).all().get();
      case "listTopics" -> admin.listTopics().names().get();
      case "describeTopic" -> describeTopic(topic);
      case "topicConfigs" -> topicConfigs(topic);
      case "alterTopicConfigs" -> alterTopicConfigs(c, topic);
      case "produce" -> produce(c, topic);
      case "transact" -> transact(c);
      case "fence" -> fence(c, topic);
      case "read" -> read(c, topic);
      case "offsets" -> offsets(c, topic);
      case "commit" -> commit(c, topic);
      case "committed" -> committed(c, topic);
      case "listGroups" ->
          admin.listGroups().all().get().stream().map(GroupListing::groupId).toList();
      case "describeGroup" -> describeGroup(c.get("group").asText());
      case "deleteGroup" -> admin.deleteConsumerGroups(List.of(c.get("group").asText())).all().get();
      case "workOff" -> workOff(c, topic);
      case "join" -> MEMBERS.put(c.get("member").asText(), new Member(c, topic));
      case "leave" -> MEMBERS.remove(c.get("member").asText()).leave();
      default -> throw new IllegalArgumentException("no " + c.get("op") + " here");
    };
  }

  private static Map<String, String> textsOf(JsonNode object) {
    return JSON.convertValue(object, new com.fasterxml.jackson.core.type.TypeReference<>() {});
  }

  private static Object createTopic(JsonNode c, String topic) throws Exception {
    var created = new NewTopic(topic, c.get("partitions").asInt(), (short) -1);
    admin.createTopics(List.of(created.configs(textsOf(c.get("configs"))))).all().get();
    return null;
  }

  private static Object describeTopic(String topic) throws Exception {
    return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
  }

  private static Object topicConfigs(String topic) throws Exception {
    var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    var configs = new TreeMap<String, String>();
    for (ConfigEntry entry : admin.describeConfigs(List.of(resource)).all().get().get(resource).entries()) {
      configs.put(entry.name(), entry.value());
    }
    return configs;
  }

  private static Object alterTopicConfigs(JsonNode c, String topic) throws Exception {
    var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    Collection<AlterConfigOp> changes = new ArrayList<>();
    textsOf(c.get("configs")).forEach((name, value) ->
        changes.add(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)));
    return admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
  }

  private static Object produce(JsonNode c, String topic) throws Exception {
    Map<String, Object> options = with(
        "compression.type", c.get("codec").asText(),
        "enable.idempotence", c.get("idempotent").asBoolean(),
        "max.request.size", MAX_BYTES,
        "max.block.ms", 20000,
        "linger.ms", 5);
    var text = new StringSerializer();
    try (var producer = new KafkaProducer<>(options, text, text)) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (JsonNode record : c.get("records")) {
        sent.add(producer.send(recordOf(record, topic)));
      }
      for (var each : sent) each.get();
    }
    return null;
  }

  private static KafkaProducer<String, String> transactional(JsonNode c) {
    Map<String, Object> options = with("transactional.id", c.get("transactionalId").asText());
    var text = new StringSerializer();
    var producer = new KafkaProducer<>(options, text, text);
    producer.initTransactions();
    return producer;
  }

  private static void sendWithin(
      KafkaProducer<String, String> producer, JsonNode records, String topic) {
    producer.beginTransaction();
    for (JsonNode record : records) producer.send(recordOf(record, topic));
    producer.flush();
  }

  private static void sendPlace(KafkaProducer<String, String> producer, JsonNode place) {
    var partition = new TopicPartition(place.get("topic").asText(), 0);
    var offset = new OffsetAndMetadata(place.get("offset").asLong());
    producer.sendOffsetsToTransaction(
        Map.of(partition, offset), new ConsumerGroupMetadata(place.get("group").asText()));
  }

  private static Object transact(JsonNode c) {
    try (var producer = transactional(c)) {
      for (JsonNode part : c.get("parts")) {
        sendWithin(producer, part.get("records"), part.get("topic").asText());
        if (part.has("place")) sendPlace(producer, part.get("place"));
        if (part.get("end").asText().equals("commit")) producer.commitTransaction();
        else producer.abortTransaction();
      }
    }
    return null;
  }

  private static Object fence(JsonNode c, String topic) {
    try (var first = transactional(c)) {
      sendWithin(first, c.get("first"), topic);
      try (var second = transactional(c)) {
        sendWithin(second, c.get("second"), topic);
        second.commitTransaction();
      }
      try {
        first.commitTransaction();
        return null;
      } catch (KafkaException error) {
        return error.toString();
      }
    }
  }

  private static ProducerRecord<String, String> recordOf(JsonNode record, String topic) {
    Integer partition = record.has("partition") ? record.get("partition").asInt() : null;
    Long timestamp = record.has("timestamp") ? record.get("timestamp").asLong() : null;
    var made = new ProducerRecord<>(
        topic, partition, timestamp, record.get("key").textValue(), record.get("value").textValue());
    for (JsonNode header : record.get("headers")) {
      made.headers().add(header.get(0).asText(), header.get(1).asText().getBytes(StandardCharsets.UTF_8));
    }
    return made;
  }

  private static KafkaConsumer<String, String> consumer(Map<String, Object> more) {
    var options = new HashMap<>(base);
    options.putAll(more);
    options.put("fetch.max.wait.ms", 100);
    options.put("max.partition.fetch.bytes", MAX_BYTES);
    options.put("allow.auto.create.topics", false);
    return new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer());
  }

  private static Object read(JsonNode c, String topic) {
    List<Object> records = new ArrayList<>();
    int count = c.get("count").asInt();
    long until = System.nanoTime() + 30_000_000_000L;
    String isolation = c.path("committed").asBoolean() ? "read_committed" : "read_uncommitted";
    try (var consumer =
        consumer(Map.of("auto.offset.reset", "none", "isolation.level", isolation))) {
      var starts = new HashMap<TopicPartition, Long>();
      for (JsonNode from : c.get("from")) {
        starts.put(new TopicPartition(topic, from.get(0).asInt()), from.get(1).asLong());
      }
      consumer.assign(starts.keySet());
      starts.forEach(consumer::seek);
      while (records.size() < count && System.nanoTime() < until) {
        for (var record : consumer.poll(Duration.ofMillis(500))) records.add(consumed(record));
      }
    }
    if (records.size() < count) {
      throw new IllegalStateException(records.size() + " of " + count + " records came");
    }
    return records.subList(0, count);
  }

  private static Object consumed(ConsumerRecord<String, String> record) {
    List<List<String>> headers = new ArrayList<>();
    for (Header header : record.headers()) {
      headers.add(List.of(header.key(), new String(header.value(), StandardCharsets.UTF_8)));
    }
    var made = new HashMap<String, Object>();
    made.put("partition", record.partition());
    made.put("offset", record.offset());
    made.put("timestamp", record.timestamp());
    made.put("key", record.key());
    made.put("value", record.value());
    made.put("headers", headers);
    return made;
  }

  private static Object offsets(JsonNode c, String topic) throws Exception {
    long timestamp = c.get("timestamp").asLong();
    OffsetSpec spec = timestamp == -1 ? OffsetSpec.latest()
        : timestamp == -2 ? OffsetSpec.earliest() : OffsetSpec.forTimestamp(timestamp);
    List<Long> found = new ArrayList<>();
    for (int at = 0; at < c.get("partitions").asInt(); at++) {
      var place = new TopicPartition(topic, at);
      found.add(admin.listOffsets(Map.of(place, spec)).partitionResult(place).get().offset());
    }
    return found;
  }

  private static Object commit(JsonNode c, String topic) {
    var place = new TopicPartition(topic, c.get("partition").asInt());
    var offset = new OffsetAndMetadata(c.get("offset").asLong(), c.get("metadata").asText());
    try (var consumer = consumer(Map.of("group.id", c.get("group").asText()))) {
      consumer.commitSync(Map.of(place, offset));
    }
    return null;
  }

  private static Object committed(JsonNode c, String topic) throws Exception {
    String group = c.get("group").asText();
    List<TopicPartition> asked = new ArrayList<>();
    for (int at = 0; at < c.get("partitions").asInt(); at++) asked.add(new TopicPartition(topic, at));
    var spec = new ListConsumerGroupOffsetsSpec().topicPartitions(asked);
    var found = admin.listConsumerGroupOffsets(Map.of(group, spec)).partitionsToOffsetAndMetadata(group).get();
    return asked.stream().map(found::get).map(each -> each == null
        ? Map.of("offset", -1, "metadata", "")
        : Map.of("offset", each.offset(), "metadata", each.metadata())).toList();
  }

  private static Object describeGroup(String name) throws Exception {
    var group = admin.describeConsumerGroups(List.of(name)).describedGroups().get(name).get();
    return Map.of("state", group.groupState().toString(), "memberCount", group.members().size());
  }

  private static Object workOff(JsonNode c, String topic) {
    List<String> release = List.of(JSON.convertValue(c.get("release"), String[].class));
    List<String> reject = List.of(JSON.convertValue(c.get("reject"), String[].class));
    List<Object> handed = new ArrayList<>();
    int count = c.get("count").asInt();
    long until = System.nanoTime() + 50_000_000_000L;
    Map<String, Object> options =
        with("group.id", c.get("group").asText(), "share.acknowledgement.mode", "explicit");
    var text = new StringDeserializer();
    try (var consumer = new KafkaShareConsumer<>(options, text, text)) {
      consumer.subscribe(List.of(topic));
      while (handed.size() < count && System.nanoTime() < until) {
        for (var record : consumer.poll(Duration.ofMillis(500))) {
          int deliveryCount = record.deliveryCount().orElse((short) 0);
          handed.add(Map.of("value", record.value(), "deliveryCount", deliveryCount));
          boolean isReleased = release.contains(record.value()) && deliveryCount == 1;
          consumer.acknowledge(record, isReleased ? AcknowledgeType.RELEASE
              : reject.contains(record.value()) ? AcknowledgeType.REJECT : AcknowledgeType.ACCEPT);
        }
        for (var failed : consumer.commitSync().values()) {
          if (failed.isPresent()) throw failed.get();
        }
      }
    }
    if (handed.size() < count) {
      throw new IllegalStateException(handed.size() + " of " + count + " records came");
    }
    return handed;
  }

  private static final class Member implements ConsumerRebalanceListener {
    private final String name;
    private final KafkaConsumer<String, String> consumer;
    private final CountDownLatch gone = new CountDownLatch(1);
    private final Set<Integer> held = new TreeSet<>();

    Member(JsonNode c, String topic) {
      name = c.get("member").asText();
      var options = new HashMap<String, Object>();
      options.put("group.id", c.get("group").asText());
      options.put("auto.offset.reset", "earliest");
      if (c.has("protocol")) {
        options.put("group.protocol", c.get("protocol").asText());
      } else {
        options.put("session.timeout.ms", c.get("sessionTimeoutMs").asInt());
        options.put("heartbeat.interval.ms", 200);
        options.put(
            "partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor");
      }
      if (c.has("instanceId")) options.put("group.instance.id", c.get("instanceId").asText());
      consumer = consumer(options);
      new Thread(() -> run(topic)).start();
    }

    Object leave() throws InterruptedException {
      consumer.wakeup();
      gone.await();
      return null;
    }

    private void run(String topic) {
      try (consumer) {
        consumer.subscribe(List.of(topic), this);
        while (true) {
          for (var record : consumer.poll(Duration.ofMillis(100))) {
            report("saw", "value", record.value());
          }
        }
      } catch (WakeupException leaving) {
        // Closing commits and leaves.
      } catch (Exception error) {
        report("failed", "message", error.toString());
      } finally {
        gone.countDown();
      }
    }

    @Override public void onPartitionsAssigned(Collection<TopicPartition> places) {
      for (var place : places) held.add(place.partition());
      report("assigned", "partitions", List.copyOf(held));
    }

    @Override public void onPartitionsRevoked(Collection<TopicPartition> places) {
      for (var place : places) held.remove(place.partition());
      report("assigned", "partitions", List.copyOf(held));
    }

    private void report(String event, String field, Object value) {
      try {
        tell(Map.of("event", event, "member", name, field, value));
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }
  }
}
