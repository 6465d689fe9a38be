package usage

// Marks are the dedup keys of a batch: one for each record, 0 for a record that
// has none, then at most one for all those that have none, then those that some
// records have beside their own.
type Marks struct {
	// Keys and Seen are parallel: Seen says that a key was counted before.
	Keys []uint64
	Seen []bool
	// shared is 1 + the place of the key of all records without one; 0: none.
	shared int
	// also are the records of the keys at the end.
	also []int32
}

func (m *Marks) reset() { *m = Marks{Keys: m.Keys[:0], Seen: m.Seen[:0], also: m.also[:0]} }

func (m *Marks) add(key uint64) {
	m.Keys = append(m.Keys, key)
	m.Seen = append(m.Seen, false)
}

// Withdraw takes back the key of a record.
func (m *Marks) Withdraw(record int) { m.Keys[record] = 0 }

// Supply gives a record a key that has none.
func (m *Marks) Supply(record int, key uint64) {
	if m.Keys[record] == 0 {
		m.Keys[record] = key
	}
}

// Share adds the key of all records that have none. No record may follow it.
func (m *Marks) Share(key uint64) {
	m.add(key)
	m.shared = len(m.Keys)
}

// Also adds the key under which another signal tells of the same call as a
// record. Nothing but such keys may follow it.
func (m *Marks) Also(record int, key uint64) {
	m.add(key)
	m.also = append(m.also, int32(record))
}

// duplicate says whether a record was counted before.
func (m *Marks) duplicate(record int) bool {
	if m.Keys[record] == 0 && m.shared > 0 {
		record = m.shared - 1
	}
	return m.Seen[record]
}

// alias is the n-th of the keys added with Also: its place and its record.
func (m *Marks) alias(n int) (place, record int) {
	return len(m.Keys) - len(m.also) + n, int(m.also[n])
}

// AppendNew appends the keys that were not seen before.
func (m *Marks) AppendNew(dst []uint64) []uint64 {
	for i, key := range m.Keys {
		if key != 0 && !m.Seen[i] {
			dst = append(dst, key)
		}
	}
	return dst
}

// KeyFile is a file that holds the dedup keys of a part of a minute.
type KeyFile struct {
	Number uint64
	Minute int64 // of the state's age
	Count  int
}
