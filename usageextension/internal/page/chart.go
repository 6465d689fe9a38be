package page

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Charts are drawn on a plane that is stretched to whatever room there is: planeHeight
// high, slotWidth wide for each bucket. Text is not in it, it would be stretched, too;
// its places are percentages.
const (
	planeHeight = 1000
	slotWidth   = 100
	slotMargin  = 9 // on both sides of a bar
	// maxSeries are told apart by colour; the rest is one more.
	maxSeries = 8
	// otherColour is of the rest.
	otherColour = "other"
)

// chart is a picture of buckets, its legend, and the same numbers as a table.
type chart struct {
	ID, Title, Description string
	// Width is that of the plane.
	Width  int
	Slots  []slot
	Lines  []line
	Grid   []gridLine
	Ticks  []xTick
	Legend []legend
	Head   []string // of the table's columns
	Rows   []tableRow
	Total  []number
}

// slot is a bucket: a bar, or nothing but the place for a hint.
type slot struct {
	X, Width int
	Hint     []string // lines
	Rects    []rect
}

// rect is what one group has in a bucket.
type rect struct {
	X, Y, Width, Height int
	Colour              string
}

// line is a polyline, as the data of SVG paths: Path of buckets that are over, Open
// from the last of these to the one that goes on.
type line struct{ Colour, Path, Open string }

type gridLine struct{ Y, Text string } // Y in percent of the height

type xTick struct {
	X, Text string // X in percent of the width
	Minor   bool
}

type legend struct {
	Colour, Name string
	Value        number
	// Share is of all groups together.
	Share string
}

type tableRow struct {
	Name  string
	Cells []number
}

// series are amounts by bucket, under one name.
type series struct {
	colour, name string
	values       []int64
}

func (s *series) sum() (n int64) {
	for _, v := range s.values {
		n = usage.AddSaturating(n, v)
	}
	return n
}

// scale maps amounts to heights, and has the grid.
type scale struct{ top, step int64 }

// newScale makes at most five steps of 1, 2 or 5 times a power of ten.
func newScale(most int64) scale {
	most = max(most, 1)
	step := roundUp((most-1)/5 + 1)
	top := (most-1)/step*step + step
	if top < 0 {
		top = most // there is no larger number
	}
	return scale{top, step}
}

// roundUp is the next number that is 1, 2 or 5 times a power of ten.
func roundUp(n int64) int64 {
	for power := int64(1); ; power *= 10 {
		for _, factor := range []int64{1, 2, 5} {
			if power*factor >= n {
				return power * factor
			}
		}
	}
}

// height is rounded, so that heights of sums differ by what is between them.
func (s scale) height(n int64) int {
	return int(float64(min(n, s.top))/float64(s.top)*planeHeight + 0.5)
}

func (s scale) grid(text func(int64) number) []gridLine {
	var grid []gridLine
	cents := false
	for n := int64(0); n <= s.top && n >= 0; n += s.step {
		t := text(n).Text
		grid = append(grid, gridLine{percent(planeHeight-s.height(n), planeHeight), t})
		cents = cents || strings.Contains(t, ".") && !strings.HasSuffix(t, noCents)
	}
	for i := range grid {
		if !cents {
			grid[i].Text = strings.TrimSuffix(grid[i].Text, noCents)
		}
	}
	return grid
}

// noCents ends an amount of whole dollars.
const noCents = ".00"

func percent(part, whole int) string {
	return strconv.FormatFloat(float64(part)*100/float64(whole), 'f', 2, 64) + "%"
}

// stack draws bars: what groups have in a bucket lies on top of each other, the first
// group lowest.
func stack(buckets []bucket, all []series, text func(int64) number) ([]slot, []gridLine) {
	sums := make([]int64, len(buckets))
	most := int64(0)
	for i := range buckets {
		for _, s := range all {
			sums[i] = usage.AddSaturating(sums[i], s.values[i])
		}
		most = max(most, sums[i])
	}
	scale := newScale(most)
	slots := make([]slot, len(buckets))
	for i := range slots {
		slots[i] = newSlot(i, &buckets[i], all, text)
		below := int64(0)
		for _, s := range all {
			base := scale.height(below)
			below = usage.AddSaturating(below, s.values[i])
			if high := scale.height(below); high > base {
				slots[i].Rects = append(slots[i].Rects, rect{i*slotWidth + slotMargin, planeHeight - high, slotWidth - 2*slotMargin, high - base, s.colour})
			}
		}
	}
	return slots, scale.grid(text)
}

// newSlot says in its hint what the bucket has, the largest amounts at most.
func newSlot(i int, b *bucket, all []series, text func(int64) number) slot {
	s := slot{X: i * slotWidth, Width: slotWidth, Hint: []string{b.name}}
	for _, one := range all {
		if n := one.values[i]; n > 0 {
			s.Hint = append(s.Hint, one.name+": "+text(n).Text)
		}
	}
	return s
}

// lines draws polylines through the middles of the buckets, up to the one that goes on.
func lines(buckets []bucket, all []series, text func(int64) number) ([]slot, []line, []gridLine) {
	most := int64(0)
	for _, s := range all {
		for _, n := range s.values {
			most = max(most, n)
		}
	}
	scale := newScale(most)
	slots := make([]slot, len(buckets))
	drawn := make([]line, len(all))
	for i := range buckets {
		slots[i] = newSlot(i, &buckets[i], all, text)
	}
	for n, s := range all {
		drawn[n] = newLine(s.colour, buckets, s.values, scale)
	}
	return slots, drawn, scale.grid(text)
}

func newLine(colour string, buckets []bucket, values []int64, scale scale) line {
	l := line{Colour: colour}
	last := ""
	for i := range buckets {
		point := fmt.Sprintf("%d %d", i*slotWidth+slotWidth/2, planeHeight-scale.height(values[i]))
		switch {
		case buckets[i].future:
			return l
		case buckets[i].present:
			l.Open = "M" + cmp.Or(last, point) + "L" + point
		case last == "":
			l.Path = "M" + point + "h0" // no length: a dot, if it has round ends
		default:
			l.Path += "L" + point
		}
		last = point
	}
	return l
}
