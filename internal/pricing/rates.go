package pricing

import (
	"maps"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// vector has the price of every kind of token, in nano-USD per million.
type vector [kinds]int64

// levels are the prices by the length of the prompt. A step is a cliff: it is
// for the whole call.
type levels struct {
	base  vector
	steps []step // ascending
}

type step struct {
	above int64 // tokens of the prompt
	rates vector
}

func (l *levels) at(prompt int64) *vector {
	for i := len(l.steps) - 1; i >= 0; i-- {
		if prompt > l.steps[i].above {
			return &l.steps[i].rates
		}
	}
	return &l.base
}

// rates are the prices of a model during one period.
type rates struct {
	normal  levels
	special [services]*levels // of the other service tiers; nil: the normal ones
	call    int64             // nano-USD a call, whatever its tokens
}

// unset marks what has no price of its own while rates are put together.
const unset = -1

func blank() (v vector) {
	for i := range v {
		v[i] = unset
	}
	return v
}

// overlay puts what is set in another vector over this one.
func (v *vector) overlay(o *vector) {
	for i, rate := range o {
		if rate != unset {
			v[i] = rate
		}
	}
}

// complete gives a price to what has none: that of the nearest thing which
// certainly was paid for.
func (v vector) complete() vector {
	fill := func(k kind, rate int64) {
		if v[k] == unset {
			v[k] = rate
		}
	}
	fill(kind(usage.Input), 0)
	fill(kind(usage.Output), 0)
	fill(kind(usage.CacheRead), v[usage.Input])
	fill(kind(usage.CacheWrite), v[usage.Input])
	fill(cacheWrite1h, v[usage.CacheWrite])
	fill(kind(usage.Reasoning), v[usage.Output])
	return v
}

// draft collects the prices of one service tier, which come in any order.
type draft struct {
	base  vector
	above map[int64]*vector
}

func newDraft() *draft { return &draft{base: blank(), above: map[int64]*vector{}} }

// put sets a price; above is 0 for the base, else the step it belongs to.
func (d *draft) put(k kind, above, rate int64) {
	if above == 0 {
		d.base[k] = rate
		return
	}
	v := d.above[above]
	if v == nil {
		b := blank()
		v = &b
		d.above[above] = v
	}
	v[k] = rate
}

// has says whether tokens have a price at all.
func (d *draft) has() bool {
	return d.base[usage.Input] != unset || d.base[usage.Output] != unset
}

// over returns this draft with another one below it. What this one has a price
// for does not follow the steps of the other.
func (d *draft) over(below *draft) *draft {
	sum := newDraft()
	sum.base = below.base
	for above, v := range below.above {
		c := *v
		sum.above[above] = &c
	}
	for k := range kinds {
		if d.base[k] == unset {
			continue
		}
		sum.base[k] = d.base[k]
		for _, v := range sum.above {
			v[k] = unset
		}
	}
	for above, v := range d.above {
		for k, rate := range v {
			if rate != unset {
				sum.put(kind(k), above, rate)
			}
		}
	}
	return sum
}

// levels completes the prices, step after step.
func (d *draft) levels() levels {
	running := d.base
	l := levels{base: running.complete()}
	for _, above := range slices.Sorted(maps.Keys(d.above)) {
		running.overlay(d.above[above])
		l.steps = append(l.steps, step{above, running.complete()})
	}
	return l
}

// drafts are the prices of one period while they are read.
type drafts struct {
	of   [services]*draft
	call int64 // unset: none
}

func newDrafts() *drafts {
	d := &drafts{call: unset}
	for i := range d.of {
		d.of[i] = newDraft()
	}
	return d
}

// priced says whether there is anything that a call can be charged by.
func (d *drafts) priced() bool { return d.of[normal].has() || d.call != unset }

// zero says whether all prices are 0.
func (d *drafts) zero() bool {
	for _, r := range d.of[normal].base {
		if r > 0 {
			return false
		}
	}
	return d.call <= 0
}

func (d *drafts) rates() rates {
	r := rates{normal: d.of[normal].levels(), call: max(d.call, 0)}
	for s := flex; s <= batch; s++ {
		if special := d.of[s]; special.base != blank() || len(special.above) > 0 {
			l := special.over(d.of[normal]).levels()
			r.special[s] = &l
		}
	}
	return r
}

func (r *rates) equal(o *rates) bool {
	for s := range r.special {
		a, b := r.special[s], o.special[s]
		if (a == nil) != (b == nil) || a != nil && !a.equal(b) {
			return false
		}
	}
	return r.call == o.call && r.normal.equal(&o.normal)
}

func (l *levels) equal(o *levels) bool {
	return l.base == o.base && slices.Equal(l.steps, o.steps)
}
