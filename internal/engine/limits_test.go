package engine

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// tenants are endpoint series with one dimension.
func (f *fixture) tenants() *usage.Schema {
	return f.schemas.Intern(usage.Endpoint, append(usage.BaseNames(usage.Endpoint), "user.email"))
}

// serve commits one request for each value of a dimension.
func (f *fixture) serve(schema *usage.Schema, endpoint string, users ...string) {
	b := f.batch()
	for _, user := range users {
		g, _ := b.Group(f.key(schema, "shop", "http", endpoint, user), 0, 0)
		b.Add(usage.Record{Group: g}, 0)
	}
	f.Commit(b, at(1))
}

// requests are those of every live series, by its values.
func (f *fixture) requests() map[string]int64 {
	found := map[string]int64{}
	for _, r := range f.rows() {
		found[fmt.Sprint(r.Values)] = r.TotalRequests()
	}
	return found
}

func TestIdentitiesFoldInTwoSteps(t *testing.T) {
	f := newFixtureOf(Options{Limits: Limits{MaxSeries: 20}})
	users := f.tenants()
	for n := range 30 {
		f.serve(users, "GET /a", fmt.Sprint("user", n))
	}
	got := f.requests()
	assert.Len(t, got, 19, "18 users: the last tenth is not for them")
	assert.Equal(t, int64(12), got["[shop http GET /a]"], "first the dimension is dropped")
	f.serve(users, "GET /b", "user31")
	assert.Equal(t, int64(1), f.requests()["[shop http GET /b]"], "what has no series yet gets one without")
	f.serve(users, "GET /c", "user31", "user32")
	f.serve(users, "GET /d", "user31")
	assert.Equal(t, int64(3), f.requests()["[true]"], "then there is one for all")
	assert.Len(t, f.rows(), 21)
	f.serve(users, "GET /a", "user1", "user33")
	got = f.requests()
	assert.Equal(t, int64(2), got["[shop http GET /a user1]"], "who is there stays")
	assert.Equal(t, int64(13), got["[shop http GET /a]"])
	assert.Equal(t, uint64(17), f.Folded()[usage.Endpoint], "12 and user33 at /a, one at /b, two at /c, one at /d")
	sum := int64(0)
	for _, n := range got {
		sum += n
	}
	assert.Equal(t, f.Stats().Ledgers.Counted(), sum, "totals are exact")
	requireReplay(t, f, snapshot{})
}

// B-R2: 10,000 endpoints against a limit of 100.
func TestThereIsOneOverflow_B_R2(t *testing.T) {
	f := newFixtureOf(Options{Limits: Limits{MaxSeries: 100}})
	b := f.batch()
	for n := range 10_000 {
		g, _ := b.Group(f.key(f.endpoints, "shop", "http", fmt.Sprint("GET /", n)), 0, 0)
		b.Add(usage.Record{Group: g}, 0)
	}
	f.Commit(b, at(1))
	got := f.requests()
	assert.Len(t, got, 101)
	assert.Equal(t, int64(9_900), got["[true]"])
	assert.Equal(t, 1, countOverflow(f.rows()))
	assert.InEpsilon(t, 9_900, f.Folded()[usage.Endpoint], 0.05)
	f.serve(f.tenants(), "GET /never", "user")
	assert.Len(t, f.rows(), 101, "a dimension makes no room")
}

func countOverflow(rows []usage.Row) (n int) {
	for i := range rows {
		if rows[i].Schema.Overflow() {
			n++
		}
	}
	return n
}

// A million users against a limit of 10,000.
func TestAMillionUsersTakeNoMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a million series")
	}
	f := newFixtureOf(Options{Limits: Limits{MaxSeries: 10_000}})
	f.options.Journal = nil
	users := f.tenants()
	b := f.batch()
	send := func(from, to int) {
		for n := from; n < to; n += 1000 {
			for i := n; i < n+1000; i++ {
				g, _ := b.Group(f.key(users, "shop", "http", fmt.Sprint("GET /", i%7), fmt.Sprint(i)), 0, 0)
				b.Add(usage.Record{Group: g}, 0)
			}
			f.Commit(b, at(1))
			b.Reset()
		}
	}
	send(0, 20_000)
	few := heap()
	send(20_000, 1_000_000)
	many := heap()
	t.Logf("heap after 20,000 users %d KiB, after 1,000,000 %d KiB: %.3f times", few>>10, many>>10, float64(many)/float64(few))
	assert.LessOrEqual(t, float64(many), 1.1*float64(few))
	requests, base := int64(0), 0
	for _, r := range f.rows() {
		requests += r.TotalRequests()
		if len(r.Values) == 3 {
			base++
		}
	}
	assert.Equal(t, int64(1_000_000), requests)
	assert.Equal(t, 7, base, "endpoints stay apart")
	assert.InEpsilon(t, 1_000_000-9_000, f.Folded()[usage.Endpoint], 0.05)
	runtime.KeepAlive(f)
}

// heap is how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestTableFindsWhatIsLeft(t *testing.T) {
	f := newFixture()
	table := newTable()
	add := func(name string, hash uint64) uint32 {
		slot := table.vacant()
		table.put(slot, &series{key: usage.Key(f.key(f.endpoints, name, "", "")), hash: hash})
		return slot
	}
	// All of them want the same place, or one behind it.
	names := []string{"a", "b", "c", "d", "e"}
	for i, name := range names {
		add(name, uint64(7+i/3))
	}
	remove := []string{"a", "d", "b"}
	for i, gone := range remove {
		slot, ok := table.find(f.key(f.endpoints, gone, "", ""), uint64(7+indexOf(names, gone)/3))
		require.True(t, ok)
		table.remove(slot)
		for j, name := range names {
			_, found := table.find(f.key(f.endpoints, name, "", ""), uint64(7+j/3))
			assert.Equal(t, indexOf(remove[:i+1], name) < 0, found, "%s after %s", name, gone)
		}
	}
	assert.Equal(t, uint32(1), add("f", 7), "the slot left last is taken first")
	assert.Equal(t, uint32(3), add("g", 7))
	assert.Equal(t, uint32(0), add("h", 7))
	assert.Equal(t, uint32(5), add("i", 7))
}

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}
