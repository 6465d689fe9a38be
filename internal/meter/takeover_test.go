package meter

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// another leaves state of another process: two hours that are over, one that is not.
func another(t *testing.T, dir string, change ...func(*Options)) (requests int64) {
	t.Helper()
	v := newMover(t, dir, change...)
	for range 3 {
		v.serve(0, 2)
		time.Sleep(time.Hour)
	}
	require.NotEmpty(t, v.engine.History().Files)
	v.close()
	return v.served
}

// Older state adds to retired rows and to history, and is not exported; the same again
// adds nothing.
func TestOlderStateIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		found := another(t, filepath.Join(dir, "a"))
		require.NoError(t, os.CopyFS(filepath.Join(dir, "again"), os.DirFS(filepath.Join(dir, "a"))))
		time.Sleep(30 * 24 * time.Hour)

		v := newMover(t, dir, disabled)
		sink := newLedger(t, false, nil)
		x := v.exit(sink)
		v.serve(0, 1)
		v.change(PersistenceChange{Enabled: to(true), FilePath: to("a")})
		live, retired := requestsIn(v.View())
		assert.Equal(t, []int64{1, found}, []int64{live, retired})
		assert.Equal(t, found+1, datedIn(t, v.View()))
		assert.Equal(t, found+1, v.storedRequests("a"))
		assert.Equal(t, found+1, datedIn(t, v.killed("a").View()))
		v.total(found + 1)
		v.export(x)
		assert.Equal(t, int64(1), sink.total(), "exported")
		assert.Equal(t, 1, v.logs.FilterMessageSnippet("was taken over").Len())
		assert.Equal(t, time.Now(), v.Status().Persistence.Loaded)

		v.path("again")
		v.disable()
		v.enable()
		v.path("a")
		v.total(found + 1)
		assert.Equal(t, found+1, datedIn(t, v.View()))
		v.close()

		again := newMover(t, filepath.Join(dir, "a"))
		again.total(found + 1)
		again.close()
	})
}

// What this writer had counted in an earlier process counts once, however much of it is
// here already.
func TestOlderStateOfTheSameWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		first := newMover(t, dir)
		first.serve(0, 2)
		first.path("a")
		first.serve(0, 3)
		time.Sleep(3 * time.Hour)
		first.close()

		second := newMover(t, dir)
		second.total(2)
		second.path("a")
		second.total(5)
		_, retired := requestsIn(second.View())
		assert.Equal(t, int64(5), retired)
		assert.Equal(t, int64(5), datedIn(t, second.View()))
		second.close()
	})
}

// What was reset stays so when history is back after persistence was disabled; after a
// reset meanwhile it is not.
func TestResetThenDisabledAndEnabled_A_U23(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newMover(t, t.TempDir(), func(o *Options) { o.Persistence.Interval, o.Dedup, o.Retention = time.Minute, nil, 0 })
		for range 30 {
			for _, route := range []string{"a", "b"} {
				require.NoError(t, v.Traces(t.Context(), served(route, 1, time.Now()), consumertest.NewNop()))
			}
			time.Sleep(time.Hour)
		}
		_, err := v.Reset(endpointScope("b"))
		require.NoError(t, err)
		time.Sleep(5 * time.Minute)
		before := v.engine.History()
		require.NotEmpty(t, before.Erased, "hours that are in a day")
		hours := historyOf(t, v.View(), usage.Hourly)
		require.Len(t, hours["a"], 30)
		require.Empty(t, hours["b"])
		v.disable()
		v.enable()
		assert.Equal(t, hours, historyOf(t, v.View(), usage.Hourly))
		assert.Equal(t, before, v.engine.History())
		assert.Equal(t, hours, historyOf(t, v.killed("").View(), usage.Hourly))

		v.disable()
		_, err = v.Reset(endpointScope("a"))
		require.NoError(t, err)
		v.enable()
		assert.Empty(t, v.engine.History().Files)
		v.close()
	})
}

// State that cannot be told from what is here is left as it is.
func TestOverlappingStateIsRefused(t *testing.T) {
	dir := t.TempDir()
	v := newMover(t, dir, disabled)
	v.serve(0, 2)
	document := written(t, v.Meter)
	other := newMover(t, filepath.Join(dir, "a"))
	_, err := other.Import(document)
	require.NoError(t, err)
	other.serve(0, 1)
	other.close()

	before := content(t, dir)
	err = v.ReconfigurePersistence(t.Context(), PersistenceChange{Enabled: to(true), FilePath: to("a")})
	require.ErrorIs(t, err, ErrInput)
	v.total(2)
	assert.False(t, v.Status().Persistence.Enabled)
	for path, was := range before {
		if filepath.Base(path) != "lock" {
			assert.Equal(t, was, content(t, dir)[path])
		}
	}
	v.close()
}

// A-N6: damage is moved away, or refused if that is asked for.
func TestDamagedStateElsewhere_A_N6(t *testing.T) {
	for _, refused := range []bool{false, true} {
		dir := t.TempDir()
		damaged := filepath.Join(dir, "a", "00000000000000000001.snapshot")
		require.NoError(t, os.MkdirAll(filepath.Dir(damaged), 0o700))
		require.NoError(t, os.WriteFile(damaged, []byte("noise"), 0o600))
		v := newMover(t, dir, func(o *Options) { o.Persistence.KeepDamaged = refused })
		v.serve(0, 2)
		err := v.ReconfigurePersistence(t.Context(), PersistenceChange{FilePath: to("a")})
		assert.Equal(t, refused, err != nil, "%v", err)
		if refused {
			assert.FileExists(t, damaged)
			assert.Empty(t, v.Status().Persistence.FilePath)
		} else {
			data, err := os.ReadFile(filepath.Join(dir, "a", "quarantine", filepath.Base(damaged)+".damaged"))
			require.NoError(t, err)
			assert.Equal(t, "noise", string(data))
			assert.Equal(t, int64(2), v.storedRequests("a"))
		}
		v.close()
	}
}

// Whatever fails, what was found is not lost, nor counted twice.
func TestTakeoverFails_I1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := t.TempDir()
		found := another(t, state)
		for op := 3; ; op += 7 {
			if !takeoverFails(t, state, found, op) {
				assert.Greater(t, op, 20)
				break
			}
		}
	})
}

func takeoverFails(t *testing.T, state string, found int64, op int) (failed bool) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "a"), os.DirFS(state)))
	v := newMover(t, dir)
	v.serve(0, 2)
	time.Sleep(3 * time.Hour) // they are in a file
	synctest.Wait()
	v.prepare = func(d *filestest.Faulty) { d.FailAt(op, true) }
	err := v.ReconfigurePersistence(t.Context(), PersistenceChange{FilePath: to("a")})
	v.prepare = nil
	if failed = err != nil; failed {
		live, retired := requestsIn(v.View())
		v.total(live + retired)
		assert.GreaterOrEqual(t, datedIn(t, v.View()), int64(2))
		require.NoError(t, v.Save())
		assert.GreaterOrEqual(t, datedIn(t, v.killed("").View()), int64(2))
		v.path("a")
	}
	v.disks["a"].Heal()
	v.upkeep()
	v.total(found + 2)
	assert.Equal(t, found+2, v.storedRequests("a"))
	v.close()
	return failed
}

// What was imported into state that is taken over is known from then on.
func TestTakenOverImportsAreKnown(t *testing.T) {
	dir := t.TempDir()
	third := newMover(t, t.TempDir(), disabled)
	third.serve(0, 4)
	other := newMover(t, filepath.Join(dir, "a"))
	_, err := other.Import(written(t, third.Meter))
	require.NoError(t, err)
	other.close()

	v := newMover(t, dir)
	v.path("a")
	v.total(4)
	_, err = v.Import(written(t, third.Meter))
	require.ErrorIs(t, err, ErrInput, "it would count twice")
	_, err = v.Reset(usage.Scope{})
	require.NoError(t, err)
	v.total(0)
	v.close()
	third.close()
}

// written is the document of a meter.
func written(t *testing.T, m *Meter) io.Reader {
	t.Helper()
	var document bytes.Buffer
	require.NoError(t, m.Export(&document))
	return &document
}
