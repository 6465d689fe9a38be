package journal

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// A journal that was being begun when the power was lost may consist of zeros. It
// held nothing that counts, and is not damage; one with something behind is.
func TestJournalOfZerosIsTorn_I1_C4_D7(t *testing.T) {
	s := newSpecimen(t, true)
	for name, c := range map[string]struct {
		content []byte
		damage  bool
	}{
		"nothing":               {nil, false},
		"zeros":                 {make([]byte, 100), false},
		"fewer than a magic":    {make([]byte, 3), false},
		"a hole, then the rest": {append(make([]byte, 8), s.disk.Read(journalName(3))[8:]...), true},
	} {
		t.Run(name, func(t *testing.T) {
			disk := s.disk.Kill()
			disk.Edit(journalName(4), func([]byte) []byte { return c.content })
			k := mustOpenKept(t, disk, true, name)
			got := k.standing()
			assert.Equal(t, c.damage, len(k.found.Damage) > 0)
			assert.True(t, c.damage || got.equal(&s.last))
			assert.True(t, c.damage || k.found.TornBytes == int64(len(c.content)))
			require.NoError(t, k.journal.Close())
		})
	}
}

// What a killed process has left may be in the page cache only. If the next one
// dies before its first snapshot is there, and the power fails, the journal that
// it has begun continues something that is gone. That is no damage.
func TestPowerLossWhileStartingAfterAKill_I1_I8(t *testing.T) {
	disk, o := filestest.NewMemory(), newOracle()
	k := mustOpenKept(t, disk, false, "first")
	o.sync(k)
	o.write(k)
	for ops := 1; ; ops++ { // at one of them the journal is there and the snapshot is not
		killed := disk.Kill()
		fsys := filestest.New(mounted(t, killed))
		fsys.FailAt(ops, true)
		if _, err := openKept(fsys, false); err == nil {
			return
		}
		o.checkLosses(t, killed, uint64(ops), "while starting")
	}
}
