package meter

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// killer kills the process before one of its operations on the disk.
type killer struct {
	files.FS
	memory *filestest.Memory
	left   int
	killed *filestest.Memory // the disk as it was then
}

func (k *killer) step() {
	k.left--
	if k.left == 0 {
		k.killed = k.memory.Kill()
	}
}

func (k *killer) Create(name string) (files.File, error) {
	k.step()
	f, err := k.FS.Create(name)
	return &killerFile{f, k}, err
}

func (k *killer) Rename(from, to string) error {
	k.step()
	return k.FS.Rename(from, to)
}

func (k *killer) Remove(name string) error {
	k.step()
	return k.FS.Remove(name)
}

func (k *killer) Sync() error {
	k.step()
	return k.FS.Sync()
}

type killerFile struct {
	files.File
	killer *killer
}

func (f *killerFile) Write(p []byte) (int, error) {
	f.killer.step()
	return f.File.Write(p)
}

func (f *killerFile) Sync() error {
	f.killer.step()
	return f.File.Sync()
}

// changeOfBuckets is when an hour is over, the day too, and another day is dropped, and
// what a reset has left is written anew.
func changeOfBuckets(t *testing.T, operation int) (done bool) {
	synctest.Test(t, func(t *testing.T) {
		k := &killer{}
		b := newHistoryBench(t, shortLived, kept(48*time.Hour, 49*time.Hour), func(o *Options) {
			open := o.Persistence.Open
			o.Persistence.Interval = 24 * time.Hour // only when the test says so
			o.Persistence.Open = func(owner string) (files.FS, error) {
				var err error
				k.FS, err = open(owner)
				return k, err
			}
		})
		for hour := range 24 * 3 {
			b.serve(fmt.Sprintf("a%d", hour%3), 1)
			time.Sleep(time.Hour)
			b.keepHistory()
			if hour == 70 {
				_, err := b.Reset(endpointScope("a1"))
				require.NoError(t, err)
			}
		}
		time.Sleep(time.Hour + time.Minute)
		_, err := b.Reset(endpointScope("a2"))
		require.NoError(t, err)
		total, gone := b.counted(), b.gone()
		k.memory, k.left = b.memory, operation
		b.keepHistory()
		done = k.left > 0
		gone = max(gone, b.gone())
		hours, days := b.hours(), b.days()
		if done {
			k.killed = b.memory.Kill()
		}
		b.die()
		b.memory, k.left = k.killed, 0
		b.start()
		assert.Empty(t, b.logs.FilterMessageSnippet("damaged").All())
		assert.Equal(t, total, b.counted(), "what was acknowledged is there")
		b.checkBalance()
		b.keepHistory()
		b.checkBalance()
		assert.Equal(t, hours, b.hours(), "it is done again, and comes to the same")
		assert.Equal(t, days, b.days())
		assert.Equal(t, gone, b.gone())
		require.NoError(t, b.Save())
		require.NoError(t, b.Save())
		h, d := b.buckets()
		assert.Equal(t, h+d, b.historyFiles(), "superfluous files are removed")
		b.stop()
		b.start()
		assert.Equal(t, hours, b.hours())
		b.stop()
	})
	return done
}

// Whenever a process is killed while buckets change their form, history is exact.
func TestKilledAtAChangeOfBuckets(t *testing.T) {
	operation := 1
	for ; !changeOfBuckets(t, operation); operation++ {
		require.False(t, t.Failed(), "killed before operation %d", operation)
		require.Less(t, operation, 500)
	}
	assert.Greater(t, operation, 30)
}

// The snapshot before the newest has the files that it needs, and leads to the same.
func TestHistoryOfTheSnapshotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t)
		for range 49 {
			b.serve("a", 1)
			time.Sleep(time.Hour)
		}
		b.serve("a", 1)
		b.check()
		newest := ""
		for _, name := range b.memory.Names() {
			if len(name) > 9 && name[len(name)-9:] == ".snapshot" {
				newest = name
			}
		}
		b.die()
		b.memory.Edit(newest, func(data []byte) []byte {
			data[len(data)/2] ^= 1
			return data
		})
		b.start()
		assert.Equal(t, 1, b.logs.FilterMessageSnippet("is damaged").Len())
		b.check()
		assert.Zero(t, b.gone())
		b.stop()
	})
}
