// franz-go: a client in plain Go that speaks nearly every request and version that there is.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"conformance/lines"
)

const maxBytes = 16_000_000

var base = append(secured(), kgo.SeedBrokers(strings.Split(os.Args[1], ",")...), kgo.BrokerMaxReadBytes(100_000_000))
var admin = kadm.NewClient(newClient())
var members = map[string]*member{}

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

func secured() []kgo.Opt {
	way := lines.TheWay()
	if way == nil {
		return nil
	}
	options := []kgo.Opt{kgo.DialTLSConfig(way.TLS())}
	in := way.LogIn
	if in == nil {
		return options
	}
	mechanisms := map[string]sasl.Mechanism{
		"PLAIN":         plain.Auth{User: in.Username, Pass: in.Password}.AsMechanism(),
		"SCRAM-SHA-256": scram.Auth{User: in.Username, Pass: in.Password}.AsSha256Mechanism(),
		"SCRAM-SHA-512": scram.Auth{User: in.Username, Pass: in.Password}.AsSha512Mechanism(),
		"OAUTHBEARER":   oauth.Auth{Token: in.Token}.AsMechanism(),
	}
	return append(options, kgo.SASL(mechanisms[in.Mechanism]))
}

func newClient(options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append(slices.Clone(base), options...)...)
	if err != nil {
		panic(err)
	}
	return client
}

func soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	time.AfterFunc(time.Minute, cancel)
	return ctx
}

func ofEra(era string) []kgo.Opt {
	switch era {
	case "0.10":
		return []kgo.Opt{kgo.MaxVersions(kversion.V0_10_2())}
	case "0.11":
		return []kgo.Opt{kgo.MaxVersions(kversion.V0_11_0())}
	case "0.9":
		return []kgo.Opt{kgo.MaxVersions(kversion.V0_9_0())}
	}
	return nil
}

func createTopic(c lines.Command) (any, error) {
	configs := map[string]*string{}
	for name, value := range c.Configs {
		configs[name] = &value
	}
	_, err := admin.CreateTopic(soon(), c.Partitions, -1, configs, c.Topic)
	return nil, err
}

func deleteTopic(c lines.Command) (any, error) {
	answer, err := admin.DeleteTopics(soon(), c.Topic)
	if err != nil {
		return nil, err
	}
	return nil, answer.Error()
}

func listTopics(lines.Command) (any, error) {
	topics, err := admin.ListTopics(soon())
	return topics.Names(), err
}

func describeTopic(c lines.Command) (any, error) {
	topics, err := admin.ListTopics(soon(), c.Topic)
	return len(topics[c.Topic].Partitions), err
}

func topicConfigs(c lines.Command) (any, error) {
	answer, err := admin.DescribeTopicConfigs(soon(), c.Topic)
	if err != nil {
		return nil, err
	}
	configs := map[string]string{}
	for _, config := range answer[0].Configs {
		configs[config.Key] = config.MaybeValue()
	}
	return configs, answer[0].Err
}

func alterTopicConfigs(c lines.Command) (any, error) {
	changes := []kadm.AlterConfig{}
	for name, value := range c.Configs {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: &value})
	}
	answer, err := admin.AlterTopicConfigs(soon(), changes, c.Topic)
	if err != nil {
		return nil, err
	}
	return nil, answer[0].Err
}

func produce(c lines.Command) (any, error) {
	options := []kgo.Opt{
		kgo.ProducerBatchCompression(codecs[c.Codec]),
		kgo.ProducerBatchMaxBytes(maxBytes),
		kgo.UnknownTopicRetries(2),
		kgo.ProducerLinger(5 * time.Millisecond),
	}
	if !c.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	if len(c.Records) > 0 && c.Records[0].Partition != nil {
		options = append(options, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	client := newClient(append(options, ofEra(c.Era)...)...)
	defer client.Close()
	records := []*kgo.Record{}
	for _, each := range c.Records {
		record := &kgo.Record{Topic: c.Topic, Key: lines.Bytes(each.Key), Value: lines.Bytes(each.Value)}
		if each.Partition != nil {
			record.Partition = *each.Partition
		}
		if each.Timestamp != nil {
			record.Timestamp = time.UnixMilli(*each.Timestamp)
		}
		for _, header := range each.Headers {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: header[0], Value: []byte(header[1])})
		}
		records = append(records, record)
	}
	return nil, client.ProduceSync(soon(), records...).FirstErr()
}

func sendWithin(client *kgo.Client, topic string, records []lines.Record) error {
	if err := client.BeginTransaction(); err != nil {
		return err
	}
	made := recordsOf(lines.Part{Topic: topic, Records: records})
	return client.ProduceSync(soon(), made...).FirstErr()
}

func recordsOf(part lines.Part) []*kgo.Record {
	made := []*kgo.Record{}
	for _, each := range part.Records {
		made = append(made, &kgo.Record{
			Topic: part.Topic, Key: lines.Bytes(each.Key), Value: lines.Bytes(each.Value),
		})
	}
	return made
}

func sendOn(c lines.Command) (any, error) {
	place := c.Parts[0].Place
	session, err := kgo.NewGroupTransactSession(append(slices.Clone(base),
		kgo.TransactionalID(c.TransactionalID),
		kgo.ConsumerGroup(place.Group),
		kgo.ConsumeTopics(place.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequireStableFetchOffsets())...)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	for _, part := range c.Parts {
		for at := int64(-1); at < part.Place.Offset; {
			fetches := session.PollRecords(soon(), len(part.Records))
			if err := fetches.Err0(); err != nil {
				return nil, err
			}
			fetches.EachRecord(func(record *kgo.Record) { at = record.Offset + 1 })
		}
		if err := session.Begin(); err != nil {
			return nil, err
		}
		if err := session.ProduceSync(soon(), recordsOf(part)...).FirstErr(); err != nil {
			return nil, err
		}
		committed, err := session.End(soon(), part.End == "commit")
		if err != nil {
			return nil, err
		}
		if committed != (part.End == "commit") {
			return nil, errors.New("the session has ended its transaction the other way")
		}
	}
	return nil, nil
}

func transact(c lines.Command) (any, error) {
	if c.Parts[0].Place != nil {
		return sendOn(c)
	}
	client := newClient(kgo.TransactionalID(c.TransactionalID))
	defer client.Close()
	for _, part := range c.Parts {
		if err := sendWithin(client, part.Topic, part.Records); err != nil {
			return nil, err
		}
		if err := client.EndTransaction(soon(), part.End == "commit"); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func fence(c lines.Command) (any, error) {
	first := newClient(kgo.TransactionalID(c.TransactionalID))
	defer first.Close()
	if err := sendWithin(first, c.Topic, c.First); err != nil {
		return nil, err
	}
	second := newClient(kgo.TransactionalID(c.TransactionalID))
	defer second.Close()
	if err := sendWithin(second, c.Topic, c.Second); err != nil {
		return nil, err
	}
	if err := second.EndTransaction(soon(), kgo.TryCommit); err != nil {
		return nil, err
	}
	if err := first.EndTransaction(soon(), kgo.TryCommit); err != nil {
		return err.Error(), nil
	}
	return nil, nil
}

func read(c lines.Command) (any, error) {
	from := map[int32]kgo.Offset{}
	for _, each := range c.From {
		from[int32(each[0])] = kgo.NewOffset().At(each[1])
	}
	options := []kgo.Opt{
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{c.Topic: from}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchMaxPartitionBytes(maxBytes),
	}
	if c.Committed {
		options = append(options, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	client := newClient(append(options, ofEra(c.Era)...)...)
	defer client.Close()
	records, ctx := []lines.Record{}, soon()
	for len(records) < c.Count {
		fetches := client.PollRecords(ctx, c.Count-len(records))
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("%d of %d records came: %w", len(records), c.Count, err)
		}
		fetches.EachRecord(func(each *kgo.Record) {
			timestamp := each.Timestamp.UnixMilli()
			headers := [][2]string{}
			for _, header := range each.Headers {
				headers = append(headers, [2]string{header.Key, string(header.Value)})
			}
			records = append(records, lines.Record{
				Partition: &each.Partition, Offset: each.Offset, Timestamp: &timestamp,
				Key: lines.Text(each.Key), Value: lines.Text(each.Value), Headers: headers,
			})
		})
	}
	return records, nil
}

func offsets(c lines.Command) (any, error) {
	var listed kadm.ListedOffsets
	var err error
	switch c.Timestamp {
	case -1:
		listed, err = admin.ListEndOffsets(soon(), c.Topic)
	case -2:
		listed, err = admin.ListStartOffsets(soon(), c.Topic)
	default:
		return offsetsAt(c)
	}
	found := make([]int64, c.Partitions)
	listed.Each(func(each kadm.ListedOffset) { found[each.Partition] = each.Offset })
	return found, err
}

// offsetsAt tells a partition without so late a record: kadm gives its end offset and no timestamp.
func offsetsAt(c lines.Command) (any, error) {
	listed, err := admin.ListOffsetsAfterMilli(soon(), c.Timestamp, c.Topic)
	found := make([]int64, c.Partitions)
	listed.Each(func(each kadm.ListedOffset) {
		found[each.Partition] = each.Offset
		if each.Timestamp == -1 {
			found[each.Partition] = -1
		}
	})
	return found, err
}

func commit(c lines.Command) (any, error) {
	places := kadm.Offsets{}
	places.Add(kadm.Offset{
		Topic: c.Topic, Partition: c.Partition, At: c.Offset, LeaderEpoch: -1, Metadata: c.Metadata,
	})
	answer, err := admin.CommitOffsets(soon(), c.Group, places)
	if err != nil {
		return nil, err
	}
	return nil, answer.Error()
}

func committed(c lines.Command) (any, error) {
	answer, err := admin.FetchOffsets(soon(), c.Group)
	found := []lines.Committed{}
	for partition := range c.Partitions {
		each := lines.Committed{Offset: -1}
		if place, known := answer.Lookup(c.Topic, partition); known {
			each = lines.Committed{Offset: place.At, Metadata: place.Metadata}
		}
		found = append(found, each)
	}
	return found, err
}

func listGroups(lines.Command) (any, error) {
	groups, err := admin.ListGroups(soon())
	return groups.Groups(), err
}

func describeGroup(c lines.Command) (any, error) {
	groups, err := admin.DescribeGroups(soon(), c.Group)
	group := groups[c.Group]
	return lines.Group{State: group.State, MemberCount: len(group.Members)}, err
}

func deleteGroup(c lines.Command) (any, error) {
	_, err := admin.DeleteGroup(soon(), c.Group)
	return nil, err
}

// complaints are what a client's log says of ApiVersions, which is nobody's request but its own.
type complaints struct{ heard []string }

func (*complaints) Level() kgo.LogLevel { return kgo.LogLevelDebug }

func (it *complaints) Log(_ kgo.LogLevel, message string, _ ...any) {
	if strings.Contains(message, "does not know our ApiVersions version") {
		it.heard = append(it.heard, message)
	}
}

// askForVersions begins with that version, comes down to the broker's, and then must be served.
func askForVersions(c lines.Command) (any, error) {
	versions, log := kversion.Stable(), &complaints{}
	versions.SetMaxKeyVersion(int16(kmsg.ApiVersions), c.Version)
	client := newClient(kgo.MaxVersions(versions), kgo.WithLogger(log))
	defer client.Close()
	if err := client.Ping(soon()); err != nil || len(log.heard) == 0 {
		return nil, err
	}
	return nil, errors.New(log.heard[0])
}

type member struct {
	client *kgo.Client
	cancel context.CancelFunc
	done   chan struct{}
}

func join(c lines.Command) (any, error) {
	ctx, cancel := context.WithCancel(context.Background())
	// Called one at a time; with all there is, or with what is new or gone.
	held := map[int32]bool{}
	change := func(isHeld bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, places map[string][]int32) {
			for _, partition := range places[c.Topic] {
				held[partition] = isHeld
			}
			now := []int32{}
			for partition, isHeld := range held {
				if isHeld {
					now = append(now, partition)
				}
			}
			lines.Assigned(c.Member, now)
		}
	}
	options := []kgo.Opt{
		kgo.ConsumerGroup(c.Group),
		kgo.ConsumeTopics(c.Topic),
		kgo.Balancers(kgo.RangeBalancer()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(time.Duration(c.SessionTimeoutMs) * time.Millisecond),
		kgo.HeartbeatInterval(200 * time.Millisecond),
		kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.OnPartitionsAssigned(change(true)),
		kgo.OnPartitionsRevoked(change(false)),
		kgo.OnPartitionsLost(change(false)),
	}
	if c.Protocol == "consumer" {
		options = append(options, kgo.ServerSideBalancer())
	}
	if c.InstanceID != "" {
		options = append(options, kgo.InstanceID(c.InstanceID))
	}
	it := &member{newClient(options...), cancel, make(chan struct{})}
	members[c.Member] = it
	go it.run(ctx, c.Member)
	return nil, nil
}

func (it *member) run(ctx context.Context, name string) {
	defer close(it.done)
	for ctx.Err() == nil {
		fetches := it.client.PollFetches(ctx)
		fetches.EachError(func(_ string, _ int32, err error) {
			if ctx.Err() == nil {
				lines.Failed(name, err)
			}
		})
		fetches.EachRecord(func(record *kgo.Record) { lines.Saw(name, record.Value) })
	}
}

func workOff(c lines.Command) (any, error) {
	client := newClient(
		kgo.ShareGroup(c.Group),
		kgo.ConsumeTopics(c.Topic),
		kgo.FetchMaxWait(100*time.Millisecond),
	)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	handed := []lines.Delivery{}
	for len(handed) < c.Count {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("%d of %d records came: %w", len(handed), c.Count, err)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			value, count := string(record.Value), record.DeliveryCount()
			handed = append(handed, lines.Delivery{Value: value, DeliveryCount: count})
			switch {
			case count == 1 && slices.Contains(c.Release, value):
				record.Ack(kgo.AckRelease)
			case slices.Contains(c.Reject, value):
				record.Ack(kgo.AckReject)
			default:
				record.Ack(kgo.AckAccept)
			}
		})
		if err := client.FlushAcks(soon()); err != nil {
			return nil, err
		}
	}
	return handed, nil
}

func leave(c lines.Command) (any, error) {
	it := members[c.Member]
	delete(members, c.Member)
	it.cancel()
	<-it.done
	err := it.client.CommitUncommittedOffsets(soon())
	it.client.Close()
	return nil, err
}

func main() {
	lines.Serve("github.com/twmb/franz-go", lines.Handlers{
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
		"workOff":           workOff,
		"join":              join,
		"leave":             leave,
	})
}
