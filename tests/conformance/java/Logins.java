// Kafka's own clients log in by each mechanism, and are refused with a wrong password.
// Argument: a listener that asks who its clients are, and knows admin's password and alice's.
// Prints a line for each login.

import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

public class Logins {
  public static void main(String[] args) throws Exception {
    try (Admin admin = Admin.create(config(args[0], "PLAIN", "admin", "admin-secret"))) {
      for (var mechanism : List.of(ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)) {
        var credential = new ScramCredentialInfo(mechanism, 8192);
        var upsertion = new UserScramCredentialUpsertion("alice", credential, "a, \"secret\"=");
        admin.alterUserScramCredentials(List.of(upsertion)).all().get();
      }
    }
    for (String mechanism : List.of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")) {
      login(args[0], mechanism, "a, \\\"secret\\\"=");
      login(args[0], mechanism, "wrong");
    }
  }

  static Properties config(String bootstrap, String mechanism, String user, String password) {
    String module = mechanism.equals("PLAIN")
        ? "org.apache.kafka.common.security.plain.PlainLoginModule"
        : "org.apache.kafka.common.security.scram.ScramLoginModule";
    Properties config = new Properties();
    config.put("bootstrap.servers", bootstrap);
    config.put("security.protocol", "SASL_PLAINTEXT");
    config.put("sasl.mechanism", mechanism);
    config.put("sasl.jaas.config",
        module + " required username=\"" + user + "\" password=\"" + password + "\";");
    return config;
  }

  static void login(String bootstrap, String mechanism, String password) throws Exception {
    Properties config = config(bootstrap, mechanism, "alice", password);
    config.put("key.serializer", StringSerializer.class.getName());
    config.put("value.serializer", StringSerializer.class.getName());
    try (var producer = new KafkaProducer<String, String>(config)) {
      // Until its session is over, so that it has to log in again in the middle of its work.
      do producer.send(new ProducerRecord<>(mechanism, "hello")).get();
      while (logins(producer) < 1);
      System.out.println(mechanism + " in, and in again");
    } catch (ExecutionException error) {
      System.out.println(mechanism + " out, " + error.getCause().getClass().getSimpleName());
    }
  }

  /** How often the client has logged in again. */
  static double logins(KafkaProducer<String, String> producer) {
    return producer.metrics().values().stream()
        .filter(metric -> metric.metricName().name().equals("successful-reauthentication-total"))
        .mapToDouble(metric -> (Double) metric.metricValue()).sum();
  }
}
