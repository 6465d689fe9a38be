package usage_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelusage/usageprocessor/internal/usage"
)

const hourLong, dayLong = int64(3600), int64(86400)

// fileOf is a file of an hour or a day with so many requests.
func fileOf(number uint64, g usage.Granularity, start, end, requests int64) usage.HistoryFile {
	f := usage.HistoryFile{Number: number, Period: usage.Period{Granularity: g, Start: start, End: end}}
	f.Sums[usage.Endpoint].Requests[usage.Success] = requests
	return f
}

// What buckets have and what has gone stays the same, unless a reset knows what counts of
// a file that begins or ends to count.
func TestExchange(t *testing.T) {
	hour, late := fileOf(1, usage.Hourly, 0, hourLong, 100), fileOf(4, usage.Hourly, hourLong, 2*hourLong, 7)
	day, next := fileOf(3, usage.Daily, 0, dayLong, 100), fileOf(5, usage.Daily, dayLong, 2*dayLong, 20)
	for name, c := range map[string]struct {
		erased  uint64 // through
		remove  []uint64
		add     []usage.HistoryFile
		files   []uint64
		gone    int64
		inexact bool
	}{
		"an hour that is rolled":              {remove: []uint64{1}, files: []uint64{3, 4}, gone: 50},
		"an hour of its own":                  {remove: []uint64{4}, files: []uint64{1, 3}, gone: 57},
		"a day whose hour is there":           {remove: []uint64{3}, files: []uint64{1, 4}, gone: 50},
		"both":                                {remove: []uint64{1, 3}, files: []uint64{4}, gone: 150},
		"a new day":                           {add: []usage.HistoryFile{next}, files: []uint64{1, 3, 4, 5}, gone: 30},
		"a new day with an hour of its own":   {add: []usage.HistoryFile{fileOf(5, usage.Daily, 0, dayLong, 9)}, files: []uint64{1, 3, 5, 4}, gone: 48},
		"no such file":                        {remove: []uint64{9}, files: []uint64{1, 3, 4}, gone: 50},
		"a rolled hour that is masked":        {erased: 1, remove: []uint64{1}, files: []uint64{3, 4}, gone: 50},
		"a day that hid a masked hour":        {erased: 1, remove: []uint64{3}, files: []uint64{1, 4}, gone: 50, inexact: true},
		"a masked day":                        {erased: 3, remove: []uint64{1, 3}, files: []uint64{4}, gone: 150, inexact: true},
		"an hour that a reset did not go for": {erased: 3, remove: []uint64{4}, files: []uint64{1, 3}, gone: 57},
	} {
		t.Run(name, func(t *testing.T) {
			h := usage.History{Files: []usage.HistoryFile{hour, day, late}}
			h.Gone[usage.Endpoint].Requests[usage.Success] = 50
			if c.erased > 0 {
				h.Erased = []usage.Erased{{Through: c.erased}}
			}
			before := h.Sums()
			got := h.Exchange(c.remove, c.add)
			assert.Equal(t, c.files, numbers(got.Files))
			assert.Equal(t, c.gone, got.Gone[usage.Endpoint].Requests[usage.Success])
			assert.Equal(t, c.inexact, got.Inexact)
			after := got.Sums()
			assert.Equal(t, before[usage.Endpoint].TotalRequests()+50, after[usage.Endpoint].TotalRequests()+c.gone)
			assert.Equal(t, []uint64{1, 3, 4}, numbers(h.Files), "the list never changes")
		})
	}
}

func numbers(files []usage.HistoryFile) (list []uint64) {
	for i := range files {
		list = append(list, files[i].Number)
	}
	return list
}

// Sums leave out exactly the hours that are rolled, however days lie: those of several
// zones overlap.
func TestSumsOfOverlappingDays(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	for range 300 {
		var h usage.History
		for n := range uint64(rng.IntN(40)) {
			start := rng.Int64N(80) * hourLong
			g, end := usage.Hourly, start+hourLong
			if rng.IntN(3) == 0 {
				g, end = usage.Daily, start+rng.Int64N(28)*hourLong
			}
			h.Files = append(h.Files, fileOf(n+1, g, start, end, 1+rng.Int64N(1000)))
		}
		rng.Shuffle(len(h.Files), func(i, j int) { h.Files[i], h.Files[j] = h.Files[j], h.Files[i] })
		var want int64
		for i := range h.Files {
			if !h.Rolled(&h.Files[i]) {
				want += h.Files[i].Sums[usage.Endpoint].TotalRequests()
			}
		}
		sums := h.Sums()
		assert.Equal(t, want, sums[usage.Endpoint].TotalRequests())
	}
}
