package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// title begins a word with a capital.
func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// text is a value that is no number.
func text(s string) number { return number{Text: s, Exact: s, Value: s} }

// health says whether usage is kept, and where.
func (v *view) health() health {
	p := &v.Status.Persistence
	if !p.Enabled {
		h := health{Class: "off", State: "In memory only", Facts: []fact{{"Lost", text("with the process")}}}
		if len(p.Overridden) > 0 {
			h.Facts = append(h.Facts, v.overridden())
		}
		return h
	}
	h := health{Class: "good", State: "Kept", Error: p.LastError}
	if p.LastError != "" {
		h.Class, h.State = "bad", "Cannot be written"
	}
	h.Facts = []fact{
		{"Last flush", moment(p.Saved, v.now, "never")},
		{"Loaded", moment(p.Loaded, v.now, "nothing was there")},
		{"Path", text(p.Path)},
		{"Written every", text(p.Interval.String())},
		{"Journal", bytes(p.JournalBytes)},
		{"Snapshot", bytes(p.SnapshotBytes)},
		{"Epoch", count(int64(v.Status.Epoch))},
		{"Writer", text(v.Status.Writer)},
	}
	if len(p.Overridden) > 0 {
		h.Facts = append(h.Facts, v.overridden())
	}
	return h
}

func (v *view) overridden() fact {
	return fact{"Changed at run time", text(strings.Join(v.Status.Persistence.Overridden, ", "))}
}

// facts are what else is to be known of a meter.
func (v *view) facts() []fact {
	s := &v.Status
	facts := []fact{{"Metering since", moment(s.Opened, v.now, "not yet")}}
	if s.Paused {
		facts = append(facts, fact{"Counting", text("paused")})
	}
	for i, n := range s.Series {
		facts = append(facts, fact{title(usage.Kind(i).String()) + " series", count(int64(n))})
		if folded := s.Folded[i]; folded > 0 {
			facts = append(facts, fact{title(usage.Kind(i).String()) + " identities beyond the limit", count(int64(folded))})
		}
	}
	if s.DedupWindow > 0 {
		facts = append(facts, fact{"Dedup keys", count(int64(s.DedupKeys))}, fact{"Dedup window", text(s.DedupWindow.Round(time.Second).String())})
	}
	prices := s.Prices
	if prices == "" {
		prices = "none: only reported costs count"
	}
	return append(facts, fact{"Prices", text(prices)})
}

// budgets are how much of each is used.
func (v *view) budgets() []budget {
	list := make([]budget, 0, len(v.Budgets))
	for i := range v.Budgets {
		list = append(list, v.budget(&v.Budgets[i]))
	}
	return list
}

func (v *view) budget(b *meter.Budget) budget {
	show := func(n float64) number { return short(int64(n)) }
	if b.Measure == usage.BudgetCost {
		show = func(n float64) number { return money(int64(n*nanosPerUSD + 0.5)) }
	}
	of := query.Number{Whole: int64(b.Used / b.Amount), Known: true}
	of.Parts = int64((b.Used/b.Amount - float64(of.Whole)) * nanosPerUSD)
	what := b.Measure.String()
	if b.Measure == usage.BudgetCost {
		what = "" // the amounts say it
	}
	fill := bar{int(min(1, b.Used/b.Amount) * planeHeight), "fill"}
	if b.Exceeded {
		fill.Class = "fill over"
	}
	return budget{
		Name: b.Name, Match: matchText(b.Match), Period: v.budgetPeriod(b), Measure: what,
		Used: show(b.Used), Amount: show(b.Amount), Share: rate(of), Bar: fill, Exceeded: b.Exceeded,
	}
}

// matchText says what a budget is of.
func matchText(match map[string]string) string {
	parts := make([]string, 0, len(match))
	for _, name := range slices.Sorted(maps.Keys(match)) {
		parts = append(parts, name+" = "+match[name])
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, ", ")
}

func (v *view) budgetPeriod(b *meter.Budget) string {
	if b.End.IsZero() {
		return "in all"
	}
	return fmt.Sprintf("%s until %s", b.Period, b.End.In(v.now.Location()).Format("2 Jan 15:04"))
}
