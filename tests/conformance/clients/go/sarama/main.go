// sarama: the oldest of the Go clients that are still kept, told by a version what to speak.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"

	"conformance/lines"
	"conformance/must"
)

const maxBytes = 16_000_000

var brokers = strings.Split(os.Args[1], ",")
var client = must.Have(sarama.NewClient(brokers, config("")))
var admin = must.Have(sarama.NewClusterAdminFromClient(client))
var members = map[string]*member{}

var codecs = map[string]sarama.CompressionCodec{
	"none":   sarama.CompressionNone,
	"gzip":   sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy,
	"lz4":    sarama.CompressionLZ4,
	"zstd":   sarama.CompressionZSTD,
}

func config(era string) *sarama.Config {
	made := sarama.NewConfig()
	made.Version = sarama.MaxVersion
	switch era {
	case "0.10":
		made.Version = sarama.V0_10_2_0
	case "0.11":
		made.Version = sarama.V0_11_0_0
	case "0.9":
		made.Version = sarama.V0_9_0_1
	}
	made.Consumer.Return.Errors = true
	made.Consumer.Fetch.Default = maxBytes
	made.Consumer.MaxWaitTime = 100 * time.Millisecond
	made.Producer.MaxMessageBytes = maxBytes
	made.Producer.RequiredAcks = sarama.WaitForAll
	made.Producer.Return.Successes = true
	made.Metadata.AllowAutoTopicCreation = false
	if way := lines.TheWay(); way != nil {
		secure(made, way)
	}
	return made
}

func secure(made *sarama.Config, way *lines.Way) {
	made.Net.TLS.Enable = true
	made.Net.TLS.Config = way.TLS()
	in := way.LogIn
	if in == nil {
		return
	}
	made.Net.SASL.Enable = true
	made.Net.SASL.Mechanism = sarama.SASLMechanism(in.Mechanism)
	made.Net.SASL.User, made.Net.SASL.Password = in.Username, in.Password
	made.Net.SASL.TokenProvider = token(in.Token)
	hashes := map[string]scram.HashGeneratorFcn{
		"SCRAM-SHA-256": scram.SHA256, "SCRAM-SHA-512": scram.SHA512,
	}
	if hash, is := hashes[in.Mechanism]; is {
		made.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &proof{hash: hash} }
	}
}

type token string

func (t token) Token() (*sarama.AccessToken, error) {
	return &sarama.AccessToken{Token: string(t)}, nil
}

// proof is the exchange of SCRAM, which sarama has no code of its own for.
type proof struct {
	hash scram.HashGeneratorFcn
	*scram.ClientConversation
}

func (p *proof) Begin(user, password, authorizationID string) error {
	client, err := p.hash.NewClient(user, password, authorizationID)
	if err == nil {
		p.ClientConversation = client.NewConversation()
	}
	return err
}

func createTopic(c lines.Command) (any, error) {
	configs := map[string]*string{}
	for name, value := range c.Configs {
		configs[name] = &value
	}
	detail := sarama.TopicDetail{NumPartitions: c.Partitions, ReplicationFactor: -1, ConfigEntries: configs}
	return nil, admin.CreateTopic(c.Topic, &detail, false)
}

func deleteTopic(c lines.Command) (any, error) {
	return nil, admin.DeleteTopic(c.Topic)
}

func listTopics(lines.Command) (any, error) {
	topics, err := admin.ListTopics()
	names := []string{}
	for name := range topics {
		names = append(names, name)
	}
	return names, err
}

func describeTopic(c lines.Command) (any, error) {
	topics, err := admin.DescribeTopics([]string{c.Topic})
	if err != nil {
		return nil, err
	}
	return len(topics[0].Partitions), nil
}

func topicConfigs(c lines.Command) (any, error) {
	entries, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: c.Topic})
	configs := map[string]string{}
	for _, entry := range entries {
		configs[entry.Name] = entry.Value
	}
	return configs, err
}

func alterTopicConfigs(c lines.Command) (any, error) {
	changes := map[string]sarama.IncrementalAlterConfigsEntry{}
	for name, value := range c.Configs {
		changes[name] = sarama.IncrementalAlterConfigsEntry{
			Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value,
		}
	}
	return nil, admin.IncrementalAlterConfig(sarama.TopicResource, c.Topic, changes, false)
}

func encoder(text *string) sarama.Encoder {
	if text == nil {
		return nil
	}
	return sarama.StringEncoder(*text)
}

func produce(c lines.Command) (any, error) {
	options := config(c.Era)
	options.Producer.Compression = codecs[c.Codec]
	if c.Idempotent {
		options.Producer.Idempotent = true
		options.Net.MaxOpenRequests = 1
	}
	if len(c.Records) > 0 && c.Records[0].Partition != nil {
		options.Producer.Partitioner = sarama.NewManualPartitioner
	}
	producer, err := sarama.NewSyncProducer(brokers, options)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	messages := []*sarama.ProducerMessage{}
	for _, each := range c.Records {
		message := &sarama.ProducerMessage{Topic: c.Topic, Key: encoder(each.Key), Value: encoder(each.Value)}
		if each.Partition != nil {
			message.Partition = *each.Partition
		}
		if each.Timestamp != nil {
			message.Timestamp = time.UnixMilli(*each.Timestamp)
		}
		for _, header := range each.Headers {
			message.Headers = append(message.Headers,
				sarama.RecordHeader{Key: []byte(header[0]), Value: []byte(header[1])})
		}
		messages = append(messages, message)
	}
	err = producer.SendMessages(messages)
	var refused sarama.ProducerErrors
	if errors.As(err, &refused) {
		return nil, refused[0].Err
	}
	return nil, err
}

func transactional(c lines.Command) (sarama.SyncProducer, error) {
	options := config("")
	options.Producer.Idempotent = true
	options.Producer.Transaction.ID = c.TransactionalID
	options.Net.MaxOpenRequests = 1
	return sarama.NewSyncProducer(brokers, options)
}

func sendWithin(producer sarama.SyncProducer, topic string, records []lines.Record) error {
	if err := producer.BeginTxn(); err != nil {
		return err
	}
	messages := []*sarama.ProducerMessage{}
	for _, each := range records {
		messages = append(messages, &sarama.ProducerMessage{
			Topic: topic, Key: encoder(each.Key), Value: encoder(each.Value),
		})
	}
	return producer.SendMessages(messages)
}

func transact(c lines.Command) (any, error) {
	producer, err := transactional(c)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	for _, part := range c.Parts {
		if err := sendWithin(producer, part.Topic, part.Records); err != nil {
			return nil, err
		}
		if part.Place != nil {
			offsets := []*sarama.PartitionOffsetMetadata{{Offset: part.Place.Offset}}
			places := map[string][]*sarama.PartitionOffsetMetadata{part.Place.Topic: offsets}
			if err := producer.AddOffsetsToTxn(places, part.Place.Group); err != nil {
				return nil, err
			}
		}
		end := producer.AbortTxn
		if part.End == "commit" {
			end = producer.CommitTxn
		}
		if err := end(); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func fence(c lines.Command) (any, error) {
	first, err := transactional(c)
	if err != nil {
		return nil, err
	}
	defer first.Close()
	if err := sendWithin(first, c.Topic, c.First); err != nil {
		return nil, err
	}
	second, err := transactional(c)
	if err != nil {
		return nil, err
	}
	defer second.Close()
	if err := sendWithin(second, c.Topic, c.Second); err != nil {
		return nil, err
	}
	if err := second.CommitTxn(); err != nil {
		return nil, err
	}
	if err := first.CommitTxn(); err != nil {
		return err.Error(), nil
	}
	return nil, nil
}

func read(c lines.Command) (any, error) {
	options := config(c.Era)
	if c.Committed {
		options.Consumer.IsolationLevel = sarama.ReadCommitted
	}
	consumer, err := sarama.NewConsumer(brokers, options)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	messages, failures := make(chan *sarama.ConsumerMessage), make(chan error)
	over := make(chan struct{})
	defer close(over)
	for _, each := range c.From {
		partition, err := consumer.ConsumePartition(c.Topic, int32(each[0]), each[1])
		if err != nil {
			return nil, err
		}
		defer partition.AsyncClose()
		go func() {
			for {
				select {
				case message := <-partition.Messages():
					select {
					case messages <- message:
					case <-over:
						return
					}
				case err := <-partition.Errors():
					select {
					case failures <- err:
					case <-over:
						return
					}
				case <-over:
					return
				}
			}
		}()
	}
	records, late := []lines.Record{}, time.After(30*time.Second)
	for len(records) < c.Count {
		select {
		case message := <-messages:
			records = append(records, record(message))
		case err := <-failures:
			return nil, err
		case <-late:
			return nil, fmt.Errorf("%d of %d records came", len(records), c.Count)
		}
	}
	return records, nil
}

func record(message *sarama.ConsumerMessage) lines.Record {
	timestamp := message.Timestamp.UnixMilli()
	headers := [][2]string{}
	for _, header := range message.Headers {
		headers = append(headers, [2]string{string(header.Key), string(header.Value)})
	}
	return lines.Record{
		Partition: &message.Partition, Offset: message.Offset, Timestamp: &timestamp,
		Key: lines.Text(message.Key), Value: lines.Text(message.Value), Headers: headers,
	}
}

func offsets(c lines.Command) (any, error) {
	found := []int64{}
	for partition := range c.Partitions {
		offset, err := client.GetOffset(c.Topic, partition, c.Timestamp)
		if err != nil {
			return nil, err
		}
		found = append(found, offset)
	}
	return found, nil
}

func commit(c lines.Command) (any, error) {
	places := map[string]map[int32]sarama.OffsetAndMetadata{
		c.Topic: {c.Partition: {Offset: c.Offset, LeaderEpoch: -1, Metadata: c.Metadata}},
	}
	answer, err := admin.AlterConsumerGroupOffsets(c.Group, places, nil)
	if err != nil {
		return nil, err
	}
	if code := answer.Errors[c.Topic][c.Partition]; code != sarama.ErrNoError {
		return nil, code
	}
	return nil, nil
}

func committed(c lines.Command) (any, error) {
	asked := []int32{}
	for partition := range c.Partitions {
		asked = append(asked, partition)
	}
	answer, err := admin.ListConsumerGroupOffsets(c.Group, map[string][]int32{c.Topic: asked})
	if err != nil {
		return nil, err
	}
	found := []lines.Committed{}
	for _, partition := range asked {
		block := answer.GetBlock(c.Topic, partition)
		found = append(found, lines.Committed{Offset: block.Offset, Metadata: block.Metadata})
	}
	return found, nil
}

func listGroups(lines.Command) (any, error) {
	groups, err := admin.ListConsumerGroups()
	names := []string{}
	for name := range groups {
		names = append(names, name)
	}
	return names, err
}

func describeGroup(c lines.Command) (any, error) {
	groups, err := admin.DescribeConsumerGroups([]string{c.Group})
	if err != nil {
		return nil, err
	}
	return lines.Group{State: groups[0].State, MemberCount: len(groups[0].Members)}, nil
}

func deleteGroup(c lines.Command) (any, error) {
	return nil, admin.DeleteConsumerGroup(c.Group)
}

// askForVersions has a connection of its own: one that has asked before never exceeds the answer.
func askForVersions(c lines.Command) (any, error) {
	options := config("")
	options.ApiVersionsRequest = false
	broker := sarama.NewBroker(brokers[0])
	if err := broker.Open(options); err != nil {
		return nil, err
	}
	defer broker.Close()
	answer, err := broker.ApiVersions(&sarama.ApiVersionsRequest{Version: c.Version})
	if err == nil && answer.ErrorCode != 0 {
		err = sarama.KError(answer.ErrorCode)
	}
	return nil, err
}

type member struct {
	name, topic string
	cancel      context.CancelFunc
	done        chan struct{}
}

func (it *member) Setup(session sarama.ConsumerGroupSession) error {
	lines.Assigned(it.name, session.Claims()[it.topic])
	return nil
}

func (it *member) Cleanup(sarama.ConsumerGroupSession) error {
	lines.Assigned(it.name, nil)
	return nil
}

func (it *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			lines.Saw(it.name, message.Value)
			session.MarkMessage(message, "")
		case <-session.Context().Done():
			return nil
		}
	}
}

func join(c lines.Command) (any, error) {
	options := config("")
	options.Consumer.Offsets.Initial = sarama.OffsetOldest
	options.Consumer.Group.Session.Timeout = time.Duration(c.SessionTimeoutMs) * time.Millisecond
	options.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	options.Consumer.Group.InstanceId = c.InstanceID
	group, err := sarama.NewConsumerGroup(brokers, c.Group, options)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	it := &member{c.Member, c.Topic, cancel, make(chan struct{})}
	members[c.Member] = it
	go func() {
		for err := range group.Errors() {
			lines.Failed(it.name, err)
		}
	}()
	go func() {
		defer close(it.done)
		defer group.Close()
		for ctx.Err() == nil {
			if err := group.Consume(ctx, []string{c.Topic}, it); err != nil && ctx.Err() == nil {
				lines.Failed(it.name, err)
			}
		}
	}()
	return nil, nil
}

func leave(c lines.Command) (any, error) {
	it := members[c.Member]
	delete(members, c.Member)
	it.cancel()
	<-it.done
	return nil, nil
}

func main() {
	lines.Serve("github.com/IBM/sarama", lines.Handlers{
		"createTopic":       createTopic,
		"deleteTopic":       deleteTopic,
		"listTopics":        listTopics,
		"describeTopic":     describeTopic,
		"topicConfigs":      topicConfigs,
		"alterTopicConfigs": alterTopicConfigs,
		"produce":           produce,
		"transact":          transact,
		"fence":             fence,
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
