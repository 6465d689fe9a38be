package meter

import (
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// snapshot takes a snapshot while batches come in.
func (r *modelRun) snapshot() {
	healthy := r.healthy()
	r.meter.keeping.writing.Lock()
	defer r.meter.keeping.writing.Unlock()
	err := r.meter.store().journal.Snapshot(now(), &busySource{Source: r.meter.engine, run: r})
	switch {
	case r.disk.dead():
	case err == nil:
		r.model.sync(r.model.live.seq)
		r.saw("snapshot")
		r.endings = 0
	default:
		r.saw("snapshot failed")
		require.False(r.t, healthy, "snapshot: %v", err)
		r.flush() // as the meter does: it may be broken
	}
}

// busySource lets batches come in while a snapshot is copied from it.
type busySource struct {
	journal.Source
	run *modelRun
}

// StoredRows copies series, before or after a batch.
func (b *busySource) StoredRows(rows []usage.Row, from uint32, limit int) ([]usage.Row, uint32, bool) {
	b.maybeSend()
	rows, next, more := b.Source.StoredRows(rows, from, limit)
	b.maybeSend()
	return rows, next, more
}

// KeyFiles copies the names of files, behind a batch.
func (b *busySource) KeyFiles() []usage.KeyFile {
	b.maybeSend()
	return b.Source.KeyFiles()
}

// Totals copies the totals, behind a batch.
func (b *busySource) Totals() usage.Totals {
	b.maybeSend()
	return b.Source.Totals()
}

func (b *busySource) maybeSend() {
	switch b.run.rng.IntN(4) {
	case 0:
		b.run.saw("batch within a snapshot")
		b.run.sendNew()
	case 1:
		b.run.resend(1, false)
	}
}
