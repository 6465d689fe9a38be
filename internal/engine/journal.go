package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// SetJournal exchanges who is given every commit and every change of the window: see
// [Options]. It happens between two commits.
func (e *Engine) SetJournal(journal func(*usage.Commit), window func(*usage.Window)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.options.Journal, e.options.JournalWindow = journal, window
}

// UnfileKeys notes that no file has the dedup keys any more.
func (e *Engine) UnfileKeys() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.options.Dedup != nil {
		e.options.Dedup.Unfile()
	}
}

// ListFiles lists files again that were dropped, with the resets that they do not know of.
// Now there are no files.
func (e *Engine) ListFiles(list usage.History) {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := &e.history
	h.state = h.state.Exchange(nil, list.Files)
	h.state.Erased = list.Erased
}

// RevertFiles makes the list of files of history what it was, with the resets that they
// do not know of. Nothing was reset meanwhile.
func (e *Engine) RevertFiles(before usage.History) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.history.state.Files, e.history.state.Erased = before.Files, before.Erased
}
