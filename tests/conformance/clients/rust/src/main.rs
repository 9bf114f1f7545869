//! rskafka: a client in plain Rust, minimal on purpose: partitions one by one, and no groups.
//! It leaves it to its caller in which partition a record belongs.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rskafka::BackoffConfig;
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::{Record, RecordAndOffset};
use serde_json::{Map, Value, json};

mod way;

type Answer = Result<Value, Box<dyn Error>>;

const MAX_BYTES: i32 = 16_000_000;
const WAIT_MS: i32 = 500;
/// The pin of Cargo.toml, which a program cannot ask for.
const VERSION: &str = "0.6.0";

fn text<'a>(command: &'a Value, field: &str) -> &'a str {
    command[field].as_str().unwrap_or_default()
}

async fn partition(
    client: &Client,
    topic: &str,
    at: i32,
) -> rskafka::client::error::Result<PartitionClient> {
    client
        .partition_client(topic, at, UnknownTopicHandling::Error)
        .await
}

async fn create_topic(client: &Client, command: &Value) -> Answer {
    let partitions = command["partitions"].as_i64().unwrap_or(1) as i32;
    client
        .controller_client()?
        .create_topic(text(command, "topic"), partitions, -1, 30_000)
        .await?;
    Ok(Value::Null)
}

async fn delete_topic(client: &Client, command: &Value) -> Answer {
    client
        .controller_client()?
        .delete_topic(text(command, "topic"), 30_000)
        .await?;
    Ok(Value::Null)
}

async fn list_topics(client: &Client) -> Answer {
    let topics = client.list_topics().await?;
    Ok(topics.into_iter().map(|topic| topic.name).collect())
}

async fn describe_topic(client: &Client, command: &Value) -> Answer {
    Ok(json!(
        partition_count(client, text(command, "topic")).await?
    ))
}

async fn partition_count(client: &Client, name: &str) -> Result<usize, Box<dyn Error>> {
    let topics = client.list_topics().await?;
    let topic = topics.into_iter().find(|topic| topic.name == name);
    Ok(topic
        .ok_or("unknown topic: it is not listed")?
        .partitions
        .len())
}

fn compression(codec: &str) -> Compression {
    match codec {
        "gzip" => Compression::Gzip,
        "snappy" => Compression::Snappy,
        "lz4" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        _ => Compression::NoCompression,
    }
}

async fn produce(client: &Client, command: &Value) -> Answer {
    let topic = text(command, "topic");
    let records = command["records"].as_array().ok_or("no records")?;
    let count = partition_count(client, topic).await? as u64;
    let mut placed: BTreeMap<i32, Vec<Record>> = BTreeMap::new();
    for record in records {
        let at = record["partition"].as_i64().unwrap_or_else(|| {
            let mut hasher = DefaultHasher::new();
            text(record, "key").hash(&mut hasher);
            (hasher.finish() % count) as i64
        });
        placed.entry(at as i32).or_default().push(record_of(record));
    }
    for (at, records) in placed {
        let to = partition(client, topic, at).await?;
        to.produce(records, compression(text(command, "codec")))
            .await?;
    }
    Ok(Value::Null)
}

fn record_of(record: &Value) -> Record {
    let bytes = |field: &str| record[field].as_str().map(|text| text.as_bytes().to_vec());
    let headers = record["headers"].as_array().into_iter().flatten();
    let millis = record["timestamp"]
        .as_i64()
        .unwrap_or_else(|| Utc::now().timestamp_millis());
    Record {
        key: bytes("key"),
        value: bytes("value"),
        headers: headers
            .map(|header| {
                let part = |index: usize| header[index].as_str().unwrap_or_default().to_owned();
                (part(0), part(1).into_bytes())
            })
            .collect(),
        timestamp: DateTime::from_timestamp_millis(millis).unwrap_or_default(),
    }
}

/// Reads one partition after the other, from each as long as it has something.
async fn read(client: &Client, command: &Value) -> Answer {
    let count = command["count"].as_u64().unwrap_or(0) as usize;
    let mut records = vec![];
    for from in command["from"].as_array().into_iter().flatten() {
        let at = from[0].as_i64().unwrap_or(0) as i32;
        let mut offset = from[1].as_i64().unwrap_or(0);
        let source = partition(client, text(command, "topic"), at).await?;
        while records.len() < count {
            let (fetched, end) = source.fetch_records(offset, 1..MAX_BYTES, WAIT_MS).await?;
            for each in fetched {
                offset = each.offset + 1;
                records.push(consumed(at, each));
            }
            if offset >= end {
                break;
            }
        }
    }
    if records.len() < count {
        return Err(format!("{} of {count} records came", records.len()).into());
    }
    Ok(Value::Array(records))
}

fn consumed(partition: i32, RecordAndOffset { record, offset }: RecordAndOffset) -> Value {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let headers: Vec<_> = record
        .headers
        .into_iter()
        .map(|(name, value)| json!([name, text(value)]))
        .collect();
    json!({
        "partition": partition,
        "offset": offset,
        "timestamp": record.timestamp.timestamp_millis(),
        "key": record.key.map(text),
        "value": record.value.map(text),
        "headers": headers,
    })
}

async fn offsets(client: &Client, command: &Value) -> Answer {
    let mut found = vec![];
    for at in 0..command["partitions"].as_i64().unwrap_or(0) as i32 {
        let wanted = match command["timestamp"].as_i64().unwrap_or(-1) {
            -1 => OffsetAt::Latest,
            -2 => OffsetAt::Earliest,
            millis => {
                OffsetAt::Timestamp(DateTime::from_timestamp_millis(millis).unwrap_or_default())
            }
        };
        let source = partition(client, text(command, "topic"), at).await?;
        found.push(source.get_offset(wanted).await?);
    }
    Ok(json!(found))
}

async fn answer(client: &Client, command: &Value) -> Answer {
    match text(command, "op") {
        "createTopic" => create_topic(client, command).await,
        "deleteTopic" => delete_topic(client, command).await,
        "listTopics" => list_topics(client).await,
        "describeTopic" => describe_topic(client, command).await,
        "produce" => produce(client, command).await,
        "read" => read(client, command).await,
        "offsets" => offsets(client, command).await,
        other => Err(format!("no {other} here").into()),
    }
}

fn tell(message: HashMap<&str, Value>) -> Result<(), Box<dyn Error>> {
    let message: Map<String, Value> = message
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", Value::Object(message))?;
    Ok(output.flush()?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let bootstrap: Vec<String> = std::env::args()
        .nth(1)
        .ok_or("the broker's address is missing")?
        .split(',')
        .map(str::to_string)
        .collect();
    let patience = BackoffConfig {
        deadline: Some(Duration::from_secs(5)),
        ..Default::default()
    };
    let way = match std::env::args().nth(2) {
        Some(text) => serde_json::from_str(&text)?,
        None => Value::Null,
    };
    let builder = ClientBuilder::new(bootstrap).backoff_config(patience);
    let client = Arc::new(way::secured(builder, &way)?.build().await?);
    tell(HashMap::from([
        ("event", json!("ready")),
        ("version", json!(VERSION)),
    ]))?;
    for line in std::io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line?)?;
        let outcome = match answer(&client, &command).await {
            Ok(result) => ("result", result),
            Err(error) => ("error", json!(format!("{error}: {error:?}"))),
        };
        tell(HashMap::from([("id", command["id"].clone()), outcome]))?;
    }
    Ok(())
}
