package journal

import "github.com/otelusage/usageprocessor/internal/usage"

// Adopt makes a journal that was recovered, and not started, take the state of somebody
// who went on counting elsewhere, or nowhere: what was read here is forgotten. Start
// makes it count; until then files can be written that it refers to. They get numbers
// above those of files of a history that is kept elsewhere, so that nobody takes one for
// the other, nor for one that a reset masks.
func (j *Journal) Adopt(id Identity, layoutSince int64, elsewhere *usage.History) {
	j.header.Identity, j.header.layout, j.header.layoutSince = id, j.options.Layout, layoutSince
	// Older generations are no state of the same kind: nothing to fall back on.
	j.kept = keptState{generation: j.header.generation + 1}
	j.passNumbers(elsewhere)
	j.file.Lock()
	defer j.file.Unlock()
	j.file.state = adopting
	j.pending.Lock()
	defer j.pending.Unlock()
	j.pending.appended, j.pending.window = 0, usage.Window{}
}

// HistoryNumber is the newest number that a file of history was given.
func (j *Journal) HistoryNumber() uint64 { return j.numbers[historyKind] }

// PassHistoryNumber keeps files of history from getting numbers up to one that was given
// elsewhere.
func (j *Journal) PassHistoryNumber(n uint64) {
	j.numbers[historyKind] = max(j.numbers[historyKind], n)
}

// Follow says what an adopted state contains: commits up to seq, unless later ones were
// appended already, and how far its window has come.
func (j *Journal) Follow(seq uint64, window *usage.Window) {
	j.pending.Lock()
	defer j.pending.Unlock()
	j.pending.appended, j.pending.window = max(j.pending.appended, seq), window.Clone()
}

// adopted says that what comes next needs the snapshot that Start writes.
func (j *Journal) adopted() {
	j.file.Lock()
	defer j.file.Unlock()
	if j.file.state == adopting {
		j.file.state = closed
	}
}
