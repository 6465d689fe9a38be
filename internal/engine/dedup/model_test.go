package dedup

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// model is what a window does, but slowly. It drives a window through random
// operations and compares.
type model struct {
	t       *testing.T
	rng     *rand.Rand
	options Options
	w       *Window
	now     int64
	// keys are the newest minutes of keys, and arrived all periods they came in.
	keys    map[uint64]int64
	arrived map[keyPeriod]bool
	// since is the minute from which nothing was forgotten early, restarts
	// included; at MaxInt64 forgetting is an error.
	since   int64
	pool    []uint64
	batch   int
	pending []pendingBatch
	packed  *Segment
	files   map[uint64][]uint64
}

type keyPeriod struct {
	key    uint64
	period int64
}

// pendingBatch is a batch that was probed and not yet inserted.
type pendingBatch struct {
	keys   []uint64
	seen   []bool
	probed Probed
}

func newModel(t *testing.T, options Options, pool, batch int) *model {
	rng := seeded(t)
	m := &model{
		t: t, rng: rng, options: options, w: New(options), batch: batch, since: math.MinInt64, now: 100,
		pool: append(randomKeys(rng, pool), 0, 1, 2, 3, math.MaxUint64-1, math.MaxUint64),
		keys: map[uint64]int64{}, arrived: map[keyPeriod]bool{}, files: map[uint64][]uint64{},
	}
	m.w.Advance(m.now)
	m.noteSince()
	return m
}

// seeded returns a source of other numbers each time.
func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return newRand(seed)
}

// certain reports whether a key must be remembered.
func (m *model) certain(key uint64) bool {
	minute, ok := m.keys[key]
	return ok && m.now-minute <= int64(m.options.Minutes) && minute >= m.since
}

// possible reports whether a key may be remembered. If memory has no bound and
// a period is a minute, that is the same.
func (m *model) possible(key uint64) bool {
	minute, ok := m.keys[key]
	last := (m.w.periodOf(minute)+1)*m.w.period - 1
	return ok && m.now-last <= int64(m.options.Minutes)
}

func (m *model) add(key uint64, minute int64) {
	if before, ok := m.keys[key]; !ok || before < minute {
		m.keys[key] = minute
	}
	m.arrived[keyPeriod{key, m.w.periodOf(minute)}] = true
}

// random returns keys of which many were there before, and some are repeated.
func (m *model) random() []uint64 {
	keys := make([]uint64, m.rng.IntN(m.batch))
	for i := range keys {
		if keys[i] = m.pool[m.rng.IntN(len(m.pool))]; m.rng.IntN(3) == 0 {
			keys[i] = max(m.rng.Uint64(), 1)
		}
	}
	return keys
}

func (m *model) step() {
	switch m.rng.IntN(13) {
	case 0:
		m.now += int64(m.rng.IntN(3))
		if m.rng.IntN(30) == 0 {
			m.now += int64(m.rng.IntN(2 * m.options.Minutes))
		}
		m.w.Advance(m.now)
	case 1, 2, 3, 4:
		m.probe()
	case 5, 6, 7, 8:
		m.insert()
	case 9, 10:
		m.pack()
	case 11:
		m.file()
	case 12:
		m.remember()
	}
	m.noteSince()
}

func (m *model) noteSince() { m.since = max(m.since, m.w.Stats().Since) }

func (m *model) probe() {
	b := pendingBatch{keys: m.random()}
	b.seen = make([]bool, len(b.keys))
	b.probed = m.w.Probe(b.keys, b.seen)
	for i, key := range b.keys {
		over := m.w.open == nil || m.w.periodOf(m.keys[key]) != m.w.periodOf(m.w.open.minute)
		require.False(m.t, b.seen[i] && !m.possible(key), "%#x is seen", key)
		require.False(m.t, !b.seen[i] && over && m.certain(key), "%#x is not seen", key)
	}
	m.pending = append(m.pending, b)
}

func (m *model) insert() {
	if len(m.pending) == 0 {
		return
	}
	at := m.rng.IntN(len(m.pending))
	b := m.pending[at]
	m.pending = slices.Delete(m.pending, at, at+1)
	before := slices.Clone(b.seen)
	marked := m.w.Insert(b.keys, b.seen, b.probed)
	m.noteSince()
	for i, key := range b.keys {
		switch {
		case b.seen[i]:
			marked--
			require.NotZero(m.t, key)
			require.True(m.t, before[i] || m.possible(key), "%#x is seen", key)
		case key != 0:
			require.False(m.t, m.certain(key), "%#x is not seen", key)
			m.add(key, m.now)
		}
	}
	require.Zero(m.t, marked)
}

// pack does one of the two steps of packing.
func (m *model) pack() {
	if m.packed != nil {
		m.w.Seal(m.packed)
		m.packed = nil
	} else if s := m.w.Closed(); s != nil {
		m.packed = s.Pack()
	}
}

func (m *model) file() {
	s := m.w.Unfiled()
	if s == nil {
		return
	}
	number := uint64(len(m.files) + 1)
	m.files[number] = slices.Collect(s.Keys())
	require.Len(m.t, m.files[number], s.Len())
	require.True(m.t, m.w.Filed(s, number))
}

func (m *model) remember() {
	minute := m.now + int64(m.rng.IntN(m.options.Minutes+4)-m.options.Minutes-2)
	keys := m.random()
	m.w.Remember(minute, keys)
	m.now = max(m.now, minute)
	if m.now-minute > int64(m.options.Minutes) {
		return
	}
	for _, key := range keys {
		if key != 0 {
			m.add(key, minute)
		}
	}
}

// restart makes a window of what a snapshot of this one has, in any order.
func (m *model) restart() {
	w := New(m.options)
	var chunk Chunk
	var chunks []Chunk
	for more := true; more; {
		chunk, more = m.w.Copy(make([]uint64, 1+m.rng.IntN(200)), chunk.Next)
		chunks = append(chunks, chunk)
	}
	m.rng.Shuffle(len(chunks), func(i, j int) { chunks[i], chunks[j] = chunks[j], chunks[i] })
	half := m.rng.IntN(len(chunks) + 1)
	for _, c := range chunks[:half] {
		w.Remember(c.Minute, c.Keys)
	}
	for _, f := range m.w.Files() {
		require.NoError(m.t, w.Load(f.Minute, f.Number, m.files[f.Number]))
	}
	for _, c := range chunks[half:] {
		w.Remember(c.Minute, c.Keys)
		w.Remember(c.Minute, c.Keys)
	}
	w.Advance(m.now)
	m.w, m.pending, m.packed = w, nil, nil
	m.noteSince()
}

func (m *model) run(steps int) {
	for i := range steps {
		m.step()
		if i%50 == 0 {
			requireTables(m.t, m.w)
		}
		if m.rng.IntN(150) == 0 {
			m.restart()
		}
	}
}

// TestModel has memory for everything, so that every answer is certain.
func TestModel(t *testing.T) {
	m := newModel(t, Options{Minutes: 5, MaxBytes: 1 << 30}, 2000, 200)
	m.run(3000)
	require.Zero(t, m.w.Stats().Evicted)
	require.Equal(t, m.now-5, m.w.Stats().Since)
}

// TestModelOfLongWindow has segments of four minutes.
func TestModelOfLongWindow(t *testing.T) {
	m := newModel(t, Options{Minutes: 40, MaxBytes: 1 << 30}, 5000, 100)
	require.Equal(t, int64(4), m.w.period)
	m.run(2000)
}

// TestModelOfLittleMemory cannot remember a window, but says how much it can.
func TestModelOfLittleMemory(t *testing.T) {
	m := newModel(t, Options{Minutes: 5, MaxBytes: MinBytes}, 10_000, 2000)
	evicted := uint64(0)
	for range 20 {
		m.run(50)
		evicted += m.w.Stats().Evicted
	}
	require.NotZero(t, evicted)
}
