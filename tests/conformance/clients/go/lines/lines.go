// Package lines has the lines of JSON that a client program and the tests exchange
// (process_driver.ts says which).
package lines

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"sync"
)

// Record is one that is sent or was read. A nil key or value is null.
type Record struct {
	Partition *int32      `json:"partition,omitempty"`
	Offset    int64       `json:"offset"`
	Timestamp *int64      `json:"timestamp,omitempty"`
	Key       *string     `json:"key"`
	Value     *string     `json:"value"`
	Headers   [][2]string `json:"headers"`
}

// Command has the fields of every operation; each uses some.
type Command struct {
	ID               int               `json:"id"`
	Op               string            `json:"op"`
	Topic            string            `json:"topic"`
	Partitions       int32             `json:"partitions"`
	Configs          map[string]string `json:"configs"`
	Records          []Record          `json:"records"`
	Codec            string            `json:"codec"`
	Idempotent       bool              `json:"idempotent"`
	Era              string            `json:"era"`
	From             [][2]int64        `json:"from"`
	Count            int               `json:"count"`
	Timestamp        int64             `json:"timestamp"`
	Group            string            `json:"group"`
	Partition        int32             `json:"partition"`
	Offset           int64             `json:"offset"`
	Metadata         string            `json:"metadata"`
	Member           string            `json:"member"`
	SessionTimeoutMs int               `json:"sessionTimeoutMs"`
	InstanceID       string            `json:"instanceId"`
	Protocol         string            `json:"protocol"`
	Version          int16             `json:"version"`
	TellsNull        bool              `json:"tellsNull"`
	Committed        bool              `json:"committed"`
	TransactionalID  string            `json:"transactionalId"`
	Parts            []Part            `json:"parts"`
	First            []Record          `json:"first"`
	Second           []Record          `json:"second"`
	Release          []string          `json:"release"`
	Reject           []string          `json:"reject"`
}

// Place is how far a group has come in partition 0 of a topic.
type Place struct {
	Group  string `json:"group"`
	Topic  string `json:"topic"`
	Offset int64  `json:"offset"`
}

// Part is what is sent within one transaction.
type Part struct {
	Topic   string   `json:"topic"`
	Records []Record `json:"records"`
	Place   *Place   `json:"place"`
	End     string   `json:"end"`
}

// Committed is what a group committed for a partition; the offset is -1 where it did not.
type Committed struct {
	Offset   int64  `json:"offset"`
	Metadata string `json:"metadata"`
}

// Delivery is a record that a member of a share group was handed.
type Delivery struct {
	Value         string `json:"value"`
	DeliveryCount int32  `json:"deliveryCount"`
}

// Group is what a description says.
type Group struct {
	State       string `json:"state"`
	MemberCount int    `json:"memberCount"`
}

// Handlers has a function for each operation.
type Handlers map[string]func(Command) (any, error)

var output sync.Mutex

func tell(message map[string]any) {
	line, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

// Assigned tells what a member holds now.
func Assigned(member string, partitions []int32) {
	sorted := append([]int32{}, partitions...)
	slices.Sort(sorted)
	tell(map[string]any{"event": "assigned", "member": member, "partitions": sorted})
}

// Saw tells that a member received a record.
func Saw(member string, value []byte) {
	tell(map[string]any{"event": "saw", "member": member, "value": string(value)})
}

// Failed tells that a member cannot go on.
func Failed(member string, err error) {
	tell(map[string]any{"event": "failed", "member": member, "message": err.Error()})
}

// Serve tells the version of the client's module, then answers commands until stdin ends.
func Serve(module string, handlers Handlers) {
	tell(map[string]any{"event": "ready", "version": versionOf(module)})
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := input.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		var command Command
		if err == nil {
			err = json.Unmarshal(line, &command)
		}
		if err != nil {
			panic(err)
		}
		handle, known := handlers[command.Op]
		if !known {
			handle = func(Command) (any, error) { return nil, fmt.Errorf("no %s here", command.Op) }
		}
		if result, err := handle(command); err != nil {
			tell(map[string]any{"id": command.ID, "error": err.Error()})
		} else {
			tell(map[string]any{"id": command.ID, "result": result})
		}
	}
}

func versionOf(module string) string {
	build, _ := debug.ReadBuildInfo()
	for _, dependency := range build.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return "unknown"
}

// Bytes are nil for null and not nil for empty.
func Bytes(text *string) []byte {
	if text == nil {
		return nil
	}
	return append([]byte{}, *text...)
}

// Text is nil for null.
func Text(bytes []byte) *string {
	if bytes == nil {
		return nil
	}
	text := string(bytes)
	return &text
}
