package usage

import "encoding/binary"

// Record is one metered call of a batch. It holds numbers only: nothing of the
// telemetry it was read from has to stay alive.
type Record struct {
	// Duration is in nanoseconds, never negative.
	Duration      int64
	RequestBytes  int64
	ResponseBytes int64
	// Group is the record's identity: what [Batch.Group] returned, or NoGroup.
	Group int32
	// Inference points to what only inference calls have: what
	// [Batch.AddInference] returned, or 0.
	Inference int32
	// Amount points to what only data points have: what [Batch.AddAmount]
	// returned, or 0. Such a record is no call of its own.
	Amount  int32
	Bucket  Bucket
	Outcome Outcome
	// verdict is what becomes of the record; Counted until it is dropped.
	verdict Verdict
	// hit says that it counts for meters of the user's own.
	hit bool
}

// NoGroup is of a record that is no call of an endpoint or to a provider, but tells
// of something else that counts: a session, or a meter of the user's own.
const NoGroup = -1

// Batch is what one Consume call amounts to: its records, grouped by identity
// and hour. It is filled by extract, sealed, committed by the engine and then
// reused; once it has grown to the size of the traffic, nothing is allocated.
// A batch belongs to one goroutine at a time.
type Batch struct {
	Signal Signal
	Ledger Ledger
	// Marks are the records' dedup keys.
	Marks Marks

	hasher     Hasher
	records    []Record
	inferences []Inference
	amounts    []Amount
	points     int // amounts that are of cumulative streams
	calls      []recordCall
	touches    []Touch
	hits       []hit
	groups     []group
	sources    []source
	resource   int // first of the sources of the resource being read
	keys       []byte
	index      []int32 // open addressing: group number + 1, 0 is free

	deltas  []Delta
	buckets []Bucket      // what Delta.Durations and FirstTokens refer to
	spreads []BucketCount // what its spreads refer to
}

// recordCall is the call that a record is about.
type recordCall struct {
	record int32
	Call
}

// source is one signal of the records that tell of the same calls, or one of
// several ways in which a signal does.
type source struct {
	name   span // see AppendSource
	rank   Rank
	within int32 // the signal's own number; 0: it is the signal
	// counts says that it has counted records, dropped that it is not billed; both
	// are of the call of Sources that goes on.
	counts, dropped bool
}

// group is one identity and hour within the batch.
type group struct {
	hash   uint64
	hour   int64
	key    span
	source int32 // what Batch.Source returned, or 0
	// shadow is the claim under which the group would repeat inference calls.
	shadow span
	// observations, counted by Seal
	durations, firstTokens int
	counted                int32 // records
	hit                    int32 // those of them that count for meters, too
}

// span is a part of Batch.keys.
type span struct{ start, end int }

const initialIndex = 256

// NewBatch returns an empty batch whose keys are hashed with hasher.
func NewBatch(hasher Hasher) *Batch {
	return &Batch{hasher: hasher, index: make([]int32, initialIndex)}
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	clear(b.index)
	b.Ledger = Ledger{}
	b.Marks.reset()
	clear(b.amounts) // they refer to spreads
	b.records, b.inferences, b.amounts, b.calls = b.records[:0], b.inferences[:0], b.amounts[:0], b.calls[:0]
	b.groups, b.sources, b.keys, b.deltas = b.groups[:0], b.sources[:0], b.keys[:0], b.deltas[:0]
	b.touches, b.hits = b.touches[:0], b.hits[:0]
	b.resource, b.points = 0, 0
}

// Source returns the number of a signal that tells of calls which others may
// tell of as well.
func (b *Batch) Source(name []byte, rank Rank) int32 { return b.SourceWithin(name, rank, 0) }

// SourceWithin is Source for one of several ways in which a signal tells of calls:
// it bills if the signal and the way do.
func (b *Batch) SourceWithin(name []byte, rank Rank, within int32) int32 {
	for i := b.resource; i < len(b.sources); i++ {
		if s := &b.sources[i]; s.rank == rank && s.within == within && string(b.bytes(s.name)) == string(name) {
			return int32(i + 1)
		}
	}
	b.sources = append(b.sources, source{name: b.store(name), rank: rank, within: within})
	return int32(len(b.sources))
}

// BeginResource ends the search for sources at those that come from here on: a
// resource has a handful, a batch may have as many services as records.
func (b *Batch) BeginResource() { b.resource = len(b.sources) }

// Group returns the number of the group with this key, hour and source, and
// whether it is new to the batch. The key is copied.
func (b *Batch) Group(key []byte, hour int64, source int32) (n int32, added bool) {
	hash := b.hasher.Sum(key)
	mask := uint64(len(b.index) - 1)
	// Nearly always a batch covers one hour: the hour is compared, not hashed.
	for i := hash & mask; ; i = (i + 1) & mask {
		n := b.index[i] - 1
		if n < 0 {
			return b.addGroup(i, group{hash: hash, hour: hour, key: b.store(key), source: source}), true
		}
		if g := &b.groups[n]; g.hash == hash && g.hour == hour && g.source == source && string(b.bytes(g.key)) == string(key) {
			return n, false
		}
	}
}

func (b *Batch) addGroup(at uint64, g group) int32 {
	b.groups = append(b.groups, g)
	b.index[at] = int32(len(b.groups))
	if 2*len(b.groups) > len(b.index) {
		b.growIndex()
	}
	return int32(len(b.groups) - 1)
}

func (b *Batch) growIndex() {
	b.index = make([]int32, 2*len(b.index))
	mask := uint64(len(b.index) - 1)
	for n := range b.groups {
		i := b.groups[n].hash & mask
		for b.index[i] != 0 {
			i = (i + 1) & mask
		}
		b.index[i] = int32(n + 1)
	}
}

// Shadow marks a group as the transport of inference calls: it is skipped once
// the engine has counted inference under the claim (see [AppendClaim]).
func (b *Batch) Shadow(group int32, claim []byte) { b.groups[group].shadow = b.store(claim) }

func (b *Batch) store(p []byte) span {
	start := len(b.keys)
	b.keys = append(b.keys, p...)
	return span{start, len(b.keys)}
}

func (b *Batch) bytes(s span) []byte { return b.keys[s.start:s.end] }

// AddInference keeps what an inference call reports, for Record.Inference.
func (b *Batch) AddInference(v Inference) int32 {
	b.inferences = append(b.inferences, v)
	return int32(len(b.inferences))
}

// TokensOf are the tokens of a record that is about to be added.
func (b *Batch) TokensOf(r *Record) [TokenTypes]int64 {
	if r.Inference == 0 {
		return [TokenTypes]int64{}
	}
	return b.inferences[r.Inference-1].Tokens
}

// Add appends a record, booked as counted, with its dedup key (0: it has none)
// and returns its number.
func (b *Batch) Add(r Record, key uint64) int {
	b.records = append(b.records, r)
	b.Marks.add(key)
	b.Ledger[Counted]++
	if r.Group != NoGroup {
		b.groups[r.Group].counted++
	}
	return len(b.records) - 1
}

// Drop takes a record out and books it under another verdict. Its dedup key
// stays: what repeats a call in this batch may come back without the call.
func (b *Batch) Drop(record int, verdict Verdict) {
	r := &b.records[record]
	before := r.booked()
	if r.verdict == Counted && verdict != Counted && r.Group != NoGroup {
		b.groups[r.Group].counted--
		if r.hit {
			b.groups[r.Group].hit--
		}
	}
	r.verdict = verdict
	b.Ledger.Move(before, r.booked(), 1)
}

// WithdrawAliases takes back the second keys of records that are not counted:
// the record that is counted instead may have the same.
func (b *Batch) WithdrawAliases() {
	for n := range b.Marks.also {
		if place, record := b.Marks.alias(n); b.records[record].verdict != Counted {
			b.Marks.Keys[place] = 0
		}
	}
}

// DropDuplicates drops every record whose mark was seen before.
func (b *Batch) DropDuplicates() {
	for i := range b.records {
		if b.Marks.duplicate(i) {
			b.Drop(i, Duplicate)
		}
	}
	for n := range b.Marks.also {
		if place, record := b.Marks.alias(n); b.Marks.Seen[place] && b.records[record].verdict == Counted {
			b.Drop(record, SkippedDuplicateSignal)
		}
	}
}

// Key is a group's identity and its hash.
func (b *Batch) Key(group int) (key []byte, hash uint64) {
	g := &b.groups[group]
	return b.bytes(g.key), g.hash
}

// ShadowOf is the claim that a group shadows; empty for nearly all groups.
func (b *Batch) ShadowOf(group int) []byte { return b.bytes(b.groups[group].shadow) }

// Counted is how many records are counted for a group and for nothing else.
func (b *Batch) Counted(group int) int64 {
	return int64(b.groups[group].counted - b.groups[group].hit)
}

// AppendClaim appends the claim of inference calls of a service at a provider.
// The engine holds the claims of all inference series; a shadow group with the
// same claim repeats them one layer below.
func AppendClaim(dst []byte, service, provider string) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(service)))
	dst = append(dst, service...)
	return append(dst, provider...)
}
