package usageextension

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A-R11: everything at once, and everything that was sent is counted in the end.
func TestEverythingAtOnce_A_R11_A_R8(t *testing.T) {
	b, directory := start(t), t.TempDir()
	m := b.open("usage", kept(t, directory))
	var sent atomic.Int64
	var group sync.WaitGroup
	repeat := func(times int, do func(i int)) {
		group.Go(func() {
			for i := range times {
				do(i)
			}
		})
	}
	fine := func(method, route, body string, accepted ...int) {
		got := b.management(method, route, body)
		assert.Contains(t, append(accepted, http.StatusOK), got.status, "%s %s %s: %s", method, route, body, got.body)
	}
	repeat(60, func(int) {
		shop(t, m)
		sent.Add(4)
	})
	repeat(20, func(i int) {
		fine(http.MethodPatch, "/usage-persistence", fmt.Sprintf(`{"interval-seconds": %d}`, i+1))
		fine(http.MethodPatch, "/usage-persistence", `{"interval-seconds": 0}`, http.StatusBadRequest)
	})
	repeat(8, func(i int) {
		fine(http.MethodPut, "/usage-persistence", fmt.Sprintf(`{"enabled": %t}`, i%2 == 1))
		fine(http.MethodPut, "/usage-persistence", fmt.Sprintf(`{"file-path": "d%d"}`, i%3))
	})
	repeat(15, func(int) {
		fine(http.MethodPost, "/usage/save", "", http.StatusConflict)
		fine(http.MethodPost, "/usage/load", "", http.StatusConflict)
	})
	repeat(10, func(int) {
		fine(http.MethodPost, "/usage/reset", `{"scope": "provider", "value": "nobody"}`, http.StatusNotFound)
	})
	repeat(10, func(int) { fine(http.MethodPut, "/usage-statistics-enabled", `{"value": true}`) })
	routes := []string{
		"/usage", "/usage/series", "/usage/history", "/usage/providers", "/usage/leaderboard", "/usage/filter-options", "/usage/summary",
		"/usage/sessions", "/usage/budgets", "/usage/status", "/usage/persistence-status", "/usage-persistence", "/usage/export",
	}
	repeat(3*len(routes), func(i int) { fine(http.MethodGet, routes[i%len(routes)], "") })
	repeat(10, func(int) { assert.Equal(t, http.StatusOK, b.get("/").status) })
	group.Wait()
	assert.InDelta(t, sent.Load(), b.get(prefix+"/usage").number(t, "usage", "total_requests"), 0)
	fine(http.MethodPut, "/usage-persistence", `{"enabled": true}`)
	assert.InDelta(t, sent.Load(), b.get(prefix+"/usage").number(t, "usage", "total_requests"), 0)
	fine(http.MethodPost, "/usage/save", "")
}
