package dedup

const (
	// partBits of a key say which table of a growing segment it is in.
	partBits = 8
	parts    = 1 << partBits
	// growingLoad is how full, in percent, the homes of a table get before it
	// grows: then it takes 10 bytes a key, and an insert moves few other keys.
	growingLoad = 80
	// tailSlots take what overflows: of 200 tables that fill up, one needs more.
	tailSlots = lineSlots
	// firstSlots is the size of a table in an empty segment: one line and a tail.
	firstSlots = lineSlots + tailSlots
	// A table grows by a fifth to two fifths, so that on average it takes 15 %
	// more than it needs, and a key is moved three or four times.
	growth = 5
	// maxJump is how much a table grows at most when the period before suggests
	// so. If that was a burst, no more than that is wasted.
	maxJump = 8
)

// grown returns a copy of a part with more room: if possible, for hint keys.
func (t *table) grown(hint int) table {
	lines, part := t.lines(), t.part()
	tail := max(tailSlots, len(t.slots)-lines*lineSlots)
	if t.keys < lines*lineSlots*growingLoad/100 {
		// There is room, but not for what overflows.
		tail *= 2
	} else {
		lines, tail = grownLines(lines, part, hint), tailSlots
	}
	for ; ; tail *= 2 {
		bigger := newTable(newSlots(lines*lineSlots+tail), lines, part, parts, growingLoad)
		if _, ok := bigger.fill(t.slots, 0); ok {
			return bigger
		}
	}
}

// grownLines is how many lines of homes follow on a number of lines. It depends
// on the part, for else all parts would always grow at the same time. The last
// step to what the hint asks for is the biggest: after a quarter of a period
// like the one before, nothing grows.
func grownLines(lines, part, hint int) int {
	wanted := hint*100/(lineSlots*growingLoad) + 1
	for wanted > maxJump*lines {
		wanted /= maxJump / 2
		wanted -= part % (wanted/2 + 1)
	}
	step := lines/growth + 1
	return max(wanted, lines+step+part%step)
}

// lines is how many lines of a part are homes.
func (t *table) lines() int { return int(t.scale >> partBits) }

// part is which of the parts a table is.
func (t *table) part() int { return int(t.base / uint64(t.lines())) }

// bytes is what the slots take, unless they are in the segment's first block.
func (t *table) bytes() int64 {
	if len(t.slots) == firstSlots {
		return 0
	}
	return keyBytes * int64(len(t.slots))
}
