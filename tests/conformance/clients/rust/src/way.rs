//! How the client is to come in, behind TLS: the program's second argument, as driver.ts's `Way`.

use std::error::Error;
use std::sync::Arc;

use rskafka::client::{ClientBuilder, Credentials, OauthBearerCredentials, SaslConfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

/// Has the client come in that way; as everybody where there is none.
pub fn secured(builder: ClientBuilder, way: &Value) -> Result<ClientBuilder, Box<dyn Error>> {
    if way.is_null() {
        return Ok(builder);
    }
    let mut trusted = RootCertStore::empty();
    for each in CertificateDer::pem_file_iter(text(way, "ca"))? {
        trusted.add(each?)?;
    }
    let config = ClientConfig::builder().with_root_certificates(trusted);
    let config = if way["cert"].is_null() {
        config.with_no_client_auth()
    } else {
        let chain = CertificateDer::pem_file_iter(text(way, "cert"))?.collect::<Result<_, _>>()?;
        config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(text(way, "key"))?)?
    };
    let builder = builder.tls_config(Arc::new(config));
    let log_in = &way["logIn"];
    if log_in.is_null() {
        return Ok(builder);
    }
    let user = || Credentials::new(text(log_in, "username"), text(log_in, "password"));
    Ok(
        builder.sasl_config(match text(log_in, "mechanism").as_str() {
            "PLAIN" => SaslConfig::Plain(user()),
            "SCRAM-SHA-256" => SaslConfig::ScramSha256(user()),
            "SCRAM-SHA-512" => SaslConfig::ScramSha512(user()),
            _ => SaslConfig::Oauthbearer(bearer(text(log_in, "token"))),
        }),
    )
}

fn bearer(token: String) -> OauthBearerCredentials {
    OauthBearerCredentials {
        callback: Arc::new(move || {
            let token = token.clone();
            Box::pin(async move { Ok(token) })
        }),
        authz_id: None,
        bearer_kvs: vec![],
    }
}

fn text(of: &Value, field: &str) -> String {
    of[field].as_str().unwrap_or_default().to_string()
}
