// franz_go_load: as much as franz-go can send or take, for the benchmark beside Kafka.
//
//	franz_go_load produce BOOTSTRAP TOPIC RECORDS FILE CODEC ACKS    lines of FILE, round and round
//	franz_go_load consume BOOTSTRAP TOPIC RECORDS                    from the start of the topic
//
// Prints the bytes of the values and the seconds that it took, from the first record on.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"conformance/must"
)

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

var acks = map[string]kgo.Acks{"1": kgo.LeaderAck(), "all": kgo.AllISRAcks()}

func client(options ...kgo.Opt) *kgo.Client {
	client := must.Have(kgo.NewClient(append(options, kgo.SeedBrokers(os.Args[2]))...))
	must.Succeed(client.Ping(context.Background()))
	return client
}

func main() {
	records := must.Have(strconv.Atoi(os.Args[4]))
	started, sum := time.Now(), int64(0)
	if os.Args[1] == "produce" {
		started, sum = produce(records)
	} else {
		started, sum = consume(records)
	}
	fmt.Printf("%d bytes in %f seconds\n", sum, time.Since(started).Seconds())
}

func produce(records int) (time.Time, int64) {
	text := must.Have(os.ReadFile(os.Args[5]))
	values := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	client := client(
		kgo.DefaultProduceTopic(os.Args[3]),
		kgo.ProducerBatchCompression(codecs[os.Args[6]]),
		kgo.RequiredAcks(acks[os.Args[7]]),
		kgo.DisableIdempotentWrite(),
		kgo.MaxProduceRequestsInflightPerBroker(5),
		kgo.ProducerLinger(5*time.Millisecond),
	)
	started, sum := time.Now(), int64(0)
	var failed atomic.Pointer[error]
	for i := range records {
		value := values[i%len(values)]
		sum += int64(len(value))
		client.Produce(context.Background(), &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.Store(&err)
			}
		})
	}
	must.Succeed(client.Flush(context.Background()))
	if err := failed.Load(); err != nil {
		must.Succeed(*err)
	}
	return started, sum
}

func consume(records int) (time.Time, int64) {
	client := client(
		kgo.ConsumeTopics(os.Args[3]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	started, sum := time.Now(), int64(0)
	for seen := 0; seen < records; {
		fetches := client.PollFetches(context.Background())
		must.Succeed(fetches.Err0())
		fetches.EachRecord(func(record *kgo.Record) {
			seen++
			sum += int64(len(record.Value))
		})
	}
	return started, sum
}
