package usage

// Activity is what a record tells of a session.
type Activity uint8

const (
	// Succeeded keeps a session active, or begins it.
	Succeeded Activity = iota
	// Failed leaves an active session as it is; without one it is a session that
	// has failed.
	Failed
	// Started is the event that begins a session, Ended the one that ends it.
	Started
	Ended
)

// Touch is one activity of a session.
type Touch struct {
	Activity Activity
	// First and Last are when it began and ended, in Unix nanoseconds.
	First, Last int64

	record int32
	owner  span // key of the series of the owner's sessions; empty: whoever has one
	id     span
	// hashes of the two
	ownerHash, idHash uint64
}

// Touch notes what a record tells of the session with an ID: that of the owner
// whose series has a key or, without one, those of all owners.
func (b *Batch) Touch(record int, owner, id []byte, t Touch) {
	t.record = int32(record)
	t.id, t.idHash = b.store(id), b.hasher.Sum(id)
	if last := len(b.touches) - 1; last >= 0 && string(b.bytes(b.touches[last].owner)) == string(owner) {
		t.owner, t.ownerHash = b.touches[last].owner, b.touches[last].ownerHash
	} else {
		t.owner, t.ownerHash = b.store(owner), b.hasher.Sum(owner)
	}
	b.touches = append(b.touches, t)
}

// Touched is a touch with what it refers to, which belongs to the batch.
type Touched struct {
	*Touch
	Owner, ID         []byte
	OwnerHash, IDHash uint64
}

// Touches calls f with every touch whose record is counted.
func (b *Batch) Touches(f func(Touched)) {
	for i := range b.touches {
		t := &b.touches[i]
		if b.isCounted(&b.records[t.record]) {
			f(Touched{t, b.bytes(t.owner), b.bytes(t.id), t.ownerHash, t.idHash})
		}
	}
}

// isCounted says whether a record is counted, and not in a shadow that is skipped.
func (b *Batch) isCounted(r *Record) bool {
	return r.verdict == Counted && (r.Group == NoGroup || b.groups[r.Group].counted > 0)
}

// SkipShadow books the records of a group that repeat inference calls as skipped:
// those that count for nothing else.
func (b *Batch) SkipShadow(group int) {
	b.Ledger.Move(Counted, SkippedInferenceHTTP, b.Counted(group))
	g := &b.groups[group]
	g.counted, g.hit = 0, 0
}
