package journal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	journalSuffix  = ".journal"
	snapshotSuffix = ".snapshot"
	tempSuffix     = ".tmp"
	tornSuffix     = ".torn"
	nameDigits     = 20 // of the largest generation
)

func journalName(generation uint64) string {
	return fmt.Sprintf("%0*d%s", nameDigits, generation, journalSuffix)
}

func snapshotName(generation uint64) string {
	return fmt.Sprintf("%0*d%s", nameDigits, generation, snapshotSuffix)
}

// stateFile is a file of the state directory that is ours.
type stateFile struct {
	name       string
	generation uint64
	snapshot   bool
}

// list returns our files, oldest generation first. Files with other names are
// nobody's business; a directory with one of our names is refused.
func (j *Journal) list() ([]stateFile, error) {
	entries, err := j.fs.List()
	if err != nil {
		return nil, fmt.Errorf("list directory: %w", err)
	}
	var files []stateFile
	for _, e := range entries {
		f, ok := parseName(e.Name)
		if !ok {
			continue
		}
		if !e.Regular {
			return nil, fmt.Errorf("`%s` is not a regular file: move it away", f.name)
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b stateFile) int { return cmp.Compare(a.generation, b.generation) })
	return files, nil
}

func parseName(name string) (stateFile, bool) {
	f := stateFile{name: name}
	digits, ok := strings.CutSuffix(name, journalSuffix)
	if !ok {
		digits, f.snapshot = strings.CutSuffix(name, snapshotSuffix)
		ok = f.snapshot
	}
	generation, err := strconv.ParseUint(digits, 10, 64)
	f.generation = generation
	return f, ok && err == nil && len(digits) == nameDigits
}

// keepTorn renames the journals whose end was cut, instead of removing them:
// what was cut may be wanted. Those of earlier recoveries make room.
func (j *Journal) keepTorn() error {
	if len(j.torn) == 0 {
		return nil
	}
	entries, err := j.fs.List()
	if err != nil {
		return fmt.Errorf("list directory: %w", err)
	}
	var errs error
	for _, e := range entries {
		base, old := strings.CutSuffix(e.Name, tornSuffix)
		if _, ours := parseName(base); old && ours {
			errs = errors.Join(errs, j.fs.Remove(e.Name))
		}
	}
	for _, name := range j.torn {
		errs = errors.Join(errs, j.fs.Rename(name, name+tornSuffix))
	}
	j.torn = nil
	return errs
}

// removeLeftovers removes what a snapshot that was never finished left behind.
func (j *Journal) removeLeftovers() error {
	entries, err := j.fs.List()
	if err != nil {
		return fmt.Errorf("list directory: %w", err)
	}
	var errs error
	for _, e := range entries {
		base, temp := strings.CutSuffix(e.Name, tempSuffix)
		if _, ours := parseName(base); temp && ours {
			errs = errors.Join(errs, j.fs.Remove(e.Name))
		}
	}
	return errs
}
