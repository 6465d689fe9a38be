package meter

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// A-F24: what ends before midnight and after it is of different days, and of different
// hours; hours that are over are in files, and days too.
func TestMidnight_A_F24(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t)
		midnight := time.Now().Truncate(24 * time.Hour).Add(24 * time.Hour)
		sleepUntil(midnight.Add(-time.Second))
		b.serve("a", 2)
		sleepUntil(midnight)
		b.serve("a", 3)
		b.serveAt("a", 1, midnight.Add(-1)) // a little late
		b.serve("b", 4)
		b.check()
		assert.Equal(t, map[int64]int64{midnight.Add(-time.Hour).Unix(): 3, midnight.Unix(): 3}, b.hours()["a"])
		assert.Equal(t, map[int64]int64{midnight.Add(-24 * time.Hour).Unix(): 3, midnight.Unix(): 3}, b.days()["a"])

		sleepUntil(midnight.Add(time.Hour + time.Minute + time.Second))
		hours, days := b.buckets()
		assert.Equal(t, 1, hours, "the last hour of the day before is over")
		assert.Equal(t, 1, days, "and so is the day")
		b.check()
		sleepUntil(midnight.Add(26 * time.Hour))
		hours, days = b.buckets()
		assert.Equal(t, 2, hours)
		assert.Equal(t, 2, days)
		b.check()
		b.stop()
		b.start()
		b.check()
		b.stop()
	})
}

// A record that is more than an hour late, or of the future, counts when it arrives.
func TestLateRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t)
		time.Sleep(90 * time.Minute)
		hour := time.Now().Truncate(time.Hour).Unix()
		for _, end := range []time.Duration{-time.Hour - time.Second, time.Minute, 0} {
			b.serveAt("a", 1, time.Now().Add(end))
		}
		assert.Equal(t, map[int64]int64{hour: 3}, b.hours()["a"])
		m, err := b.telemetry.GetMetric("otelcol.usage.records.late")
		require.NoError(t, err)
		assert.Contains(t, m.Description, "hour of their arrival")
		b.checkBalance()
		b.stop()
	})
}

// A-F24: a day has 23 or 25 hours where the clocks are changed.
func TestDaysOfOtherLengths_A_F24(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		day   time.Time
		hours int
	}{
		"23": {time.Date(2000, 3, 26, 0, 0, 0, 0, berlin), 23},
		"25": {time.Date(2000, 10, 29, 0, 0, 0, 0, berlin), 25},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sleepUntil(c.day.Add(-time.Hour))
				b := newHistoryBench(t, in("Europe/Berlin"))
				end := c.day.AddDate(0, 0, 1)
				for time.Now().Before(end.Add(time.Hour)) {
					b.serve("a", 1)
					time.Sleep(30 * time.Minute)
				}
				day := c.day.Unix()
				assert.Equal(t, int64(2*c.hours), b.days()["a"][day])
				b.check()
				sleepUntil(end.Add(2 * time.Hour))
				assert.Equal(t, int64(2*c.hours), b.days()["a"][day])
				_, days := b.buckets()
				assert.Equal(t, 2, days)
				b.check()
				b.stop()
			})
		})
	}
}

// A changed zone concerns what is counted from then on.
func TestChangedZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t)
		for range 30 {
			b.serve("a", 1)
			time.Sleep(time.Hour)
		}
		before := b.hours()["a"]
		b.stop()
		b.start(in("Asia/Kolkata")) // five and a half hours ahead
		assert.Equal(t, before, b.hours()["a"])
		for range 80 {
			b.serve("a", 1)
			b.checkBalance()
			time.Sleep(time.Hour)
		}
		sum := int64(0)
		for start, n := range b.days()["a"] {
			sum += n
			if start > time.Now().Add(-48*time.Hour).Unix() {
				assert.Equal(t, int64(18*3600+1800), start%86400, "midnight in Kolkata")
			}
		}
		assert.Equal(t, int64(110), sum)
		b.checkBalance()
		b.stop()
	})
}

// A-U20: an idle collector writes nothing.
func TestIdleHistoryWritesNothing_A_U20(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t)
		b.serve("a", 1)
		time.Sleep(27 * time.Hour) // the day is over, too
		ops := b.disk.Ops()
		time.Sleep(48 * time.Hour)
		assert.Equal(t, ops, b.disk.Ops())
		b.check()
		b.stop()
	})
}

// A-U13: hours and days are dropped whole when they are old enough; totals are for ever.
func TestRetentionOfHistory_A_U13(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t, kept(48*time.Hour, 96*time.Hour))
		for hour := range 24 * 10 {
			b.serve("a", 1)
			if hour%7 == 0 {
				b.checkBalance()
			}
			time.Sleep(time.Hour)
		}
		time.Sleep(30 * time.Second) // between two looks
		hours, days := b.hours()["a"], b.days()["a"]
		assert.LessOrEqual(t, len(hours), 50)
		assert.GreaterOrEqual(t, len(hours), 48)
		assert.LessOrEqual(t, len(days), 6)
		assert.GreaterOrEqual(t, len(days), 4)
		sum := int64(0)
		for _, n := range days {
			sum += n
		}
		assert.Equal(t, int64(240), b.counted(), "totals are for ever")
		assert.Equal(t, int64(240), sum+b.gone())
		b.checkBalance()
		h, d := b.buckets()
		assert.LessOrEqual(t, b.historyFiles(), h+d+2, "what the snapshot before has stays for a while")
		b.stop()
		b.start()
		assert.Equal(t, hours, b.hours()["a"])
		assert.Equal(t, days, b.days()["a"])
		b.checkBalance()
		b.stop()
	})
}

// Without persistence, the last 48 hours are there.
func TestHistoryInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t, inMemoryOnly)
		for range 100 {
			b.serve("a", 1)
			b.checkBalance()
			time.Sleep(time.Hour)
		}
		hours := b.hours()["a"]
		assert.InDelta(t, 48, len(hours), 1)
		assert.Equal(t, int64(100), b.counted())
		assert.Equal(t, int64(100), b.gone()+int64(len(hours)))
		b.stop()
	})
}

// A disk that fails keeps nothing from being counted: hours stay in memory until it is
// well again.
func TestHistoryOfFailingDisk(t *testing.T) {
	for _, mode := range []filestest.Mode{filestest.Refuse, filestest.Full, filestest.BadSync, filestest.Deceive} {
		synctest.Test(t, func(t *testing.T) {
			b := newHistoryBench(t)
			b.serve("a", 1)
			time.Sleep(time.Hour)
			b.serve("a", 1)
			b.disk.SetMode(mode)
			b.disk.FailNow(true)
			for range 30 {
				b.serve("a", 1)
				b.checkBalance()
				time.Sleep(time.Hour)
			}
			b.disk.Heal()
			time.Sleep(2 * time.Minute)
			b.check()
			hours, _ := b.buckets()
			assert.Greater(t, hours, 25)
			b.die()
			b.start()
			b.check()
			b.stop()
		})
	}
}

// What could not be written is said once a minute, and counted.
func TestFailedHistoryIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t, func(o *Options) { o.Persistence.Interval = 10 * time.Second })
		b.serve("a", 1)
		time.Sleep(2*time.Hour - 30*time.Second)
		// Only files can be made no more: the journal is written as before.
		b.full.full.Store(true)
		time.Sleep(5 * time.Minute)
		assert.InDelta(t, 5, b.logs.FilterMessageSnippet("History could not be written").Len(), 1)
		b.full.full.Store(false)
		time.Sleep(time.Minute)
		b.check()
		hours, _ := b.buckets()
		assert.Equal(t, 1, hours)
		b.stop()
	})
}

// A file of history that is damaged is set aside: its usage stays in the totals.
func TestDamagedHistory(t *testing.T) {
	for _, when := range []string{"running", "stopped"} {
		synctest.Test(t, func(t *testing.T) {
			b := newHistoryBench(t)
			for range 5 {
				b.serve("a", 1)
				time.Sleep(time.Hour)
			}
			b.check()
			file := b.engine.History().Files[1]
			if when == "stopped" {
				b.stop()
			}
			b.memory.Edit(historyFile(file), func(data []byte) []byte {
				data[len(data)/2] ^= 1
				return data
			})
			if when == "stopped" {
				b.start()
			}
			time.Sleep(30 * time.Second) // nobody else works on history then
			err := b.View().History(usage.Hourly, 0, 0, func(usage.Period, *usage.HistoryRow) error { return nil })
			require.Error(t, err)
			delete(b.sent["a"], file.Start)
			b.check()
			assert.Equal(t, int64(1), b.gone())
			assert.Equal(t, int64(5), b.counted())
			assert.Equal(t, 1, b.logs.FilterMessageSnippet("is damaged and is moved").Len())
			for range 2 { // the snapshot before has it still
				require.NoError(t, b.Save())
			}
			assert.NotNil(t, b.memory.Read("quarantine/"+historyFile(file)))
			b.stop()
			b.start()
			b.check()
			b.stop()
		})
	}
}
