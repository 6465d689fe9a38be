package meter

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.uber.org/goleak"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// A-R15, I1, I3: usage goes on, exactly, whatever is switched when; what is stored is
// everything that was counted whenever something is kept, and does not change
// otherwise.
func TestSwitching_A_R15_I1_I3_I7(t *testing.T) {
	for _, delta := range []bool{false, true} {
		for seed := range uint64(6) {
			t.Run(strconv.FormatBool(delta)+strconv.FormatUint(seed, 10), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { walk(t, delta, rand.New(rand.NewPCG(seed, 1))) })
			})
		}
	}
}

// walk does this and that, and looks after each step.
func walk(t *testing.T, delta bool, rng *rand.Rand) {
	t.Helper()
	dir := t.TempDir()
	v := newMover(t, dir, func(o *Options) {
		o.Persistence.Enabled = rng.IntN(2) == 0
		o.Delta, o.ExportInterval = delta, 1
		if !delta { // windows of a series that comes back do not touch
			o.Retention = 3 * time.Hour
		}
	})
	sink := newLedger(t, delta, rng)
	x := v.exit(sink)
	places := []string{"", "a", "b/c"}
	for range 60 {
		switch rng.IntN(8) {
		case 0:
			v.change(PersistenceChange{Enabled: to(rng.IntN(3) > 0)})
		case 1:
			v.change(PersistenceChange{FilePath: &places[rng.IntN(len(places))]})
		case 2:
			v.change(PersistenceChange{Enabled: to(true), FilePath: &places[rng.IntN(len(places))], Interval: to(time.Duration(1+rng.IntN(20)) * time.Second)})
		case 3:
			time.Sleep(time.Duration(rng.IntN(150)) * time.Minute)
		case 4:
			_ = v.outbox.deliver(t.Context(), x, false)
		default:
			from := rng.IntN(5)
			v.serve(from, from+1+rng.IntN(5))
		}
		synctest.Wait()
		v.total(v.served)
		if s := v.Status().Persistence; s.Enabled {
			assert.Equal(t, v.served, v.storedRequests(s.FilePath))
		}
	}
	v.serve(0, 1)
	sink.refuse = false
	v.export(x)
	v.export(x)
	assert.Equal(t, v.served, sink.total())
	before, enabled := content(t, dir), v.Status().Persistence.Enabled
	v.close()
	if !enabled {
		assert.Equal(t, before, content(t, dir), "written though it is disabled")
	}
}

// A-R9, A-R16: nothing is written when persistence is disabled, from that moment on.
func TestDisabledWritesNothing_A_R9_A_R16(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		v := newMover(t, dir)
		x := v.exit(consumertest.NewNop())
		v.serve(0, 3)
		v.disable()
		assert.Equal(t, int64(3), v.storedRequests(""), "everything is written first")
		other, err := v.options.Persistence.Open("somebody else")
		require.NoError(t, err, "the lock is free")
		require.NoError(t, other.Close())

		before := content(t, dir)
		for range 3 {
			v.serve(0, 5)
			v.export(x)
			time.Sleep(10 * time.Second)
		}
		require.ErrorIs(t, v.Save(), ErrNotKept)
		assert.False(t, v.Status().Persistence.Enabled)
		v.close()
		assert.Equal(t, before, content(t, dir))
	})
}

// A-R9: who never enables it writes nothing.
func TestNeverEnabledWritesNothing_A_R9(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	v := newMover(t, dir, disabled)
	v.serve(0, 3)
	v.upkeep()
	v.path("below")
	v.close()
	assert.NoDirExists(t, dir)
}

// A-R8, A-N10: after many changes there is one loop, and only the newest place is
// written; each has everything when it is left.
func TestPlacesOneAfterTheOther_A_R8_A_N10(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir := t.TempDir()
	v := newMover(t, dir)
	running := goleak.IgnoreCurrent()
	for n := range 50 {
		v.serve(n, n+1)
		v.change(PersistenceChange{FilePath: to("p" + strconv.Itoa(n)), Interval: to(time.Hour + time.Duration(n))})
		goleak.VerifyNone(t, running)
	}
	assert.Equal(t, int64(50), v.storedRequests("p49"))
	assert.Equal(t, int64(26), v.storedRequests("p24"), "as it was when it was left")
	old := content(t, filepath.Join(dir, "p48"))
	v.serve(0, 1)
	require.NoError(t, v.Save())
	assert.Equal(t, old, content(t, filepath.Join(dir, "p48")))
	assert.Len(t, states(t, dir), 51)
	v.close()
	assert.Equal(t, int64(51), v.storedRequests("p49"))
	goleak.VerifyNone(t, before)
}

// A-N13: another interval counts at once and touches nothing else.
func TestIntervalCountsAtOnce_A_N13_A_F6(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newMover(t, t.TempDir(), func(o *Options) { o.Persistence.Interval = 24 * time.Hour })
		v.serve(0, 3)
		loaded := v.Status().Persistence.Loaded
		syncs := v.disks[""].Syncs()
		v.change(PersistenceChange{Interval: to(5 * time.Second)})
		synctest.Wait()
		assert.Equal(t, syncs, v.disks[""].Syncs())
		time.Sleep(5 * time.Second)
		synctest.Wait()
		assert.Equal(t, syncs+1, v.disks[""].Syncs())
		s := v.Status().Persistence
		assert.Equal(t, loaded, s.Loaded)
		assert.Equal(t, time.Now(), s.Saved)
		assert.Equal(t, []string{"interval-seconds"}, s.Overridden)
		assert.Equal(t, 1, v.logs.FilterMessage("usage-persistence.interval-seconds: 86400 -> 5").Len())
		v.total(3)
		v.close()
	})
}

// A-N5, A-N14: what makes no sense changes nothing.
func TestRefusedChanges_A_N5_A_N14(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(dir, "link")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	storage := func(o *Options) { o.Persistence.Check, o.Persistence.OpenBelow = nil, nil }
	nowhere := func(o *Options) { *o.Persistence = Persistence{Interval: time.Minute} }
	name := func(s string) PersistenceChange { return PersistenceChange{FilePath: &s} }
	for what, tt := range map[string]struct {
		options func(*Options)
		change  PersistenceChange
		text    string
	}{
		"zero":            {disabled, PersistenceChange{Enabled: to(true), Interval: to(time.Duration(0))}, "interval-seconds must be greater than 0"},
		"negative":        {disabled, PersistenceChange{Interval: to(-time.Second)}, "interval-seconds must be greater than 0"},
		"too short":       {disabled, PersistenceChange{Interval: to(time.Millisecond)}, "interval-seconds must be between 0.01 and 86400"},
		"too long":        {disabled, PersistenceChange{Interval: to(25 * time.Hour)}, "interval-seconds must be between 0.01 and 86400"},
		"absolute":        {disabled, name("/etc/x"), "file-path"},
		"up":              {disabled, name("../x"), "file-path"},
		"up within":       {disabled, name("a/../../x"), "file-path"},
		"a link":          {disabled, name("link"), "symbolic link"},
		"below a link":    {disabled, name("link/x"), "symbolic link"},
		"a file":          {disabled, name("file"), "is a file"},
		"ours":            {disabled, name("quarantine/x"), "quarantine"},
		"a path":          {disabled, name(`..\x`), "file-path"},
		"while it counts": {func(*Options) {}, name("link"), "symbolic link"},
		"no directory":    {nowhere, PersistenceChange{Enabled: to(true)}, "`persistence.directory`"},
		"no place":        {nowhere, name("x"), "`persistence.directory`"},
		"storage":         {storage, name("x"), "`persistence.storage`"},
	} {
		t.Run(what, func(t *testing.T) {
			v := newMover(t, dir, tt.options)
			before, stored := v.Status().Persistence, content(t, dir)
			err := v.ReconfigurePersistence(t.Context(), tt.change)
			require.ErrorIs(t, err, ErrInput)
			require.ErrorContains(t, err, tt.text)
			assert.Equal(t, before, v.Status().Persistence)
			assert.Equal(t, stored, content(t, dir))
			v.close()
		})
	}
}

// when the meter is closed, or nobody waits any more, nothing changes.
func TestNoChangeAfterClose(t *testing.T) {
	v := newMover(t, t.TempDir(), disabled)
	require.NoError(t, v.Close())
	require.ErrorIs(t, v.ReconfigurePersistence(t.Context(), PersistenceChange{Enabled: to(true)}), ErrNotOpen)
	assert.Empty(t, content(t, v.dir))
	require.NoError(t, v.telemetry.Shutdown(t.Context()))
}

// A-R12: a place that cannot be used changes nothing, at whatever operation it fails;
// when it can be used everything is there.
func TestNewPlaceFails_A_R12(t *testing.T) {
	for _, delta := range []bool{false, true} {
		for op := 1; ; op++ {
			failed := false
			synctest.Test(t, func(t *testing.T) { failed = newPlaceFails(t, delta, op) })
			if !failed {
				assert.Greater(t, op, 10)
				break
			}
		}
	}
}

// newPlaceFails says whether there was such an operation.
func newPlaceFails(t *testing.T, delta bool, op int) (failed bool) {
	t.Helper()
	v := newMover(t, t.TempDir(), func(o *Options) { o.Delta, o.ExportInterval = delta, 1 })
	sink := newLedger(t, delta, nil)
	x := v.exit(sink)
	v.serve(0, 1)
	v.export(x) // the next window has another number than the first one elsewhere
	v.serve(1, 3)
	sink.refuse = true
	if delta {
		require.Error(t, v.outbox.deliver(t.Context(), x, false))
	}
	v.prepare = func(d *filestest.Faulty) { d.FailAt(op, true) }
	err := v.ReconfigurePersistence(t.Context(), PersistenceChange{FilePath: to("new"), Interval: to(time.Minute)})
	v.prepare = nil
	v.serve(0, 3)
	if failed = err != nil; failed {
		assert.ErrorIs(t, err, filestest.ErrFault)
		assert.Equal(t, PersistenceSettings{Enabled: true, Interval: 10 * time.Second}, v.Status().Persistence.PersistenceSettings)
		assert.Empty(t, v.Status().Persistence.Overridden)
		require.NoError(t, v.Save())
		assert.Equal(t, int64(6), v.storedRequests(""))
		v.path("new")
	}
	if d := v.disks["new"]; d != nil {
		d.Heal()
	}
	synctest.Wait()
	v.upkeep()
	assert.Equal(t, int64(6), v.storedRequests("new"))
	v.total(6)
	sink.refuse = false
	v.export(x)
	v.export(x)
	assert.Equal(t, int64(6), sink.total())
	v.close()
	return failed
}

// Who starts where the process before has not been to the end goes on with other
// series: a counter is never seen to fall.
func TestLeftStateBeginsAnew_I4(t *testing.T) {
	for _, leave := range []PersistenceChange{{Enabled: to(false)}, {FilePath: to("elsewhere")}} {
		for _, delta := range []bool{false, true} {
			dir := t.TempDir()
			change := func(o *Options) { o.Delta, o.ExportInterval = delta, 1 }
			sink := newLedger(t, delta, nil)
			v := newMover(t, dir, change)
			x := v.exit(sink)
			v.serve(0, 2)
			v.change(leave)
			v.serve(0, 2)
			v.export(x)
			v.close()
			assert.Equal(t, int64(4), sink.total())

			if delta { // the first window of new series touches none
				sink = newLedger(t, delta, nil)
			}
			again := newMover(t, dir, change)
			assert.Equal(t, 1, again.logs.FilterMessageSnippet("went on without it").Len())
			live, retired := requestsIn(again.View())
			assert.Equal(t, []int64{0, 2}, []int64{live, retired})
			again.serve(0, 1)
			again.export(again.exit(sink))
			if delta {
				assert.Equal(t, int64(1), sink.total())
			} else {
				assert.Equal(t, int64(5), sink.total())
			}
			again.close()

			third := newMover(t, dir, change)
			live, _ = requestsIn(third.View())
			assert.Equal(t, int64(1), live, "only once")
			third.close()
		}
	}
}

// Who comes back to a place of its own finds its history there.
func TestHistoryComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newMover(t, t.TempDir())
		v.serve(0, 3)
		time.Sleep(5 * time.Hour)
		require.NotEmpty(t, v.engine.History().Files)
		v.disable()
		assert.Zero(t, datedIn(t, v.View()), "hours that are over are in files only")
		v.serve(0, 2)
		v.total(5)
		v.enable()
		assert.Equal(t, int64(5), datedIn(t, v.View()))
		v.path("other")
		assert.Equal(t, int64(5), datedIn(t, v.View()))
		v.total(5)
		v.disable()
		_, err := v.Reset(usage.Scope{})
		require.NoError(t, err)
		v.enable()
		assert.Zero(t, datedIn(t, v.View()), "it was reset")
		v.total(0)
		v.close()
	})
}

// A switch does not forget what was counted: the same span is a duplicate.
func TestDedupOverSwitches_I2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		v := newMover(t, dir)
		send := func(m *Meter) { require.NoError(t, m.Traces(t.Context(), spans(1), consumertest.NewNop())) }
		send(v.Meter)
		time.Sleep(2 * time.Minute) // its minute is over, and in a file
		v.path("a")
		v.disable()
		v.enable()
		send(v.Meter)
		assert.Equal(t, usage.Ledger{usage.Counted: 1, usage.Duplicate: 1}, v.engine.Stats().Ledgers[usage.Traces])
		time.Sleep(2 * time.Minute)
		v.close()

		again := newMover(t, filepath.Join(dir, "a"))
		send(again.Meter)
		assert.Equal(t, usage.Ledger{usage.Counted: 1, usage.Duplicate: 2}, again.engine.Stats().Ledgers[usage.Traces])
		again.close()
	})
}

var errBusy = errors.New("busy")
