package usage

// Marks are the dedup keys of a batch: one for each record, 0 for a record that
// has none, then at most one for all those that have none.
type Marks struct {
	// Keys and Seen are parallel: Seen says that a key was counted before.
	Keys []uint64
	Seen []bool
	// shared says that the last key is that of all records without one.
	shared bool
}

func (m *Marks) reset() { *m = Marks{Keys: m.Keys[:0], Seen: m.Seen[:0]} }

func (m *Marks) add(key uint64) {
	m.Keys = append(m.Keys, key)
	m.Seen = append(m.Seen, false)
}

// Share adds the key of all records that have none. No record may follow it.
func (m *Marks) Share(key uint64) {
	m.add(key)
	m.shared = true
}

// duplicate says whether a record was counted before.
func (m *Marks) duplicate(record int) bool {
	if m.Keys[record] == 0 && m.shared {
		record = len(m.Keys) - 1
	}
	return m.Seen[record]
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
