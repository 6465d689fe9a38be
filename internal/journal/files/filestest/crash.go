package filestest

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes at once. A smaller one makes more cases.
const sector = 512

// Crash returns the disk after a loss of power: everything synced, and a random
// share of the rest. Of the changes to names an initial part happened. Of what
// was written to a file behind what was synced, nothing is left, or an initial
// part, or any of its sectors, with zeros instead of the others.
//
// The disk itself stays as it is: one run can crash thousands of times.
func (m *Memory) Crash(rng *rand.Rand) *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := maps.Clone(m.durable)
	for _, c := range m.changes[:rng.IntN(len(m.changes)+1)] {
		c.apply(names)
	}
	crashed := NewMemory()
	// In the order of their names, or a seed would not say what happens.
	for _, name := range slices.Sorted(maps.Keys(names)) {
		content := names[name].afterCrash(rng)
		f := &inode{content: content, synced: len(content)}
		crashed.names[name], crashed.durable[name] = f, f
	}
	return crashed
}

// afterCrash returns what is left of a file. Without copying it: whoever appends
// to it has to.
func (f *inode) afterCrash(rng *rand.Rand) []byte {
	synced, unsynced := slices.Clip(f.content[:f.synced]), f.content[f.synced:]
	switch kept := rng.IntN(len(unsynced) + 1); rng.IntN(4) {
	case 0:
		return synced
	case 1:
		return slices.Clip(f.content)
	case 2:
		return append(synced, unsynced[:kept]...)
	default:
		return withHoles(rng, append(synced, unsynced[:kept]...), f.synced)
	}
}

// withHoles puts zeros into some of the sectors from a byte on.
func withHoles(rng *rand.Rand, content []byte, from int) []byte {
	for from < len(content) {
		end := min(len(content), (from/sector+1)*sector)
		if rng.IntN(2) == 0 {
			clear(content[from:end])
		}
		from = end
	}
	return content
}

// Kill returns the disk after the death of the process that has it mounted:
// everything that was written is there. What was not synced still is not: it can
// be read, and the next Crash can lose it.
func (m *Memory) Kill() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	clones := map[*inode]*inode{}
	clone := func(f *inode) *inode {
		if f != nil && clones[f] == nil {
			clones[f] = &inode{content: slices.Clip(f.content), synced: f.synced}
		}
		return clones[f]
	}
	killed := NewMemory()
	for name, f := range m.names {
		killed.names[name] = clone(f)
	}
	for name, f := range m.durable {
		killed.durable[name] = clone(f)
	}
	for _, c := range m.changes {
		c.inode = clone(c.inode)
		killed.changes = append(killed.changes, c)
	}
	return killed
}
