package meter

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// showing is an extension that shows meters.
type showing struct {
	component.StartFunc
	component.ShutdownFunc
	meters map[component.ID]*Meter
	// whenGone is called before a meter is not used any more.
	whenGone func(*Meter)
}

func (s *showing) Register(id component.ID, m *Meter) (unregister func()) {
	s.meters[id] = m
	return func() {
		s.whenGone(m)
		delete(s.meters, id)
	}
}

// hostOf is a host with extensions.
type hostOf struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h *hostOf) GetExtensions() map[component.ID]component.Component { return h.extensions }

// other is an extension that has nothing to do with usage.
type other struct {
	component.StartFunc
	component.ShutdownFunc
}

// A-F5, X-10: a meter is known to the extensions that show it while it is open, once
// for all its users, and its directory is still open when they let it go.
func TestMetersAreRegistered_X_10(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	show := &showing{meters: map[component.ID]*Meter{}}
	show.whenGone = func(m *Meter) { assert.NoError(t, m.Save()) }
	set := settings(telemetry, zap.NewNop())
	set.Host = &hostOf{componenttest.NewNopHost(), map[component.ID]component.Component{
		component.MustNewID("usage"): show, component.MustNewID("zpages"): &other{},
	}}
	directory, err := files.Open(t.TempDir(), "the test")
	require.NoError(t, err)
	o := options(Write, directory)

	shared := NewShared()
	m, err := shared.Acquire(set, o)
	require.NoError(t, err)
	_, err = shared.Acquire(set, o)
	require.NoError(t, err)
	assert.Equal(t, map[component.ID]*Meter{set.ID: m}, show.meters)
	require.NoError(t, shared.Release(set.ID))
	assert.Len(t, show.meters, 1)
	require.NoError(t, shared.Release(set.ID))
	assert.Empty(t, show.meters)
	require.NoError(t, telemetry.Shutdown(context.Background()))
}

// Who cannot be opened is not registered; a host without extensions will do.
func TestNobodyToRegisterWith_A_R12(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	show := &showing{meters: map[component.ID]*Meter{}}
	set := settings(telemetry, zap.NewNop())
	set.Host = &hostOf{componenttest.NewNopHost(), map[component.ID]component.Component{set.ID: show}}
	o := options(Write, nil)
	o.Persistence.Open = func(string) (files.FS, error) { return nil, assert.AnError }
	shared := NewShared()
	_, err := shared.Acquire(set, o)
	require.ErrorIs(t, err, assert.AnError)
	assert.Empty(t, show.meters)

	o.Persistence.Enabled = false
	set.Host = &hostOf{componenttest.NewNopHost(), nil}
	_, err = shared.Acquire(set, o)
	require.NoError(t, err, "a second start")
	require.NoError(t, shared.Release(set.ID))
	require.NoError(t, telemetry.Shutdown(context.Background()))
}
