"""How a client is to come in: the program's second argument, the JSON of driver.ts's Way, or none."""

import json
import ssl
import sys
import time

way = json.loads(sys.argv[2]) if len(sys.argv) > 2 else None
log_in = (way or {}).get("logIn")
by_token = log_in is not None and log_in["mechanism"] == "OAUTHBEARER"
TOKEN_SECONDS = 300


def ssl_context():
    context = ssl.create_default_context(cafile=way["ca"])
    if "cert" in way:
        context.load_cert_chain(way["cert"], way["key"])
    return context


def options(token_provider):
    """In the words that kafka-python and aiokafka share; token_provider is their base class."""
    if way is None:
        return {}
    if log_in is None:
        return {"security_protocol": "SSL", "ssl_context": ssl_context()}
    secured = {
        "security_protocol": "SASL_SSL",
        "ssl_context": ssl_context(),
        "sasl_mechanism": log_in["mechanism"],
    }
    if by_token:
        return {**secured, "sasl_oauth_token_provider": token_provider()}
    return {
        **secured,
        "sasl_plain_username": log_in["username"],
        "sasl_plain_password": log_in["password"],
    }


def properties():
    """In librdkafka's words."""
    if way is None:
        return {}
    secured = {"security.protocol": "SSL", "ssl.ca.location": way["ca"]}
    if "cert" in way:
        secured["ssl.certificate.location"] = way["cert"]
        secured["ssl.key.location"] = way["key"]
    if log_in is None:
        return secured
    secured["security.protocol"] = "SASL_SSL"
    secured["sasl.mechanism"] = log_in["mechanism"]
    if by_token:
        secured["oauth_cb"] = lambda _: (log_in["token"], time.time() + TOKEN_SECONDS)
    else:
        secured["sasl.username"] = log_in["username"]
        secured["sasl.password"] = log_in["password"]
    return secured
