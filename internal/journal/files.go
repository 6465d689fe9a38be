package journal

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// fileKind is what a file of the state directory holds.
type fileKind uint8

const (
	journalKind fileKind = iota
	snapshotKind
	keysKind
	windowKind
	historyKind
	fileKinds = int(historyKind) + 1
)

// suffix ends the name of a file of this kind.
func (k fileKind) suffix() string {
	return [fileKinds]string{".journal", ".snapshot", ".keys", ".window", ".history"}[k]
}

// String is what a report calls it.
func (k fileKind) String() string {
	return [fileKinds]string{"journal", "snapshot", "dedup keys", "window", "history"}[k]
}

// magic begins its content.
func (k fileKind) magic() string {
	return [fileKinds]string{journalMagic, snapshotMagic, keysMagic, windowMagic, historyMagic}[k]
}

const (
	tempSuffix = ".tmp"
	tornSuffix = ".torn"
	// damagedSuffix marks a file that is only waiting to be moved away.
	damagedSuffix = ".damaged"
	nameDigits    = 20 // of the largest number
)

func (k fileKind) name(number uint64) string {
	return fmt.Sprintf("%0*d%s", nameDigits, number, k.suffix())
}

func journalName(generation uint64) string  { return journalKind.name(generation) }
func snapshotName(generation uint64) string { return snapshotKind.name(generation) }
func keysName(number uint64) string         { return keysKind.name(number) }
func windowName(number uint64) string       { return windowKind.name(number) }
func historyName(number uint64) string      { return historyKind.name(number) }

// stateFile is a file of the state directory that is ours.
type stateFile struct {
	name string
	kind fileKind
	// number is the generation of a journal or snapshot.
	number  uint64
	damaged bool // it was found damaged and is named so
	torn    bool // its end was found torn and it is named so
}

// list returns our files, lowest number first. Files with other names are
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
	slices.SortFunc(files, func(a, b stateFile) int { return cmp.Compare(a.number, b.number) })
	return files, nil
}

func parseName(name string) (f stateFile, ok bool) {
	f.name = name
	name, f.damaged = strings.CutSuffix(name, damagedSuffix)
	name, f.torn = strings.CutSuffix(name, tornSuffix)
	for k := range fileKind(fileKinds) {
		digits, ok := strings.CutSuffix(name, k.suffix())
		if !ok || len(digits) != nameDigits {
			continue
		}
		number, err := strconv.ParseUint(digits, 10, 64)
		f.kind, f.number = k, number
		return f, err == nil
	}
	return f, false
}
