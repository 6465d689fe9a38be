package meter

import (
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// operation is something that can happen.
type operation struct {
	name   string
	weight int
	do     func(*modelRun)
}

// whileRunning is what can happen to a process, with how often it does.
func whileRunning() []operation {
	return []operation{
		{"new batch", 28, func(r *modelRun) { r.sendNew() }},
		{"resend", 14, func(r *modelRun) { r.resend(1, false) }},
		{"resend a part", 8, func(r *modelRun) { r.resend(1, true) }},
		{"resend several", 8, func(r *modelRun) { r.resend(2+r.rng.IntN(2), r.chance(50)) }},
		{"pause", 10, func(r *modelRun) { r.sleep(r.duration(time.Second)) }},
		{"pause an interval", 4, func(r *modelRun) { r.sleep(r.config.interval + r.duration(5*time.Second)) }},
		{"idle", 1, func(r *modelRun) { r.sleep(r.duration(8 * time.Minute)) }},
		{"days without a word", 1, func(r *modelRun) { r.fallSilent() }},
		{"export", 5, func(r *modelRun) { r.export() }},
		{"exits", 1, func(r *modelRun) { r.changeExits() }},
		{"stop counting, or go on", 3, func(r *modelRun) { r.pauseOrResume() }},
		{"upkeep", 4, func(r *modelRun) { r.upkeep() }},
		{"flush", 4, func(r *modelRun) { r.flush() }},
		{"snapshot", 2, func(r *modelRun) { r.snapshot() }},
		{"save", 1, func(r *modelRun) { r.save() }},
		{"load", 1, func(r *modelRun) { r.load() }},
		{"import", 1, func(r *modelRun) { r.importDocument() }},
		{"export a document", 1, func(r *modelRun) { r.exportDocument() }},
		{"look", 1, func(r *modelRun) { r.lookAtCrash() }},
		{"break the disk", 2, func(r *modelRun) { r.breakDisk(4) }},
		{"heal the disk", 6, func(r *modelRun) { r.healDisk() }},
		{"die soon", 1, func(r *modelRun) { r.disk.dieIn(1 + r.rng.IntN(25)) }},
		{"crash", 1, func(r *modelRun) { r.crash(r.rng.IntN(2) == 0) }},
		{"stop", 1, func(r *modelRun) { r.shutDown() }},
	}
}

// whileStopped is what can happen between two processes.
func whileStopped() []operation {
	return []operation{
		{"start", 6, func(r *modelRun) { r.start() }},
		{"pause", 2, func(r *modelRun) { time.Sleep(r.duration(time.Minute)) }},
		{"long pause", 1, func(r *modelRun) { time.Sleep(r.duration(8 * time.Minute)) }},
		{"power loss", 1, func(r *modelRun) { r.crash(true) }},
	}
}

// operate does one operation and checks everything.
func (r *modelRun) operate() {
	list := whileRunning()
	if r.meter == nil {
		list = whileStopped()
	}
	total := 0
	for _, o := range list {
		total += o.weight
	}
	n := r.rng.IntN(total)
	for _, o := range list {
		if n -= o.weight; n < 0 {
			r.tell("%s", o.name)
			o.do(r)
			break
		}
	}
	if r.meter == nil {
		return
	}
	r.check()
	r.noteAge()
	if r.disk.dead() {
		r.crash(r.rng.IntN(2) == 0)
	}
}

// maxSent is how many batches a sender may still send again.
const maxSent = 200

// sleep lets time pass, and the process do what it does by itself.
func (r *modelRun) sleep(d time.Duration) {
	before, begin := r.model.live.seq, time.Now()
	for end := begin.Add(d); time.Now().Before(end); {
		r.sleepOnce(time.Until(end))
	}
	if r.disk.dead() || r.broken {
		return
	}
	if d > r.config.interval {
		require.False(r.t, r.meter.failing(), "the disk is well, and usage still not written")
		r.model.sync(before)
	}
	if r.meter.failing() {
		return
	}
	// A crash loses one interval at most.
	for _, c := range r.model.commits {
		if c.at < begin.Add(d-r.config.interval).UnixNano() {
			r.model.sync(c.seq)
		}
	}
}

// sleepOnce sleeps for so long that the meter looks after itself once at most, and
// sees what has come of it.
func (r *modelRun) sleepOnce(most time.Duration) {
	once := r.config.interval
	if r.broken || r.meter.failing() || r.disk.left > 0 {
		once = firstRetry
	}
	before := r.meter.engine.Totals().Age
	time.Sleep(min(once, most))
	synctest.Wait()
	r.noteEnds()
	if age := r.meter.engine.Totals().Age; age > before {
		r.noteAge() // a snapshot may have it
		r.checkEnded(age)
	}
}

// pauseOrResume stops counting for a while.
func (r *modelRun) pauseOrResume() {
	switch {
	case r.model.paused:
		r.meter.Resume()
		r.saw("resumed")
	case r.chance(20):
		r.meter.Pause()
	default:
		return
	}
	r.model.paused = !r.model.paused
	require.Equal(r.t, r.model.paused, r.meter.Paused())
}

// fallSilent lets a day and more pass, if that is not too much work.
func (r *modelRun) fallSilent() {
	if r.config.interval == modelLongInterval && r.healthy() && r.disk.left == 0 {
		r.sleep(25*time.Hour + r.duration(time.Hour))
	}
}

// healthy says whether nothing may fail.
func (r *modelRun) healthy() bool {
	return !r.broken && !r.disk.dead() && !r.meter.failing()
}

func (r *modelRun) upkeep() {
	r.meter.upkeep()
	r.noteEnds()
	r.checkEnded(r.meter.engine.Totals().Age)
	switch {
	case r.disk.dead():
	case !r.meter.failing():
		r.model.sync(r.model.live.seq)
	default:
		require.True(r.t, r.broken, "the disk is well, and usage still not written")
	}
}

func (r *modelRun) flush() {
	healthy := r.healthy()
	err := r.meter.store().flush()
	switch {
	case r.disk.dead():
	case err == nil:
		r.model.sync(r.model.live.seq)
	default:
		require.False(r.t, healthy, "flush: %v", err)
	}
}

// lookAtCrash looks at what a crash at this moment would leave.
func (r *modelRun) lookAtCrash() {
	if r.disk.dead() {
		return
	}
	r.look(r.memory.Kill(), r.model.written)
	r.look(r.memory.Crash(r.rng), r.model.synced)
}

// breakDisk lets one of the next operations of the disk fail, or all from it on.
func (r *modelRun) breakDisk(within int) {
	mode := pick(r.rng, filestest.Refuse, filestest.Full, filestest.BadSync, filestest.BadRead, filestest.Deceive)
	sticky := r.chance(50)
	r.tell("mode %d, sticky %t", mode, sticky)
	r.faulty.SetMode(mode)
	r.faulty.FailAt(r.faulty.Ops()+1+r.rng.IntN(within), sticky)
	r.broken = true
}

func (r *modelRun) healDisk() {
	r.faulty.Heal()
	r.broken = false
}

// shutDown ends the process in good order.
func (r *modelRun) shutDown() {
	healthy := r.healthy()
	err := r.meter.Close()
	r.meter = nil
	switch {
	case r.disk.dead():
		r.crash(r.rng.IntN(2) == 0)
		return
	case err == nil:
		r.model.sync(r.model.live.seq)
	default:
		require.False(r.t, healthy, "close: %v", err)
	}
	r.settle(r.model.written)
}
