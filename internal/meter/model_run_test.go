package meter

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelLongInterval is one at which days pass without much work.
const modelLongInterval = time.Hour

// modelConfig is what may change with a restart.
type modelConfig struct {
	durability Durability
	refuse     bool
	window     int64 // of dedup, in minutes; 0: off
	dimensions []string
	explicit   bool // histogram
	delta      bool
	providers  bool
	pins       map[string]usage.Signal // that bill, by family
	interval   time.Duration
	prices     string // file; empty: only reported costs count
	history    History
	modelBounds
}

// named are dimensions that say what the attributes say.
func named(names []string) (dimensions []extract.Dimension) {
	for _, name := range names {
		dimensions = append(dimensions, extract.Dimension{Name: name})
	}
	return dimensions
}

func (c *modelConfig) options(fsys files.FS) Options {
	o := Options{
		Endpoints: extract.Side{Enabled: true, Dimensions: named(c.dimensions)},
		Providers: extract.Side{Enabled: c.providers, Dimensions: named(c.dimensions)},
		Dialects: func() (Dialects, error) {
			d, err := presets()
			d.Signals = c.pins
			return d, err
		},
		Layout: c.layout(), ExportInterval: time.Minute, Delta: c.delta,
		Persistence: &Persistence{
			Enabled: true,
			Place:   "the disk", Open: func(string) (files.FS, error) { return fsys, nil },
			Interval: c.interval, Durability: c.durability, Refuse: c.refuse,
			// Nothing here is damage: whatever is taken for it stops the test.
			KeepDamaged: true,
		},
		History: c.history, MaxSeries: c.series, Retention: c.retention, Sessions: Sessions{TTL: c.ttl, Max: c.sessions},
	}
	if c.prices != "" {
		o.Prices = &Prices{File: c.prices}
	}
	if c.window > 0 {
		o.Dedup = &Dedup{Window: time.Duration(c.window) * time.Minute, MaxBytes: 64 << 20, LogAttributes: []string{"request_id"}}
	}
	return o
}

func (c *modelConfig) layout() *usage.Layout {
	if c.explicit {
		return usage.ExplicitLayout([]time.Duration{time.Microsecond, time.Millisecond, time.Second})
	}
	return usage.ExponentialLayout()
}

// modelRun is one life of a state directory: the processes that come and go on
// it, and the model.
type modelRun struct {
	*sightings
	t      *testing.T
	rng    *rand.Rand
	sent   [usage.Signals][]modelBatch // that may be sent again
	model  *model
	config modelConfig
	prices string // file

	spans   modelSpans
	lines   *modelLines
	streams modelStreams
	since   int64 // from when on streams are known from their beginning

	memory *filestest.Memory
	faulty *filestest.Faulty    // of the current process
	disk   *mortal              // around it
	meter  *Meter               // nil: no process runs
	names  map[uint32]modelSlot // of the meter's series
	ages   []modelAge
	broken bool // the disk may fail
	// layouts are those that the stored distributions may have.
	layouts       map[bool]bool
	layoutChanged bool // ever
	lives         modelLives
	free          map[string]modelFree // series that nothing keeps
	gone, kept    map[string]bool      // series that have ended, and that have not although they were idle
	endings       int                  // commits that end something, since the newest snapshot
	least         int64                // smallest dedup window that was tried since the last start
	// backends get exports; cuts is what there was at windows, by their number.
	backends   []*modelBackend
	exportedAt int64 // newest export, Unix ns
	cuts       map[uint64]modelCut
	history    []event
	others     [3]modelOther // writers whose documents come
	rows       []usage.Row   // reused
}

func newModelRun(seed uint64, seen *sightings) *modelRun {
	rng := rand.New(rand.NewPCG(seed, 0))
	r := &modelRun{
		sightings: seen, rng: rng, model: newModel(), memory: filestest.NewMemory(),
		config:  modelConfig{durability: Write, window: 3, providers: true, interval: 10 * time.Second},
		layouts: map[bool]bool{}, least: 3, cuts: map[uint64]modelCut{},
		gone: map[string]bool{}, kept: map[string]bool{}, lives: modelLives{ends: rng.IntN(2) == 0, folds: rng.IntN(3) == 0, sessions: rng.IntN(4) > 0},
	}
	r.rebound()
	services := &modelServices{rng: rng}
	r.lines = &modelLines{modelServices: services}
	r.spans, r.streams = modelSpans{services, r.lines, r.lives}, modelStreams{modelServices: services}
	r.backends = []*modelBackend{newModelBackend(r, "metrics/a"), newModelBackend(r, "metrics/b")}
	return r
}

// episode runs operations under a clock that begins where that of any other
// episode does: going on, the next one finds that the wall clock has stepped
// back, or forward.
func (r *modelRun) episode(t *testing.T, operations int) {
	r.t = t
	if r.prices == "" {
		r.prices = writeModelPrices(t)
	}
	synctest.Test(t, func(t *testing.T) {
		r.t = t
		defer r.stop()
		time.Sleep(r.duration(time.Hour))
		for range operations {
			r.operate()
		}
		r.crash(r.rng.IntN(2) == 0)
	})
}

// stop ends what a failed test leaves running.
func (r *modelRun) stop() {
	if r.meter != nil {
		_ = r.meter.Close()
		r.meter = nil
	}
	if r.t.Failed() {
		for _, e := range r.history[max(0, len(r.history)-100):] {
			r.t.Logf(e.format, e.args...)
		}
	}
}

func (r *modelRun) duration(longest time.Duration) time.Duration {
	return time.Duration(r.rng.Int64N(int64(longest)))
}

func (r *modelRun) chance(percent int) bool { return r.rng.IntN(100) < percent }

// mount gives the disk to a new process.
func (r *modelRun) mount() {
	fsys, err := r.memory.Mount()
	require.NoError(r.t, err)
	r.faulty, r.broken = filestest.New(fsys), false
	r.disk = &mortal{FS: filestest.Forgetful(r.faulty), rng: rand.New(rand.NewPCG(r.rng.Uint64(), 0))}
}

// start starts a process, maybe with another configuration. It may die, or its
// disk may fail, before it is up.
func (r *modelRun) start() {
	if r.chance(50) {
		r.reconfigure()
	}
	r.mount()
	switch {
	case r.chance(15):
		r.disk.dieIn(1 + r.rng.IntN(80))
	case r.chance(10):
		r.breakDisk(60)
	}
	r.tell("start %+v, dies in %d operations, broken %t", r.config, r.disk.left, r.broken)
	set := Settings{ID: component.MustNewID("usage"), Telemetry: componenttest.NewNopTelemetrySettings()}
	expected := r.expectedAge()
	m, err := Open(set, r.config.options(r.disk))
	r.meter, r.names, r.free = m, map[uint32]modelSlot{}, map[string]modelFree{}
	r.kept = map[string]bool{}
	if r.disk.dead() || err != nil {
		require.True(r.t, r.disk.dead() || r.broken, "it does not start: %v", err)
		r.startFailed(expected)
		return
	}
	r.started(expected)
}

// startFailed notes that a configuration was tried: how far it got is unknown.
func (r *modelRun) startFailed(age modelAges) {
	if r.disk.dead() {
		r.saw("died while starting")
	} else {
		r.saw("did not start for a fault")
	}
	r.layouts[r.config.explicit] = true
	r.least = min(r.least, r.config.window)
	r.model.keys.doubt(r.least, minuteOf(age.highest)+1)
	if r.disk.dead() {
		r.crash(r.rng.IntN(2) == 0)
		return
	}
	r.meter = nil
	r.settle(r.model.live.seq)
}

// started makes the model what has to be there now, and compares.
func (r *modelRun) started(expected modelAges) {
	if r.broken {
		r.saw("started on a failing disk")
	}
	age := r.meter.clock.age
	if r.model.live.seq > 0 { // or else nobody minds
		require.GreaterOrEqual(r.t, age, expected.lowest-int64(time.Second), "the state has become younger")
		require.LessOrEqual(r.t, age, expected.highest+int64(time.Second), "the state has aged too much")
	}
	r.model.sync(r.model.live.seq)
	if r.relaid(r.engineRows(r.meter.engine)) {
		r.model.relay()
		for _, cut := range r.cuts {
			relaidState(modelState{series: cut.series})
		}
		r.saw("distributions left behind")
	}
	r.layouts = map[bool]bool{r.config.explicit: true}
	if least := min(r.least, r.model.keys.window); least < r.config.window {
		r.model.keys.doubt(least, minuteOf(age))
	}
	r.model.keys.window, r.least = r.config.window, r.config.window
	r.model.begin(age)
	r.model.bounds, r.model.paused, r.endings = r.config.modelBounds, false, 0
	if len(r.model.live.sessions) > 0 {
		r.saw("sessions over a restart")
	}
	r.startExits()
	r.wentOn()
	r.noteAge()
	r.check()
	r.checkKeys()
}

// wentOn notes that the streams that are known go on over a restart, and from when
// on they are known from their beginning: as long as nothing is, anew.
func (r *modelRun) wentOn() {
	r.since = r.meter.engine.Totals().Since
	if r.model.live.seq > 0 {
		require.Equal(r.t, r.model.since, r.since, "since when streams are known")
	}
	r.model.since = r.since
	for stream := range r.model.live.streams {
		if r.model.news[stream] == "" {
			r.model.news[stream] = "point after a restart"
		}
	}
	r.compareMemory(r.model.live, r.meter.engine)
}

func minuteOf(age int64) int64 { return age / int64(time.Minute) }

// reconfigure changes the configuration of the next process.
func (r *modelRun) reconfigure() {
	c := &r.config
	c.durability = pick(r.rng, Interval, Write, Sync)
	c.refuse = r.chance(50)
	c.interval = time.Duration(1+r.rng.IntN(20)) * time.Second
	if r.chance(10) {
		c.interval = modelLongInterval
	}
	r.rebound()
	c.providers = !r.chance(10)
	c.pins = nil
	if r.chance(15) {
		c.pins = map[string]usage.Signal{pick(r.rng, "http", "gen_ai", "claude_code"): r.anySignal()}
	}
	c.prices = pick(r.rng, "", r.prices, r.prices)
	if r.chance(20) {
		c.history = pick(r.rng, History{}, History{Hourly: 2 * time.Hour, Daily: 3 * time.Hour}, History{Hourly: 30 * time.Hour, Daily: 50 * time.Hour})
		c.history.Zone = pick(r.rng, time.UTC, time.FixedZone("half", 5*3600+1800))
	}
	if r.chance(20) {
		c.dimensions = pick(r.rng, nil, []string{"tenant.id"})
	}
	if r.chance(20) {
		c.explicit, r.layoutChanged = !c.explicit, true
	}
	if r.chance(30) {
		c.delta = !c.delta
	}
	if r.chance(30) {
		c.window = pick(r.rng, int64(0), 1, 2, 3, 5)
	}
}
