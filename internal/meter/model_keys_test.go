package meter

import (
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelKeys remembers what was counted, and for how long that has to be.
type modelKeys struct {
	window int64 // minutes; 0: nothing is remembered
	seen   map[string][]modelSeen
	// unsure are keys of which it is not known whether they are remembered:
	// configurations with other windows were tried in between.
	unsure map[string]bool
}

// modelSeen is one commit that has made a key known.
type modelSeen struct {
	minute int64 // of the state's age
	seq    uint64
}

func newModelKeys() modelKeys {
	return modelKeys{seen: map[string][]modelSeen{}, unsure: map[string]bool{}}
}

// insert remembers the keys of a reading and says what was counted before.
func (k *modelKeys) insert(r *modelReading, aliases []*modelRecord, minute int64, seq uint64) {
	if k.window == 0 {
		return
	}
	for i := range r.records {
		if record := &r.records[i]; record.key != "" && k.take(record.key, minute, seq) {
			record.verdict = usage.Duplicate
		}
	}
	if r.fingerprint != "" && k.take(r.fingerprint, minute, seq) {
		for i := range r.records {
			if record := &r.records[i]; record.series != "" && record.key == "" {
				record.verdict = usage.Duplicate
			}
		}
	}
	for _, record := range aliases {
		if k.take("call "+record.alias, minute, seq) && record.verdict == usage.Counted {
			record.verdict = usage.SkippedDuplicateSignal
			record.see("one call in two records")
		}
	}
}

// take remembers a key and says whether it was remembered.
func (k *modelKeys) take(key string, minute int64, seq uint64) bool {
	if k.has(key, minute) {
		return true
	}
	k.seen[key] = append(k.seen[key], modelSeen{minute: minute, seq: seq})
	return false
}

func (k *modelKeys) has(key string, minute int64) bool {
	return slices.ContainsFunc(k.seen[key], func(s modelSeen) bool { return s.minute >= minute-k.window })
}

// doubtful says whether it is unknown what will become of a reading.
func (k *modelKeys) doubtful(r *modelReading) bool {
	return slices.ContainsFunc(r.keys(), func(key string) bool { return k.unsure[key] })
}

// lose forgets what came after a commit.
func (k *modelKeys) lose(seq uint64) {
	for key, list := range k.seen {
		list = slices.DeleteFunc(list, func(s modelSeen) bool { return s.seq > seq })
		if k.seen[key] = list; len(list) == 0 {
			delete(k.seen, key)
		}
	}
}

// doubt says that what is out of a window, at a minute, may be forgotten, but
// that a larger window may find it still there.
func (k *modelKeys) doubt(window, minute int64) {
	for key, list := range k.seen {
		if window == 0 || list[len(list)-1].minute < minute-window {
			delete(k.seen, key)
			k.unsure[key] = true
		}
	}
}

// held is how many keys there are at a minute.
func (k *modelKeys) held(minute int64) (n int) {
	for key := range k.seen {
		if k.has(key, minute) {
			n++
		}
	}
	return n
}
