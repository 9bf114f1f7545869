// segmentio's kafka-go: a Writer, a Reader, groups by generation, and a Client with a method for
// each request. Its requests stop at the versions of Kafka 2.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"conformance/lines"
)

const maxBytes = 16_000_000

var brokers = strings.Split(os.Args[1], ",")
var address = kafka.TCP(brokers...)
var way = lines.TheWay()
var transport = newTransport()
var client = &kafka.Client{Addr: address, Timeout: 30 * time.Second, Transport: transport}
var members = map[string]*member{}

var codecs = map[string]kafka.Compression{
	"gzip":   kafka.Gzip,
	"snappy": kafka.Snappy,
	"lz4":    kafka.Lz4,
	"zstd":   kafka.Zstd,
}

// logIn is by PLAIN or SCRAM; nil where nobody asks.
func logIn() sasl.Mechanism {
	if way == nil || way.LogIn == nil {
		return nil
	}
	in := way.LogIn
	if in.Mechanism == "PLAIN" {
		return plain.Mechanism{Username: in.Username, Password: in.Password}
	}
	hash := scram.SHA256
	if in.Mechanism == "SCRAM-SHA-512" {
		hash = scram.SHA512
	}
	mechanism, err := scram.Mechanism(hash, in.Username, in.Password)
	if err != nil {
		panic(err)
	}
	return mechanism
}

func newTransport() *kafka.Transport {
	made := &kafka.Transport{Dial: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, SASL: logIn()}
	if way != nil {
		made.TLS = way.TLS()
	}
	return made
}

func dialer() *kafka.Dialer {
	made := &kafka.Dialer{Timeout: 10 * time.Second, DualStack: true, SASLMechanism: logIn()}
	if way != nil {
		made.TLS = way.TLS()
	}
	return made
}

func soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	time.AfterFunc(time.Minute, cancel)
	return ctx
}

func createTopic(c lines.Command) (any, error) {
	topic := kafka.TopicConfig{Topic: c.Topic, NumPartitions: int(c.Partitions), ReplicationFactor: -1}
	for name, value := range c.Configs {
		entry := kafka.ConfigEntry{ConfigName: name, ConfigValue: value}
		topic.ConfigEntries = append(topic.ConfigEntries, entry)
	}
	request := kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{topic}}
	answer, err := client.CreateTopics(soon(), &request)
	if err != nil {
		return nil, err
	}
	return nil, answer.Errors[c.Topic]
}

func deleteTopic(c lines.Command) (any, error) {
	answer, err := client.DeleteTopics(soon(), &kafka.DeleteTopicsRequest{Topics: []string{c.Topic}})
	if err != nil {
		return nil, err
	}
	return nil, answer.Errors[c.Topic]
}

// topics asks the broker itself: the Client's transport answers from what it knew a while ago.
func topics(names ...string) ([]kafka.Partition, error) {
	connection, err := dialer().Dial("tcp", brokers[0])
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	return connection.ReadPartitions(names...)
}

func listTopics(lines.Command) (any, error) {
	partitions, err := topics()
	names := []string{}
	for _, each := range partitions {
		names = append(names, each.Topic)
	}
	return names, err
}

func describeTopic(c lines.Command) (any, error) {
	partitions, err := topics(c.Topic)
	return len(partitions), err
}

func topicConfigs(c lines.Command) (any, error) {
	resource := kafka.DescribeConfigRequestResource{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: c.Topic,
	}
	resources := []kafka.DescribeConfigRequestResource{resource}
	answer, err := client.DescribeConfigs(soon(), &kafka.DescribeConfigsRequest{Resources: resources})
	if err != nil {
		return nil, err
	}
	configs := map[string]string{}
	for _, entry := range answer.Resources[0].ConfigEntries {
		configs[entry.ConfigName] = entry.ConfigValue
	}
	return configs, answer.Resources[0].Error
}

func alterTopicConfigs(c lines.Command) (any, error) {
	resource := kafka.IncrementalAlterConfigsRequestResource{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: c.Topic,
	}
	for name, value := range c.Configs {
		resource.Configs = append(resource.Configs, kafka.IncrementalAlterConfigsRequestConfig{
			Name: name, Value: value, ConfigOperation: kafka.ConfigOperationSet,
		})
	}
	resources := []kafka.IncrementalAlterConfigsRequestResource{resource}
	request := kafka.IncrementalAlterConfigsRequest{Resources: resources}
	answer, err := client.IncrementalAlterConfigs(soon(), &request)
	if err != nil {
		return nil, err
	}
	return nil, answer.Resources[0].Error
}

// byRecord sends a record to the partition that it names, and otherwise where its key belongs.
type byRecord struct{ kafka.Hash }

func (b *byRecord) Balance(message kafka.Message, partitions ...int) int {
	if partition, named := message.WriterData.(int); named {
		return partition
	}
	return b.Hash.Balance(message, partitions...)
}

func produce(c lines.Command) (any, error) {
	// A transport of its own knows nothing of topics yet, not even that they were not there.
	transport := newTransport()
	defer transport.CloseIdleConnections()
	writer := &kafka.Writer{
		Addr: address, Topic: c.Topic, Transport: transport, Balancer: &byRecord{},
		Compression: codecs[c.Codec], RequiredAcks: kafka.RequireAll,
		BatchTimeout: 5 * time.Millisecond, BatchBytes: maxBytes, MaxAttempts: 3,
	}
	defer writer.Close()
	messages := []kafka.Message{}
	for _, each := range c.Records {
		message := kafka.Message{Key: lines.Bytes(each.Key), Value: lines.Bytes(each.Value)}
		if each.Partition != nil {
			message.WriterData = int(*each.Partition)
		}
		if each.Timestamp != nil {
			message.Time = time.UnixMilli(*each.Timestamp)
		}
		for _, header := range each.Headers {
			message.Headers = append(message.Headers,
				kafka.Header{Key: header[0], Value: []byte(header[1])})
		}
		messages = append(messages, message)
	}
	err := writer.WriteMessages(soon(), messages...)
	if each, many := err.(kafka.WriteErrors); many {
		for _, err := range each {
			if err != nil {
				return nil, err
			}
		}
	}
	return nil, err
}

func read(c lines.Command) (any, error) {
	if c.TellsNull {
		return fetch(c)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	messages, failures := make(chan kafka.Message), make(chan error)
	readers := sync.WaitGroup{}
	defer readers.Wait()
	defer cancel()
	for _, each := range c.From {
		reader := kafka.NewReader(kafka.ReaderConfig{
			Dialer: dialer(), Brokers: brokers, Topic: c.Topic, Partition: int(each[0]),
			MaxBytes: maxBytes, MaxWait: 100 * time.Millisecond, OffsetOutOfRangeError: true,
		})
		if err := reader.SetOffset(each[1]); err != nil {
			return nil, err
		}
		readers.Go(func() {
			defer reader.Close()
			for {
				message, err := reader.ReadMessage(ctx)
				if err != nil {
					select {
					case failures <- err:
					case <-ctx.Done():
					}
					return
				}
				select {
				case messages <- message:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	records := []lines.Record{}
	for len(records) < c.Count {
		select {
		case message := <-messages:
			records = append(records, record(message))
		case err := <-failures:
			return nil, err
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d records came", len(records), c.Count)
		}
	}
	return records, nil
}

// fetch reads by the Client, for a Reader makes nil of what is empty.
func fetch(c lines.Command) (any, error) {
	records, offset := []lines.Record{}, c.From[0][1]
	for len(records) < c.Count {
		answer, err := client.Fetch(soon(), &kafka.FetchRequest{
			Topic: c.Topic, Partition: int(c.From[0][0]), Offset: offset,
			MinBytes: 1, MaxBytes: maxBytes, MaxWait: time.Second,
		})
		if err == nil {
			err = answer.Error
		}
		for err == nil {
			var each *kafka.Record
			if each, err = answer.Records.ReadRecord(); err == nil {
				records = append(records, fetched(answer.Partition, each))
				offset = each.Offset + 1
			}
		}
		if err != io.EOF {
			return nil, err
		}
	}
	return records, nil
}

func fetched(partition int, each *kafka.Record) lines.Record {
	text := func(bytes kafka.Bytes) *string {
		read, err := kafka.ReadAll(bytes)
		if err != nil {
			panic(err)
		}
		return lines.Text(read)
	}
	at, timestamp := int32(partition), each.Time.UnixMilli()
	return lines.Record{
		Partition: &at, Offset: each.Offset, Timestamp: &timestamp,
		Key: text(each.Key), Value: text(each.Value), Headers: [][2]string{},
	}
}

func record(message kafka.Message) lines.Record {
	partition, timestamp := int32(message.Partition), message.Time.UnixMilli()
	headers := [][2]string{}
	for _, header := range message.Headers {
		headers = append(headers, [2]string{header.Key, string(header.Value)})
	}
	return lines.Record{
		Partition: &partition, Offset: message.Offset, Timestamp: &timestamp,
		Key: lines.Text(message.Key), Value: lines.Text(message.Value), Headers: headers,
	}
}

func offsets(c lines.Command) (any, error) {
	asked := []kafka.OffsetRequest{}
	for partition := range c.Partitions {
		asked = append(asked, kafka.OffsetRequest{Partition: int(partition), Timestamp: c.Timestamp})
	}
	answer, err := listOffsets(c.Topic, asked)
	if err != nil {
		return nil, err
	}
	found := make([]int64, c.Partitions)
	for _, each := range answer {
		switch c.Timestamp {
		case kafka.LastOffset:
			found[each.Partition] = each.LastOffset
		case kafka.FirstOffset:
			found[each.Partition] = each.FirstOffset
		default:
			found[each.Partition] = -1
			for offset := range each.Offsets {
				found[each.Partition] = offset
			}
		}
	}
	return found, nil
}

// A transport looks for leaders every few seconds, and tells of each partition whether it was asked
// in vain.
func listOffsets(topic string, asked []kafka.OffsetRequest) ([]kafka.PartitionOffsets, error) {
	request := kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: asked}}
	within := soon()
	for {
		answer, err := client.ListOffsets(within, &request)
		if err != nil {
			return nil, err
		}
		refused := slices.IndexFunc(answer.Topics[topic], func(each kafka.PartitionOffsets) bool {
			return each.Error != nil
		})
		if refused < 0 {
			return answer.Topics[topic], nil
		}
		var passing kafka.Error
		refusal := answer.Topics[topic][refused].Error
		if !errors.As(refusal, &passing) || !passing.Temporary() {
			return nil, refusal
		}
		fmt.Fprintln(os.Stderr, "asked in vain:", refusal)
	}
}

func commit(c lines.Command) (any, error) {
	place := kafka.OffsetCommit{Partition: int(c.Partition), Offset: c.Offset, Metadata: c.Metadata}
	answer, err := client.OffsetCommit(soon(), &kafka.OffsetCommitRequest{
		GroupID: c.Group, GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{c.Topic: {place}},
	})
	if err != nil {
		return nil, err
	}
	return nil, answer.Topics[c.Topic][0].Error
}

func committed(c lines.Command) (any, error) {
	asked := []int{}
	for partition := range int(c.Partitions) {
		asked = append(asked, partition)
	}
	answer, err := client.OffsetFetch(soon(), &kafka.OffsetFetchRequest{
		GroupID: c.Group, Topics: map[string][]int{c.Topic: asked},
	})
	if err != nil {
		return nil, err
	}
	found := make([]lines.Committed, c.Partitions)
	for _, each := range answer.Topics[c.Topic] {
		found[each.Partition] = lines.Committed{Offset: each.CommittedOffset, Metadata: each.Metadata}
	}
	return found, answer.Error
}

func listGroups(lines.Command) (any, error) {
	answer, err := client.ListGroups(soon(), &kafka.ListGroupsRequest{Addr: address})
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, group := range answer.Groups {
		names = append(names, group.GroupID)
	}
	return names, answer.Error
}

func describeGroup(c lines.Command) (any, error) {
	request := kafka.DescribeGroupsRequest{GroupIDs: []string{c.Group}}
	answer, err := client.DescribeGroups(soon(), &request)
	if err != nil {
		return nil, err
	}
	group := answer.Groups[0]
	return lines.Group{State: group.GroupState, MemberCount: len(group.Members)}, group.Error
}

func deleteGroup(c lines.Command) (any, error) {
	request := kafka.DeleteGroupsRequest{GroupIDs: []string{c.Group}}
	answer, err := client.DeleteGroups(soon(), &request)
	if err != nil {
		return nil, err
	}
	return nil, answer.Errors[c.Group]
}

// versionsRequest is a version of ApiVersions that this package does not have, and nobody else.
type versionsRequest struct {
	_ struct{} `kafka:"min=v99,max=v99,tag"`
}

func (*versionsRequest) ApiKey() protocol.ApiKey { return protocol.ApiVersions }

type versionsAnswer struct {
	ErrorCode int16 `kafka:"min=v99,max=v99"`
}

func (*versionsAnswer) ApiKey() protocol.ApiKey { return protocol.ApiVersions }

// askForVersions takes the place of the package's own messages for the length of one request.
func askForVersions(c lines.Command) (any, error) {
	protocol.Register(&versionsRequest{}, &versionsAnswer{})
	defer protocol.Register(&apiversions.Request{}, &apiversions.Response{})
	socket, err := net.Dial("tcp", brokers[0])
	if err != nil {
		return nil, err
	}
	connection := protocol.NewConn(socket, "conformance")
	defer connection.Close()
	connection.SetVersions(map[protocol.ApiKey]int16{protocol.ApiVersions: c.Version})
	answer, err := connection.RoundTrip(&versionsRequest{})
	if err != nil {
		return nil, err
	}
	if code := answer.(*versionsAnswer).ErrorCode; code != 0 {
		return nil, kafka.Error(code)
	}
	return nil, nil
}

type member struct {
	name, topic string
	group       *kafka.ConsumerGroup
	cancel      context.CancelFunc
	done        chan struct{}
	seen        sync.Mutex
	next        map[int]int64
}

func join(c lines.Command) (any, error) {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: c.Group, Brokers: brokers, Topics: []string{c.Topic},
		HeartbeatInterval: 200 * time.Millisecond, StartOffset: kafka.FirstOffset,
		SessionTimeout:   time.Duration(c.SessionTimeoutMs) * time.Millisecond,
		JoinGroupBackoff: 200 * time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	it := &member{name: c.Member, topic: c.Topic, group: group, cancel: cancel}
	it.done = make(chan struct{})
	members[c.Member] = it
	go it.run(ctx)
	return nil, nil
}

func (it *member) run(ctx context.Context) {
	defer close(it.done)
	for {
		generation, err := it.group.Next(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			// It says so when others make it join again, and then does.
			continue
		}
		it.follow(ctx, generation)
	}
}

// follow reads what a generation assigns until the next one, and commits what it saw.
func (it *member) follow(leaving context.Context, generation *kafka.Generation) {
	held, over := []int32{}, make(chan struct{})
	it.next = map[int]int64{}
	readers := sync.WaitGroup{}
	for _, each := range generation.Assignments[it.topic] {
		held = append(held, int32(each.ID))
		readers.Add(1)
		generation.Start(func(ctx context.Context) {
			defer readers.Done()
			it.read(ctx, leaving, each)
		})
	}
	lines.Assigned(it.name, held)
	generation.Start(func(ctx context.Context) {
		defer close(over)
		select {
		case <-ctx.Done():
		case <-leaving.Done():
		}
		readers.Wait()
		generation.CommitOffsets(map[string]map[int]int64{it.topic: it.next})
	})
	<-over
}

func (it *member) read(ctx, leaving context.Context, from kafka.PartitionAssignment) {
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(leaving, cancel)()
	defer cancel()
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: brokers, Topic: it.topic, Partition: from.ID,
		MaxBytes: maxBytes, MaxWait: 100 * time.Millisecond,
	})
	defer reader.Close()
	reader.SetOffset(from.Offset)
	for {
		message, err := reader.ReadMessage(ctx)
		if err != nil {
			return
		}
		lines.Saw(it.name, message.Value)
		it.seen.Lock()
		it.next[from.ID] = message.Offset + 1
		it.seen.Unlock()
	}
}

func leave(c lines.Command) (any, error) {
	it := members[c.Member]
	delete(members, c.Member)
	it.cancel()
	<-it.done
	return nil, it.group.Close()
}

func main() {
	lines.Serve("github.com/segmentio/kafka-go", lines.Handlers{
		"createTopic":       createTopic,
		"deleteTopic":       deleteTopic,
		"listTopics":        listTopics,
		"describeTopic":     describeTopic,
		"topicConfigs":      topicConfigs,
		"alterTopicConfigs": alterTopicConfigs,
		"produce":           produce,
		"read":              read,
		"offsets":           offsets,
		"commit":            commit,
		"committed":         committed,
		"listGroups":        listGroups,
		"describeGroup":     describeGroup,
		"deleteGroup":       deleteGroup,
		"askForVersions":    askForVersions,
		"join":              join,
		"leave":             leave,
	})
}
