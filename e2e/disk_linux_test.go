package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// What the Collector says of a full disk, and afterwards.
const (
	diskFails  = "not be written"
	diskIsBack = "again, nothing was lost"
)

// outage is how long a disk stays full: many times each interval of a victim.
const outage = 500 * time.Millisecond

// disk is where a state is, and how it becomes full and has space again.
type disk struct {
	state string
	fill  func(t *testing.T, c *collector)
	empty func(t *testing.T, c *collector)
}

// limited is a disk that is full for one process only: its files may not grow.
// The first write that fails is torn. Until then a new file may have space: the
// disk can seem to be back for a moment.
func limited(t *testing.T) *disk {
	t.Helper()
	dir := t.TempDir()
	return &disk{
		state: dir,
		fill: func(t *testing.T, c *collector) {
			t.Helper()
			info, err := os.Stat(stateFile(t, dir, "journal"))
			if err != nil {
				t.Fatal(err)
			}
			c.limitFiles(strconv.FormatInt(info.Size()+100, 10))
			until(t, diskFails, func() bool { return c.logged(diskFails) > 0 })
			c.limitFiles("0")
		},
		empty: func(t *testing.T, c *collector) {
			t.Helper()
			c.limitFiles("unlimited")
		},
	}
}

// limitFiles changes how large the files of the running process may get.
func (c *collector) limitFiles(size string) {
	c.t.Helper()
	pid := strconv.Itoa(c.cmd.Process.Pid)
	if said, err := exec.Command("prlimit", "--pid="+pid, "--fsize="+size+":unlimited").CombinedOutput(); err != nil {
		c.t.Fatalf("prlimit: %v: %s", err, said)
	}
}

// mounted is a small file system of its own, nil where nobody may mount one.
func mounted(t *testing.T) *disk {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("usage-e2e", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Logf("NOT RUN on a file system that is full, only on one that says so: mount: %v", err)
		return nil
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return &disk{
		state: filepath.Join(dir, "state"),
		fill: func(t *testing.T, c *collector) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 256<<10), 0o600); err == nil {
				t.Fatal("256 KiB of ballast fit in beside the state")
			}
			until(t, diskFails, func() bool { return c.logged(diskFails) > 0 })
		},
		empty: func(t *testing.T, _ *collector) {
			t.Helper()
			if err := syscall.Mount("usage-e2e", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// The disk is full for a while, under load. In both modes nothing is exported
// meanwhile, everything is counted once in the end, and nobody restarts anything.
func TestDiskIsFull_A_R2_X_12(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"continue", "refuse"} {
		for name, open := range map[string]func(*testing.T) *disk{"limited": limited, "mounted": mounted} {
			for _, durability := range []string{"write", "sync"} {
				t.Run(fmt.Sprintf("%s/%s/%s", on, name, durability), func(t *testing.T) {
					t.Parallel()
					if d := open(t); d != nil {
						fullForAWhile(t, d, setup{state: d.state, onError: on, durability: durability})
					}
				})
			}
		}
	}
}

func fullForAWhile(t *testing.T, d *disk, s setup) {
	t.Helper()
	out := newSink(t)
	s.sinks = []*sink{out}
	v := newVictim(t, chance(t), s)
	v.billing.waitForAcks(10)
	out.refresh()

	d.fill(t, v.c)
	v.duringOutage(out)
	d.empty(t, v.c)
	out.refresh()
	v.billing.waitForAcks(10)

	v.saidSo()
	want := v.finish(out.totals)
	equal(t, "after a restart", recovered(t, v.setup, out), want)
	out.oneWriterAndStart()
}

// duringOutage checks what goes on while nothing can be written. What had begun
// before may still arrive for a moment.
func (v *victim) duringOutage(out *sink) {
	v.t.Helper()
	time.Sleep(outage / 5)
	exports, _ := out.counts()
	acked, _ := v.billing.soFar()
	refused := v.network.refusals()
	time.Sleep(outage)
	if now, _ := out.counts(); now != exports {
		v.t.Errorf("%d exports while nothing could be stored", now-exports)
	}
	still, _ := v.billing.soFar()
	if v.setup.onError == "continue" {
		if total(still) == total(acked) {
			v.t.Error("nothing was acknowledged, although metering goes on in memory")
		}
		return
	}
	equal(v.t, "acknowledged while nothing can be stored", still, acked)
	if v.network.refusals() == refused {
		v.t.Error("nobody was told to try again")
	}
}

// saidSo fails the test unless the log names the outage and its end, and is not
// full of it: there were 25 exports and as many flushes meanwhile.
func (v *victim) saidSo() {
	v.t.Helper()
	until(v.t, diskIsBack, func() bool { return v.c.logged(diskIsBack) > 0 })
	if fails, back := v.c.logged(diskFails), v.c.logged(diskIsBack); fails > 3 || back > 3 {
		v.t.Errorf("the log says %d times that the disk fails, %d times that it is back", fails, back)
	}
}

// A collector that refuses can even be killed while the disk is full.
func TestKilledWhileDiskIsFull_X_12(t *testing.T) {
	t.Parallel()
	for _, durability := range []string{"write", "sync"} {
		t.Run(durability, func(t *testing.T) {
			t.Parallel()
			d, out := limited(t), newSink(t)
			v := newVictim(t, chance(t), setup{state: d.state, onError: "refuse", durability: durability, sinks: []*sink{out}})
			for range 3 {
				v.billing.waitForAcks(5)
				d.fill(t, v.c)
				v.pause(outage)
				v.c.kill()
				acked, _ := v.billing.soFar()
				v.restart()
				v.survived(out.refresh(), acked)
			}
			want := v.finish(out.totals)
			equal(t, "after a restart", recovered(t, v.setup, out), want)
			out.oneWriterAndStart()
		})
	}
}

// One that goes on loses what was counted meanwhile, and that alone: nothing
// from before the outage, and nothing that anyone has seen.
func TestKilledWhileMeteringInMemory_I3(t *testing.T) {
	t.Parallel()
	d, out := limited(t), newSink(t)
	v := newVictim(t, chance(t), setup{state: d.state, onError: "continue", sinks: []*sink{out}})
	v.billing.waitForAcks(5)
	acked, _ := v.billing.soFar()
	d.fill(t, v.c)
	v.pause(outage)
	v.c.kill()
	exported := out.totals()
	v.restart()
	totals := out.refresh()
	v.survived(totals, acked)
	v.survived(totals, exported)
	v.billing.finish()
	v.c.stop()
	out.oneWriterAndStart()
}
