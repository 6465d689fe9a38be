package journal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// sweep removes what a new generation has made superfluous. The generation
// before it stays, as what recovery falls back on if the newest snapshot turns
// out to be damaged. What was damaged already is moved away, never removed.
func (j *Journal) sweep(newest keptState) error {
	if err := j.keepTorn(); err != nil {
		return err
	}
	found, err := j.list()
	if err != nil {
		return err
	}
	kept := j.needed(newest)
	for _, f := range found {
		switch {
		case f.damaged, j.spoilt.has(f.name) && !newest.lists(f):
			if _, err := j.fs.Quarantine(f.name); err != nil {
				return fmt.Errorf("move `%s` to quarantine: %w", f.name, err)
			}
		case f.torn, kept(f):
		default:
			if err := j.fs.Remove(f.name); err != nil {
				return fmt.Errorf("remove superseded file: %w", err)
			}
		}
	}
	j.kept = newest
	return nil
}

// keptState is a snapshot that stays until the next but one is there.
type keptState struct {
	generation uint64
	keys       []uint64 // numbers of the files with dedup keys that it refers to
	window     uint64   // number of the window that is on its way, 0: none
	history    []uint64 // numbers of the files of history that it lists
}

// lists says whether a snapshot refers to a file of history.
func (k *keptState) lists(f stateFile) bool { return slices.Contains(k.history, f.number) }

// needed says which files recovery needs when it begins with the newest
// snapshot or with the one before. The journals between the two end with the
// same window.
func (j *Journal) needed(newest keptState) func(f stateFile) bool {
	before := j.kept
	return func(f stateFile) bool {
		switch f.kind {
		case keysKind:
			return slices.Contains(newest.keys, f.number) || slices.Contains(before.keys, f.number)
		case historyKind:
			return newest.lists(f) || before.lists(f)
		case windowKind:
			return f.number == newest.window
		default:
			return f.number >= before.generation
		}
	}
}

// setDamagedAside gives files that cannot be used a name that says so. Should
// the process die before they are moved to the quarantine, no later one takes
// them for superfluous.
func (j *Journal) setDamagedAside(names []string) error {
	for _, name := range names {
		if f, ok := parseName(name); !ok || f.damaged {
			continue
		}
		if err := j.fs.Rename(name, name+damagedSuffix); err != nil {
			return fmt.Errorf("set `%s` aside: %w", name, err)
		}
	}
	if len(names) > 0 {
		return j.fs.Sync()
	}
	return nil
}

// keepTorn renames the journals whose end was cut, so that they stay when they
// are superseded: what was cut may be wanted. Superseded ones of earlier
// recoveries make room.
func (j *Journal) keepTorn() error {
	if len(j.torn) == 0 {
		return nil
	}
	errs := j.removeAll(tornSuffix, func(f stateFile) bool {
		return f.number < j.kept.generation && !slices.Contains(j.torn, f.name)
	})
	for _, name := range j.torn {
		if f, _ := parseName(name); !f.torn {
			errs = errors.Join(errs, j.fs.Rename(name, name+tornSuffix))
		}
	}
	j.torn = nil
	return errs
}

// removeLeftovers removes what was never finished.
func (j *Journal) removeLeftovers() error {
	return j.removeAll(tempSuffix, func(stateFile) bool { return true })
}

// removeAll removes those of our files with a suffix behind their name that
// nobody needs.
func (j *Journal) removeAll(suffix string, superfluous func(stateFile) bool) error {
	entries, err := j.fs.List()
	if err != nil {
		return fmt.Errorf("list directory: %w", err)
	}
	var errs error
	for _, e := range entries {
		base, ok := strings.CutSuffix(e.Name, suffix)
		f, ours := parseName(base)
		if f.name = e.Name; ok && ours && superfluous(f) {
			errs = errors.Join(errs, j.fs.Remove(e.Name))
		}
	}
	return errs
}
