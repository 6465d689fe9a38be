package meter

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// A window is not sent while nothing can be kept, and no new one is cut.
func TestNoWindowIsSentWhileTheDiskFails(t *testing.T) {
	b, next := newDeltaBench(t), newBackend(t)
	next.answer = refuseCalls(errLater, 1)
	x := b.exit("metrics", next)
	b.serve(0, 2)
	require.ErrorIs(t, b.export(x), errLater)
	b.disk.FailNow(true)
	for range 3 {
		b.serve(0, 2)
		require.ErrorContains(t, b.export(x), "not exported before it is stored")
	}
	assert.Equal(t, 1, next.calls)
	b.disk.Heal()
	b.upkeep()
	b.mustExport(x)
	assert.Equal(t, int64(8), next.requests())
	assert.Equal(t, next.refused[0], next.taken[0])
	b.stop()
}

// Snapshots keep the window on its way, and bound the journal.
func TestSnapshotsKeepTheWindow(t *testing.T) {
	b, next := newDeltaBench(t), newBackend(t)
	next.answer = refuseCalls(errLater, 2)
	x := b.exit("metrics", next)
	b.serve(0, 2)
	b.mustExport(x)
	b.serve(0, 2)
	require.ErrorIs(t, b.export(x), errLater)
	for range 3 {
		require.NoError(t, b.store().journal.Snapshot(now(), b.engine))
		b.serve(0, 1)
	}
	assert.Len(t, b.windowFiles(), 1)
	b.die()
	b.start()
	b.mustExport(b.exit("metrics", next))
	assert.Equal(t, next.refused[0], next.taken[1])
	assert.Equal(t, int64(7), next.requests())
	assert.Empty(t, b.windowFiles())
	b.stop()
}

// The end of a window that cannot be read back is in the next one.
func TestUnreadableEndOfAWindowIsInTheNext(t *testing.T) {
	b, next := newDeltaBench(t), newBackend(t)
	b.serve(0, 3*rowsPerExport)
	x := b.exit("metrics", next)
	b.disk.FS = brokenReads{b.disk.FS}
	require.ErrorIs(t, b.export(x), filestest.ErrFault)
	assert.Equal(t, 1, b.engine.Window().Chunks, "what could be read")
	for taken := range 2 {
		require.ErrorIs(t, b.export(x), filestest.ErrFault)
		assert.Equal(t, int64((taken+1)*rowsPerExport), next.requests())
	}
	b.mustExport(x)
	assert.Equal(t, int64(3*rowsPerExport), next.requests())
	assert.Zero(t, next.again)
	b.stop()
}

// brokenReads lets no window be read any further than its first chunk.
type brokenReads struct{ files.FS }

func (d brokenReads) Open(name string) (io.ReadCloser, error) {
	f, err := d.FS.Open(name)
	if strings.HasSuffix(name, ".window") {
		f = brokenReader{io.MultiReader(io.LimitReader(f, 2<<20), iotest.ErrReader(filestest.ErrFault)), f}
	}
	return f, err
}

type brokenReader struct {
	io.Reader
	io.Closer
}
