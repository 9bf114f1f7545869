// paced_producer: so many records a second, by the clock: how many were refused, and after how long
// the others were acknowledged, counted from when each was due.
//
//	paced_producer BOOTSTRAP TOPIC PARTITIONS RECORDS_A_SECOND
//
// Ends with its input, and tells in a line of JSON.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"conformance/must"
)

func main() {
	partitions := must.Have(strconv.Atoi(os.Args[3]))
	rate := must.Have(strconv.ParseFloat(os.Args[4], 64))
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Args[1], ",")...),
		kgo.DefaultProduceTopic(os.Args[2]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	must.Succeed(err)
	must.Succeed(client.Ping(context.Background()))
	var isOver atomic.Bool
	go func() {
		io.Copy(io.Discard, os.Stdin)
		isOver.Store(true)
	}()
	var lock sync.Mutex
	var took []time.Duration
	failed := 0
	value := make([]byte, 100)
	start := time.Now()
	for sent := 0; !isOver.Load(); sent++ {
		due := start.Add(time.Duration(float64(sent) / rate * 1e9))
		time.Sleep(time.Until(due))
		record := &kgo.Record{Value: value, Partition: int32(sent % partitions)}
		client.Produce(context.Background(), record, func(_ *kgo.Record, err error) {
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				failed++
			} else {
				took = append(took, time.Since(due))
			}
		})
	}
	must.Succeed(client.Flush(context.Background()))
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[min(len(took)-1, int(float64(len(took))*share))]) / 1e6
	}
	fmt.Printf("{\"failed\":%d,\"acknowledged\":%d,\"p50Ms\":%.1f,\"p99Ms\":%.1f,\"maxMs\":%.1f}\n",
		failed, len(took), at(0.5), at(0.99), at(1))
}
