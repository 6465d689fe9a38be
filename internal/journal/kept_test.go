package journal

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/engine/dedup"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// kept is an engine that remembers what it counted, on a journal: what a meter
// consists of, without its clock and its goroutines.
type kept struct {
	*engine.Engine
	journal   *Journal
	hasher    usage.Hasher
	layout    *usage.Layout
	endpoints *usage.Schema
	providers *usage.Schema
	found     Recovered
	// age and wall are what the clocks show.
	age, wall int64
}

// openKept recovers what is on a disk and starts a run, unless anything is
// damaged and it is not to be moved away.
func openKept(fsys files.FS, quarantine bool) (*kept, error) {
	k := newKept(fsys)
	if err := k.begin(quarantine); err != nil {
		return nil, errors.Join(err, k.journal.Close())
	}
	return k, nil
}

func newKept(fsys files.FS) *kept { return newKeptIn(fsys, usage.ExponentialLayout()) }

func newKeptIn(fsys files.FS, layout *usage.Layout) *kept {
	schemas := &usage.Schemas{}
	k := &kept{hasher: usage.NewHasher(), layout: layout}
	k.endpoints = schemas.Intern(usage.Endpoint, usage.BaseNames(usage.Endpoint))
	k.providers = schemas.Intern(usage.Provider, usage.BaseNames(usage.Provider))
	k.journal = New(Options{Schemas: schemas, Layout: k.layout, FS: fsys})
	k.Engine = engine.New(engine.Options{
		Schemas: schemas, Hasher: k.hasher, Layout: k.layout, Journal: k.journal.Append, JournalWindow: k.journal.AppendWindow,
		Since: 1e9,
		Dedup: dedup.New(dedup.Options{Minutes: 10}),
	})
	return k
}

func (k *kept) begin(quarantine bool) (err error) {
	k.found, err = k.journal.Recover(k.Engine)
	if err == nil && !quarantine {
		err = errors.Join(k.found.Damage...)
	}
	if err != nil {
		return err
	}
	return k.start()
}

// start goes on from what was found.
func (k *kept) start() error {
	if k.found.Lost {
		k.Retire()
	}
	k.age, k.wall = k.found.Moment.Age, max(k.found.Moment.Wall, 1e18)
	id := k.found.Identity
	if id.Writer == "" {
		id.Writer = "writer"
	}
	id.Epoch++
	return k.journal.Start(id, time.Unix(0, 1), k.found.LayoutSince, k.Engine)
}

// send commits one request with a dedup key, and returns the number of the
// commit.
func (k *kept) send(key uint64) uint64 {
	schema, values := k.endpoints, []string{"service", "http", fmt.Sprintf("GET /%d", key%3)}
	if key%4 == 0 {
		schema, values = k.providers, []string{"service", "openai", usage.GenAI, "gpt", "chat"}
	}
	var b usage.KeyBuilder
	b.Reset(schema)
	for _, v := range values {
		b.Value(v)
	}
	batch := usage.NewBatch(k.hasher)
	source := int32(0)
	if schema == k.providers {
		source = batch.Source(usage.AppendSource(nil, usage.Provider, "gen_ai", "tlm", fmt.Sprint(key%3)), usage.Rank(key%3))
	}
	group, _ := batch.Group(b.Bytes(), k.hour(), source)
	record := usage.Record{Group: group, Duration: 1e6, Bucket: k.layout.Bucket(1e6)}
	if schema != k.providers {
		batch.Add(record, spread(key))
	} else {
		k.addInference(batch, record, key)
	}
	return k.Commit(batch, usage.Moment{Wall: k.wall, Age: k.age})
}

// hour is the one that goes on.
func (k *kept) hour() int64 { return k.wall / int64(time.Hour) * 3600 }

// addInference adds a call and, as a data point, what all calls have cost so far.
func (k *kept) addInference(b *usage.Batch, r usage.Record, key uint64) {
	point := usage.Record{Group: r.Group}
	r.Inference = b.AddInference(usage.Inference{Tokens: [usage.TokenTypes]int64{1, 2, 3, 4, 5}, TimeToFirstToken: -1})
	at := int64(key) * 100
	b.AddCall(b.Add(r, spread(key)), usage.Call{Self: spread(key + 1), Parent: spread(key + 1e6), Twin: spread(key % 8), Start: at, End: at + 50})
	point.Amount = b.AddAmount(usage.Amount{
		Value:  usage.Value{Sum: at, Count: int64(key), Spread: []usage.BucketCount{{Bucket: 3, Count: int64(key)}}},
		Stream: spread(key % 8), Start: 1e18, Time: at, Field: usage.FieldTimeToFirstToken,
	})
	b.Add(point, 0)
}

// spread makes a hash of a key: they are expected to be spread evenly.
func spread(key uint64) uint64 { return key * 0x9E3779B97F4A7C15 }

// writeKeys writes the dedup keys of minutes that are over to files.
func (k *kept) writeKeys() error {
	for k.PackKeys() {
	}
	for keys := k.UnfiledKeys(); keys != nil; keys = k.UnfiledKeys() {
		file, err := k.journal.WriteKeys(keys.Minute(), keys.Keys())
		if err != nil {
			return err
		}
		k.FileKeys(keys, file.Number)
	}
	return nil
}

func (k *kept) snapshot() error { return k.journal.Snapshot(time.Unix(0, 1), k) }

// total is how many requests were counted, whether their series live or not.
func (k *kept) total() (n int64) {
	rows, _, _ := k.Rows(nil, 0, math.MaxInt32)
	for i := range rows {
		n += rows[i].TotalRequests()
	}
	retired, _ := k.Retired(nil, 0, math.MaxInt32)
	for i := range retired {
		n += retired[i].TotalRequests()
	}
	return n
}

// loss is a way to lose something, and what is left of the disk.
type loss struct {
	name string
	left *filestest.Memory
}

// losses are what is left of a disk after its process was killed, and after the
// power was lost: nothing that was not synced, some of it, or all. What is left to
// the byte as by one before is not among them: most is promised of the first.
func losses(disk *filestest.Memory, seed uint64) (list []loss) {
	var left []map[string][]byte
	for _, l := range []loss{
		{"process killed", disk.Kill()},
		{"power lost, 0 % kept", disk.Crash(rand.New(constant(1 << 32)))},
		{"power lost, 50 % kept", disk.Crash(rand.New(rand.NewPCG(seed, 0)))},
		{"power lost, 100 % kept", disk.Crash(rand.New(constant(math.MaxUint64)))},
	} {
		all := contents(l.left)
		same := func(other map[string][]byte) bool { return maps.EqualFunc(all, other, bytes.Equal) }
		if !slices.ContainsFunc(left, same) {
			list, left = append(list, l), append(left, all)
		}
	}
	return list
}

// constant is a source of randomness that always decides for the least, or the
// most, of what there is to choose from. It is never 0: IntN would look for
// another number for ever.
type constant uint64

// Uint64 returns the same as ever.
func (c constant) Uint64() uint64 { return uint64(c) }
