package meter

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/engine"
)

// What an exit has not taken is for the next start, if nobody else takes it.
func TestTaken(t *testing.T) {
	for _, delta := range []bool{false, true} {
		b := newBench(t, t.TempDir(), Write, func(o *Options) { o.Delta = delta })
		assert.Equal(t, engine.Taken{Seq: math.MaxUint64}, b.outbox.taken(), "there is no exit")
		b.outbox.expect(2)
		assert.Equal(t, engine.Taken{}, b.outbox.taken(), "two are to come")
		one, two := &Exit{meter: b.Meter, next: b.sink}, &Exit{meter: b.Meter, next: b.sink}
		b.outbox.join(one, "one")
		b.outbox.join(two, "two")
		one.seq, two.seq = 7, 5
		assert.Equal(t, engine.Taken{Seq: 5, Windows: delta}, b.outbox.taken())
		b.outbox.leave(two)
		assert.Equal(t, engine.Taken{Seq: 7, Windows: delta}, b.outbox.taken(), "the other one goes on")
		b.outbox.leave(one)
		assert.Equal(t, engine.Taken{Seq: 5, Windows: delta}, b.outbox.taken(), "nobody runs any more")
		require.NoError(t, b.close(t))
	}
}
