// A consumer in a rack, which tells of each record which node has sent it: the one from which the
// most bytes have come since the record before, by the consumer's own metrics.
//
//   java -cp "jars/*" NearestReader.java <bootstrap> <topic> <rack>     reads partition 0, to its end
//
//   stdout   read <value up to its first space> <node>

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

public class NearestReader {
  public static void main(String[] args) {
    Map<String, Object> properties = new HashMap<>(Map.of(
        "bootstrap.servers", args[0],
        "client.rack", args[2],
        "auto.offset.reset", "earliest",
        "enable.auto.commit", false,
        "max.poll.records", 1,
        "fetch.max.wait.ms", 100,
        "reconnect.backoff.max.ms", 100,
        "key.deserializer", StringDeserializer.class.getName(),
        "value.deserializer", StringDeserializer.class.getName()));
    var partition = new TopicPartition(args[1], 0);
    try (var consumer = new KafkaConsumer<String, String>(properties)) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      Map<String, Double> before = bytesByNode(consumer);
      while (true) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
          Map<String, Double> now = bytesByNode(consumer);
          System.out.println("read " + record.value().split(" ")[0] + " " + most(before, now));
          before = now;
        }
      }
    }
  }

  private static Map<String, Double> bytesByNode(KafkaConsumer<?, ?> consumer) {
    Map<String, Double> bytes = new HashMap<>();
    consumer.metrics().forEach((name, metric) -> {
      if (!name.group().equals("consumer-node-metrics")) return;
      if (!name.name().equals("incoming-byte-total")) return;
      bytes.put(name.tags().get("node-id"), (Double) metric.metricValue());
    });
    return bytes;
  }

  private static String most(Map<String, Double> before, Map<String, Double> now) {
    String most = "nobody";
    double largest = 0;
    for (String node : now.keySet()) {
      double increase = now.get(node) - before.getOrDefault(node, 0.0);
      if (increase > largest) {
        largest = increase;
        most = node;
      }
    }
    return most;
  }
}
