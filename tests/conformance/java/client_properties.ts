// How a client comes in, in Kafka's own client keys.

import type { LogIn, Way } from "../driver.ts";

const security = "org.apache.kafka.common.security";

/** A client.properties. */
export function clientProperties({ ca, cert, key, logIn }: Way): string {
  const properties: Record<string, string> = {
    "security.protocol": logIn === undefined ? "SSL" : "SASL_SSL",
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": ca,
    ...logIn && saslOf(logIn),
  };
  if (cert !== undefined && key !== undefined) {
    properties["ssl.keystore.type"] = "PEM";
    properties["ssl.keystore.certificate.chain"] = oneLine(Deno.readTextFileSync(cert));
    properties["ssl.keystore.key"] = oneLine(Deno.readTextFileSync(key));
  }
  return Object.entries(properties).map(([name, value]) => `${name}=${value}\n`).join("");
}

/** Several lines as the value of one property. */
function oneLine(text: string): string {
  return text.trimEnd().replaceAll("\n", "\\n");
}

function saslOf(logIn: LogIn): Record<string, string> {
  if (logIn.mechanism === "OAUTHBEARER") {
    return {
      "sasl.mechanism": logIn.mechanism,
      "sasl.jaas.config": `${security}.oauthbearer.OAuthBearerLoginModule required;`,
      "sasl.login.callback.handler.class":
        `${security}.oauthbearer.OAuthBearerLoginCallbackHandler`,
      "sasl.oauthbearer.token.endpoint.url": `file://${logIn.tokenFile}`,
    };
  }
  const { mechanism, username, password } = logIn;
  const module = mechanism === "PLAIN" ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
  const quoted = password.replaceAll('"', '\\\\"');
  return {
    "sasl.mechanism": mechanism,
    "sasl.jaas.config": `${security}.${module} required username="${username}" ` +
      `password="${quoted}";`,
  };
}
