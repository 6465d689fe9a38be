package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A reload lets go of everything, however often, and counts nothing twice.
func TestReloadedFiftyTimes_X_11(t *testing.T) {
	t.Parallel()
	out := newSink(t)
	v := newVictim(t, chance(t), setup{state: t.TempDir(), sinks: []*sink{out}})
	v.reload(1)
	before := openFiles(t, v.c)
	for n := range 49 {
		v.reload(n + 2)
		v.pause(50 * time.Millisecond)
		if n%5 == 0 {
			v.billing.waitForAcks(1)
		}
	}
	until(t, "as many open files as before", func() bool { return maps.Equal(openFiles(t, v.c), before) || v.c.ended() })
	if n := v.c.logged("in use by"); n > 0 {
		t.Errorf("a reload met its own lock:\n%s", tail(v.c.log()))
	}
	v.network.repeated()
	want := v.finish(out.totals)
	equal(t, "after a restart", recovered(t, v.setup, out), want)
	out.oneWriterAndStart()
}

func (v *victim) reload(nth int) {
	v.t.Helper()
	v.c.signal(syscall.SIGHUP)
	until(v.t, "reloaded", func() bool { return v.c.logged(ready) == nth+1 || v.c.ended() })
}

// openFiles are the file descriptors of a process by what they are for, except
// for connections: clients and exporters have as many as they like.
func openFiles(t *testing.T, c *collector) map[string]int {
	t.Helper()
	open := map[string]int{}
	dir := fmt.Sprintf("/proc/%d/fd", c.cmd.Process.Pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		// One that was closed meanwhile has no target.
		target, _ := os.Readlink(filepath.Join(dir, entry.Name()))
		if kind, _, _ := strings.Cut(target, ":"); kind != "socket" && target != "" {
			open[filepath.Dir(kind)+"/*"+filepath.Ext(kind)]++
		}
	}
	return open
}
