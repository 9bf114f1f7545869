// open_loop: ready-made Produce requests at a fixed rate, whether or not those before are answered.
//
//	open_loop PORT REQUESTS_A_SECOND SECONDS FILE
//
// FILE has frames of Produce, version 9, of one partition each: one after the other, as they go
// out. Each has a connection of its own, and they take turns. Request i is due at i / rate, and its
// latency counts from then: a broker that stops for a second is late with all that was due in it
// (coordinated omission). Prints a line of JSON: {"requests", "seconds", "p50", "p99", "p999"}, the
// quantiles in ms. What is due in the first second is sent, but its latencies do not count: that is
// when partitions begin, and how much of a run that is depends on how long it is.
//
//	pacer --due--> writer of the connection --sent--> its reader
//
// Invariant: the pacer waits for nobody. It sleeps in the kernel, to some tens of microseconds,
// where Go's timers come once a millisecond.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"conformance/must"
)

// What follows a frame's length and correlation id: no tagged fields, one topic.
const topicAt = 4 + 1 + 1

const warmUp = time.Second

func main() {
	perSecond := must.Have(strconv.ParseFloat(os.Args[2], 64))
	seconds := must.Have(strconv.ParseFloat(os.Args[3], 64))
	file := must.Have(os.ReadFile(os.Args[4]))
	requests := int(perSecond * (warmUp.Seconds() + seconds))
	frames := split(file)
	lanes := make([]*lane, len(frames))
	var running sync.WaitGroup
	for i, frame := range frames {
		conn := must.Have(net.Dial("tcp", "127.0.0.1:"+os.Args[1]))
		most := requests/len(frames) + 1
		lanes[i] = &lane{conn: conn, frame: frame, due: make(chan time.Time, most), sent: make(chan time.Time, most)}
		running.Add(2)
		go lanes[i].write(&running)
		go lanes[i].read(&running)
	}
	runtime.LockOSThread()
	start := time.Now()
	warm := start.Add(warmUp)
	for i := range requests {
		due := start.Add(time.Duration(float64(i) / perSecond * 1e9))
		sleepUntil(due)
		lanes[i%len(lanes)].due <- due
	}
	for _, each := range lanes {
		close(each.due)
	}
	running.Wait()
	over := time.Since(start)
	var took []time.Duration
	for _, each := range lanes {
		for _, answer := range each.answers {
			if answer.due.After(warm) {
				took = append(took, answer.took)
			}
		}
	}
	print(took, requests, over)
}

func split(file []byte) [][]byte {
	var frames [][]byte
	for len(file) > 0 {
		end := 4 + binary.BigEndian.Uint32(file)
		frames = append(frames, file[:end])
		file = file[end:]
	}
	return frames
}

func sleepUntil(due time.Time) {
	if left := time.Until(due); left > 0 {
		wanted := syscall.NsecToTimespec(left.Nanoseconds())
		// A signal may end it early, by less than it takes to notice.
		syscall.Nanosleep(&wanted, nil)
	}
}

type lane struct {
	conn      net.Conn
	frame     []byte
	due, sent chan time.Time
	answers   []answer
}

type answer struct {
	due  time.Time
	took time.Duration
}

func (l *lane) write(running *sync.WaitGroup) {
	defer running.Done()
	defer close(l.sent)
	for due := range l.due {
		must.Have(l.conn.Write(l.frame))
		l.sent <- due
	}
}

func (l *lane) read(running *sync.WaitGroup) {
	defer running.Done()
	defer l.conn.Close()
	var length [4]byte
	var body bytes.Buffer
	for due := range l.sent {
		must.Have(io.ReadFull(l.conn, length[:]))
		body.Reset()
		must.Have(io.CopyN(&body, l.conn, int64(binary.BigEndian.Uint32(length[:]))))
		l.answers = append(l.answers, answer{due, time.Since(due)})
		must.Succeed(refusal(body.Bytes()))
	}
}

func refusal(answer []byte) error {
	if len(answer) < topicAt+1 {
		return errors.New("an answer ends early")
	}
	// The name's length and one, its bytes, one partition, its index.
	at := topicAt + int(answer[topicAt]) + 1 + 4
	if len(answer) < at+2 {
		return errors.New("an answer ends early")
	}
	if code := int16(binary.BigEndian.Uint16(answer[at:])); code != 0 {
		return fmt.Errorf("produce failed: %d", code)
	}
	return nil
}

func print(took []time.Duration, requests int, over time.Duration) {
	slices.Sort(took)
	at := func(q float64) float64 {
		return took[int(q*float64(len(took)-1))].Seconds() * 1000
	}
	must.Succeed(json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"requests": float64(requests),
		"seconds":  over.Seconds(),
		"p50":      at(0.5),
		"p99":      at(0.99),
		"p999":     at(0.999),
	}))
}
