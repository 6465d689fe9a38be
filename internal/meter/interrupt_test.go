package meter

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// historyFS tells of files of history that are read, and read back.
type historyFS struct {
	files.FS
	opening func()
}

func (f historyFS) Open(name string) (io.ReadCloser, error) {
	if strings.Contains(name, ".history") {
		f.opening()
	}
	return f.FS.Open(name)
}

// a long move does not hold up who stops: it is given up after the file it is at.
func TestMoveIsInterrupted_A_R10_X_10(t *testing.T) {
	for name, taken := range map[string]bool{"copied history": false, "history of another process": true} {
		at := map[bool]int{false: 1, true: 20}[taken] // all are looked at first
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var v *mover
				opened, interrupt := 0, false
				watch := watchHistory(func() {
					opened++
					if interrupt {
						v.keeping.interrupt()
					}
				})
				v = newMover(t, t.TempDir(), watch)
				if taken {
					v.path("a")
				}
				for range 10 {
					v.serve(0, 2)
					time.Sleep(time.Hour)
				}
				synctest.Wait()
				if taken { // and come back to it as somebody else
					v.close()
					v = newMover(t, v.dir, watch)
				}
				before := v.Status().Persistence
				opened, interrupt = 0, true
				require.ErrorIs(t, v.ReconfigurePersistence(t.Context(), PersistenceChange{FilePath: to("a")}), errInterrupted)
				assert.LessOrEqual(t, opened, at)
				assert.Equal(t, before.PersistenceSettings, v.Status().Persistence.PersistenceSettings)
				counted, _ := requestsIn(v.View())
				interrupt = false
				v.path("a")
				again, _ := requestsIn(v.View())
				assert.Equal(t, counted, again)
				v.total(20)
				v.close()
			})
		})
	}
}

func watchHistory(opening func()) func(*Options) {
	return func(o *Options) {
		open := o.Persistence.OpenBelow
		o.Persistence.OpenBelow = func(name, owner string) (files.FS, error) {
			fs, err := open(name, owner)
			if err != nil {
				return nil, err
			}
			return historyFS{fs, opening}, nil
		}
	}
}

// whoever stops interrupts a change that is under way, and none begins after it.
func TestStoppingInterruptsChanges_X_10(t *testing.T) {
	for name, stop := range map[string]func(*mover, *Exit){
		"an exit":   func(v *mover, x *Exit) { require.NoError(v.t, x.Stop(v.t.Context())) },
		"the meter": func(v *mover, _ *Exit) { v.close() },
	} {
		t.Run(name, func(t *testing.T) {
			v := newMover(t, t.TempDir(), disabled)
			x := v.StartExit(componenttest.NewNopHost(), consumertest.NewNop())
			ctx, done := v.keeping.begin(t.Context())
			defer done()
			stop(v, x)
			require.ErrorIs(t, context.Cause(ctx), errInterrupted)
			if name == "the meter" {
				require.ErrorIs(t, v.ReconfigurePersistence(t.Context(), PersistenceChange{Enabled: to(true)}), ErrNotOpen)
				require.NoError(t, x.Stop(t.Context()))
				return
			}
			v.close()
		})
	}
}
