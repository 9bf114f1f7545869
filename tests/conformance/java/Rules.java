// Asks Kafka's StandardAuthorizer: a line in, a line out, fields between tabs.
//
//   new    super users, open without rules       a fresh authorizer                    (no answer)
//   add    id, type, name, pattern, principal, host, operation, permission             (no answer)
//   remove id                                                                          (no answer)
//   may    principal, host, type, name, operation    yes or no
//   some   principal, host, type, operation          yes or no
//   list   type, name, pattern, principal, host, operation, permission
//                                                    the rules that the filter matches, sorted
//
// Names of kinds are Kafka's numbers. "-" stands for null.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.internals.PluginMetricsImpl;
import org.apache.kafka.common.resource.*;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.metadata.authorizer.StandardAcl;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.apache.kafka.server.authorizer.*;

public class Rules {
    private final Map<String, Uuid> ids = new HashMap<>();
    private StandardAuthorizer authorizer;

    public static void main(String[] args) throws Exception {
        BufferedReader lines = new BufferedReader(
            new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        Rules rules = new Rules();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String answer = rules.answer(line.split("\t", -1));
            if (answer != null) out.println(answer);
        }
        out.flush();
    }

    private String answer(String[] said) throws Exception {
        switch (said[0]) {
            case "new":
                authorizer = new StandardAuthorizer();
                authorizer.configure(Map.of(
                    "super.users", said[1],
                    "allow.everyone.if.no.acl.found", said[2],
                    "node.id", "1"));
                authorizer.withPluginMetrics(new PluginMetricsImpl(new Metrics(), Map.of()));
                authorizer.completeInitialLoad();
                ids.clear();
                return null;
            case "add":
                Uuid id = Uuid.randomUuid();
                ids.put(said[1], id);
                authorizer.addAcl(id, new StandardAcl(resource(said[2]), said[3], pattern(said[4]),
                    said[5], said[6], operation(said[7]), permission(said[8])));
                return null;
            case "remove":
                authorizer.removeAcl(ids.remove(said[1]));
                return null;
            case "may":
                Action action = new Action(operation(said[5]),
                    new ResourcePattern(resource(said[3]), said[4], PatternType.LITERAL), 1, false, false);
                return word(authorizer.authorize(client(said[1], said[2]), List.of(action)).get(0));
            case "some":
                return word(authorizer.authorizeByResourceType(
                    client(said[1], said[2]), operation(said[4]), resource(said[3])));
            default:
                TreeSet<String> found = new TreeSet<>();
                AclBindingFilter filter = new AclBindingFilter(
                    new ResourcePatternFilter(resource(said[1]), text(said[2]), pattern(said[3])),
                    new AccessControlEntryFilter(
                        text(said[4]), text(said[5]), operation(said[6]), permission(said[7])));
                for (AclBinding each : authorizer.acls(filter)) found.add(shown(each));
                return String.join(" ", found);
        }
    }

    private static String shown(AclBinding binding) {
        ResourcePattern pattern = binding.pattern();
        AccessControlEntry entry = binding.entry();
        return pattern.resourceType().code() + "," + pattern.name() + "," + pattern.patternType().code()
            + "," + entry.principal() + "," + entry.host() + "," + entry.operation().code()
            + "," + entry.permissionType().code();
    }

    private static String text(String said) {
        return said.equals("-") ? null : said;
    }

    private static ResourceType resource(String code) {
        return ResourceType.fromCode(Byte.parseByte(code));
    }

    private static PatternType pattern(String code) {
        return PatternType.fromCode(Byte.parseByte(code));
    }

    private static AclOperation operation(String code) {
        return AclOperation.fromCode(Byte.parseByte(code));
    }

    private static AclPermissionType permission(String code) {
        return AclPermissionType.fromCode(Byte.parseByte(code));
    }

    private static String word(AuthorizationResult result) {
        return result == AuthorizationResult.ALLOWED ? "yes" : "no";
    }

    private static AuthorizableRequestContext client(String principal, String host) throws Exception {
        String[] parts = principal.split(":", 2);
        KafkaPrincipal who = new KafkaPrincipal(parts[0], parts[1]);
        InetAddress address = InetAddress.getByName(host);
        return new AuthorizableRequestContext() {
            public String listenerName() { return "CLIENTS"; }
            public SecurityProtocol securityProtocol() { return SecurityProtocol.SASL_PLAINTEXT; }
            public KafkaPrincipal principal() { return who; }
            public InetAddress clientAddress() { return address; }
            public int requestType() { return 3; }
            public int requestVersion() { return 0; }
            public String clientId() { return "rules"; }
            public int correlationId() { return 0; }
        };
    }
}
