package meter

import (
	"maps"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// crash ends the process without notice, and the power with it or not.
func (r *modelRun) crash(power bool) {
	r.tell("crash, power %t", power)
	floor := r.model.written
	if power {
		floor = r.model.synced
		r.memory = r.memory.Crash(r.rng)
	} else {
		r.memory = r.memory.Kill()
	}
	if r.meter != nil {
		r.disk.die()
		_ = r.meter.Close()
		r.meter = nil
	}
	before := r.model.live.seq
	r.settle(floor)
	r.sawCrash(power, before, floor)
	if power {
		r.model.sync(r.model.live.seq)
	}
}

// sawCrash notes what became of what was in doubt.
func (r *modelRun) sawCrash(power bool, before, floor uint64) {
	what := "killed"
	if power {
		what = "power lost"
	}
	switch left := r.model.live.seq; {
	case before > floor && left == before:
		r.saw(what + ", all was left")
	case before > floor && left > floor:
		r.saw(what + ", some was left")
	case before > floor:
		r.saw(what + ", only what was promised was left")
	default:
		r.saw(what + ", with nothing to lose")
	}
}

// settle looks at what is on the disk while no process runs, and makes that the
// truth if it is one that may be.
func (r *modelRun) settle(floor uint64) {
	left := r.look(r.memory, floor)
	if r.endings > 0 {
		r.saw("ends since the newest snapshot")
	}
	r.lose(left.Stats().Seq)
	r.loseCuts(left.Window().Number)
}

// lose forgets what came after a commit.
func (r *modelRun) lose(seq uint64) {
	r.model.lose(seq)
	for len(r.ages) > 0 && r.ages[len(r.ages)-1].seq > seq {
		r.ages = r.ages[:len(r.ages)-1]
	}
}

// look recovers a copy of a disk, twice, and returns what came of it: exactly what
// there was at some commit, and at no earlier one than was promised.
func (r *modelRun) look(disk *filestest.Memory, floor uint64) *engine.Engine {
	disk = disk.Kill()
	first := r.recovered(disk)
	seq := first.Stats().Seq
	require.GreaterOrEqual(r.t, seq, floor, "what was promised to be kept is lost")
	require.LessOrEqual(r.t, seq, r.model.live.seq, "what never happened is counted")
	want := r.model.at(seq)
	rows := r.engineRows(first)
	if r.dropped(rows) {
		want = relaidState(want)
	}
	r.compare(want, rows, first)
	r.compareMemory(want, first)
	again := r.recovered(disk)
	require.Equal(r.t, seq, again.Stats().Seq, "a second recovery differs")
	require.Equal(r.t, rows, r.engineRows(again), "a second recovery differs")
	r.compareRetired(want, again)
	r.compareSessions(want, rows, again)
	return first
}

// recovered reads a disk into an engine.
func (r *modelRun) recovered(disk *filestest.Memory) *engine.Engine {
	fsys, err := disk.Mount()
	require.NoError(r.t, err)
	schemas, o := &usage.Schemas{}, r.config.options(fsys)
	e := engine.New(engine.Options{
		Schemas: schemas, Hasher: usage.NewHasher(), Layout: o.Layout, Dedup: o.Dedup.window(),
		Limits: engine.Limits{MaxSeries: o.MaxSeries}, Retention: int64(o.Retention), Calendar: o.History.calendar(),
		SessionTTL: int64(o.Sessions.TTL), MaxSessions: o.Sessions.Max,
	})
	j := journal.New(journal.Options{FS: fsys, Schemas: schemas, Layout: o.Layout})
	found, err := j.Recover(e)
	require.NoError(r.t, err)
	require.Empty(r.t, found.Damage, "a crash is taken for damage")
	require.False(r.t, found.Lost)
	r.checkBalance(e, j)
	require.NoError(r.t, j.Close())
	return e
}

// relaid says whether the rows have lost their distributions because another
// layout had been stored, and requires that there was one.
func (r *modelRun) relaid(rows map[string]modelSeries) bool {
	dropped := r.dropped(rows)
	foreign := maps.Clone(r.layouts)
	delete(foreign, r.config.explicit)
	if dropped {
		require.NotEmpty(r.t, foreign, "distributions are gone")
	} else if len(rows) > 0 && anyDuration(r.model.live.series) {
		require.True(r.t, r.layouts[r.config.explicit], "distributions of another layout are still there")
	}
	return dropped
}

// dropped says whether the model has distributions and the rows have none.
func (r *modelRun) dropped(rows map[string]modelSeries) bool {
	return len(r.layouts) > 0 && (len(r.layouts) > 1 || !r.layouts[r.config.explicit]) && !anyDuration(rows)
}

func anyDuration(series map[string]modelSeries) bool {
	for _, s := range series {
		if s.durations > 0 {
			return true
		}
	}
	return false
}

func relaidState(s modelState) modelState {
	for name, series := range s.series {
		s.series[name] = series.relaid()
	}
	return s
}

// modelAge is a moment that the state may be found at.
type modelAge struct {
	seq uint64
	usage.Moment
	wall int64 // what the clock said when the state was that old
}

// modelAges are between which ages a state has to be when it is found.
type modelAges struct{ lowest, highest int64 }

// noteAge notes the newest moment that was given out.
func (r *modelRun) noteAge() {
	totals, now := r.meter.engine.Totals(), r.meter.clock.moment()
	if n := len(r.ages); n == 0 || r.ages[n-1].Moment != totals.Moment || r.ages[n-1].seq != totals.Seq {
		r.ages = append(r.ages, modelAge{totals.Seq, totals.Moment, now.Wall - now.Age + totals.Age})
	}
	for len(r.ages) > 1 && r.ages[0].seq < r.model.base.seq {
		r.ages = r.ages[1:]
	}
}

// expectedAge is how old a state is that is found now: as old as when it was
// left, and older by what the wall clock says, unless that has stepped back.
func (r *modelRun) expectedAge() (a modelAges) {
	for i, found := range r.ages {
		lowest, highest := found.Age, found.Age
		if found.Wall > 0 {
			lowest += max(0, time.Now().UnixNano()-max(found.Wall, found.wall))
			highest += max(0, time.Now().UnixNano()-found.wall)
		}
		if i == 0 || lowest < a.lowest {
			a.lowest = lowest
		}
		a.highest = max(a.highest, highest)
	}
	return a
}
