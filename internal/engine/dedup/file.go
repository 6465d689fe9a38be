package dedup

import "slices"

// File is a segment whose keys the caller has stored.
type File struct {
	Minute int64
	Number uint64
	Keys   int
}

// Unfiled returns the oldest segment that is over and has no file, nil if there
// is none. The caller stores its keys, without the lock, and tells Filed. The
// lock must be held.
func (w *Window) Unfiled() *Segment {
	for _, s := range *w.over.Load() {
		if s.file == 0 {
			return s
		}
	}
	return nil
}

// Filed notes the number, not 0, of the file that has the keys of a segment. It
// returns false if the segment has been forgotten meanwhile, and the file is
// superfluous. The lock must be held.
func (w *Window) Filed(s *Segment, number uint64) bool {
	over := *w.over.Load()
	at := indexOf(over, s)
	if at < 0 {
		return false
	}
	over[at].file = number
	return true
}

// Files returns the files of what is remembered, oldest first. Each belongs to
// a snapshot, and no other file does. The lock must be held.
func (w *Window) Files() []File {
	var files []File
	for _, s := range *w.over.Load() {
		if s.file != 0 {
			files = append(files, File{Minute: s.minute, Number: s.file, Keys: s.keys})
		}
	}
	return files
}

// indexOf returns where a segment is, packed or not; -1: nowhere.
func indexOf(over []*Segment, s *Segment) int {
	return slices.IndexFunc(over, func(other *Segment) bool { return other.id == s.id })
}

// Unfile notes that there are no files any more. The lock must be held.
func (w *Window) Unfile() {
	for _, s := range *w.over.Load() {
		s.file = 0
	}
}
