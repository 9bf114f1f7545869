// raw_fetch: what a broker can give, to a consumer that unpacks nothing and throws it all away.
//
//	raw_fetch PORT TOPIC PARTITIONS BYTES [READERS]
//
// A connection for each partition, one Fetch of up to 1 MiB in flight on it, from the start of the
// log and, at its end, from the start again; until all of them together have taken BYTES. With
// READERS each partition has so many connections, that wait at its end for more. Prints how many
// bytes they were, and the seconds that it took from the first of them on.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"conformance/must"
)

// Names topics by their names, and is known to every broker since 2.3.
const version = 11
const fetchBytes = 1 << 20

// A batch: base offset, length of what follows, and the last offset's distance from the first.
const lengthAt, distanceAt, headerBytes = 8, 23, 61

func main() {
	partitions := must.Have(strconv.Atoi(os.Args[3]))
	wanted := must.Have(strconv.ParseInt(os.Args[4], 10, 64))
	readers, follows := 1, len(os.Args) > 5
	if follows {
		readers = must.Have(strconv.Atoi(os.Args[5]))
	}
	var taken atomic.Int64
	var began, ended sync.Once
	var running sync.WaitGroup
	start, end := time.Now(), time.Now()
	wantsMore := func(bytes int) bool {
		if bytes > 0 {
			began.Do(func() { start = time.Now() })
		}
		more := taken.Add(int64(bytes)) < wanted
		if !more {
			// Others may still be waiting for what does not come.
			ended.Do(func() { end = time.Now() })
		}
		return more
	}
	for i := range partitions * readers {
		running.Go(func() { must.Succeed(consume(int32(i%partitions), follows, wantsMore)) })
	}
	running.Wait()
	fmt.Printf("%d bytes in %f seconds\n", taken.Load(), end.Sub(start).Seconds())
}

func consume(partition int32, follows bool, wantsMore func(bytes int) bool) error {
	conn, err := net.Dial("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		return err
	}
	defer conn.Close()
	var answer []byte
	for offset, more := int64(0), true; more; {
		if _, err := conn.Write(request(partition, offset)); err != nil {
			return err
		}
		if answer, err = readFrame(conn, answer); err != nil {
			return err
		}
		got, err := partitionOf(answer)
		if err != nil {
			return err
		}
		bytes := 0
		offset, bytes = wholeBatches(got.RecordBatches, offset)
		if offset >= got.HighWatermark && !follows {
			offset = 0
		}
		more = wantsMore(bytes)
	}
	return nil
}

func request(partition int32, offset int64) []byte {
	wanted := kmsg.NewFetchRequestTopicPartition()
	wanted.Partition, wanted.FetchOffset, wanted.PartitionMaxBytes = partition, offset, fetchBytes
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.Partitions = os.Args[2], append(topic.Partitions, wanted)
	fetch := kmsg.NewFetchRequest()
	fetch.Version, fetch.MaxWaitMillis, fetch.MinBytes = version, 500, 1
	fetch.Topics = append(fetch.Topics, topic)
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("bench")).AppendRequest(nil, &fetch, 0)
}

// Without its length, and in the memory of the last one where that is large enough.
func readFrame(from io.Reader, into []byte) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint32(length[:]))
	if cap(into) < size {
		into = make([]byte, size)
	}
	_, err := io.ReadFull(from, into[:size])
	return into[:size], err
}

func partitionOf(answer []byte) (*kmsg.FetchResponseTopicPartition, error) {
	response := kmsg.NewPtrFetchResponse()
	response.Version = version
	// The correlation id comes first.
	if err := response.ReadFrom(answer[4:]); err != nil {
		return nil, err
	}
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		return nil, err
	}
	if len(response.Topics) != 1 || len(response.Topics[0].Partitions) != 1 {
		return nil, fmt.Errorf("an answer of %d topics for one partition", len(response.Topics))
	}
	got := &response.Topics[0].Partitions[0]
	return got, kerr.ErrorForCode(got.ErrorCode)
}

// The offset behind the last whole batch, and how many bytes those are: a broker may give the
// beginning of one more, which is taken once it is whole.
func wholeBatches(batches []byte, offset int64) (int64, int) {
	bytes := 0
	for len(batches) >= headerBytes {
		size := lengthAt + 4 + int(binary.BigEndian.Uint32(batches[lengthAt:]))
		if size > len(batches) {
			break
		}
		first := int64(binary.BigEndian.Uint64(batches))
		offset = first + int64(binary.BigEndian.Uint32(batches[distanceAt:])) + 1
		batches, bytes = batches[size:], bytes+size
	}
	return offset, bytes
}
