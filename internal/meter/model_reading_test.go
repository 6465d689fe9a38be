package meter

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelReading is what there is to count in a batch, by rules that are written
// down a second time here, as plainly as possible.
type modelReading struct {
	// records are in the order of the items.
	records []modelRecord
	// fingerprint is the key of all records that have none of their own, if
	// there are any and a time is among them.
	fingerprint string
}

// modelRecord is what there is to count in one item.
type modelRecord struct {
	item    modelItem
	verdict usage.Verdict // Counted unless the batch or what came before says otherwise
	key     string        // what makes it the same record when it is sent again
	alias   string        // what makes it the same call, whatever tells of it
	series  string        // empty: it belongs to none
	end     int64         // Unix ns
	hour    int64         // of the end, local
	added   modelSeries
	claim   string // service and provider of a call to a model
	shadow  string // the claim that makes it the transport of such calls
	touch   modelTouch
	channel modelChannel
	// prices are those of the tokens, in nano-USD each; unpriced says that nobody knows
	// what the calls of a data point cost.
	prices   [usage.TokenTypes]int64
	unpriced bool
	saw      []string // what was interesting about it
}

// see notes something interesting.
func (r *modelRecord) see(what string) { r.saw = append(r.saw, what) }

// read reads items in the order in which they are sent.
func (c *modelConfig) read(items []modelItem, now int64) (r modelReading) {
	var unkeyed []string
	timed := false
	for _, item := range items {
		record := item.record(c, now)
		record.hour = c.hourOf(record.end, now)
		if s, ok := item.(*modelSpan); ok && s.id == 0 && record.series != "" {
			unkeyed = append(unkeyed, record.series+s.values())
			timed = timed || s.end > 0
		}
		r.records = append(r.records, record)
	}
	if timed {
		r.fingerprint = strings.Join(unkeyed, "\n")
	}
	r.nest()
	r.merge()
	return r
}

// hourOf is the hour that a record belongs to: what is too old, or in the future,
// to that in which it arrives.
func (c *modelConfig) hourOf(end, now int64) int64 {
	if end > now || end < now-int64(time.Hour) {
		end = now
	}
	zone := c.history.Zone
	if zone == nil {
		zone = time.UTC
	}
	_, offset := time.Unix(0, end).In(zone).Zone()
	return (end + int64(offset)*int64(time.Second)) / int64(time.Hour)
}

// String is for reading what has happened.
func (r modelRecord) String() string {
	return fmt.Sprintf("%s: %s%s", r.item, r.verdict.Result(), r.verdict.Reason())
}

func (c *modelConfig) seriesName(kind usage.Kind, tenant string, values ...string) string {
	if len(c.dimensions) > 0 {
		values = append(values, tenant)
	}
	return kind.String() + " " + strings.Join(c.dimensions, ",") + "|" + strings.Join(values, "|")
}

func outcomeOf(status int) usage.Outcome {
	return map[int]usage.Outcome{404: usage.ClientError, 429: usage.Throttled, 500: usage.Error}[status]
}

// nest finds the spans that repeat another one of the batch: of requests the
// inner one, of calls to a model the outer one. A call without tokens never makes
// one that has them repeat it.
func (r *modelReading) nest() {
	r.nestRequests()
	if r.calls() == nil {
		return
	}
	weak := func(x *modelRecord) bool { return x.channel.weak && x.verdict == usage.Counted }
	full := func(x *modelRecord) bool { return !x.channel.weak && x.verdict == usage.Counted }
	all := func(*modelRecord) bool { return true }
	// Both may stand in the batch twice: what is dropped is decided before it is.
	r.drop(all, func(x *modelRecord) bool { return !x.channel.weak }, true)
	r.drop(full, weak, false)
	r.drop(weak, weak, true)
}

// calls are the records of spans of calls to a model.
func (r *modelReading) calls() (found []*modelRecord) {
	for i := range r.records {
		if s, ok := r.records[i].item.(*modelSpan); ok && s.class == callsModel && r.records[i].series != "" {
			found = append(found, &r.records[i])
		}
	}
	return found
}

// drop drops the outer or the inner one of two calls to a model.
func (r *modelReading) drop(isOuter, isInner func(*modelRecord) bool, dropOuter bool) {
	var dropped []*modelRecord
	for _, outer := range r.calls() {
		for _, inner := range r.calls() {
			if !isOuter(outer) || !isInner(inner) || !outer.item.(*modelSpan).isParentOf(inner.item.(*modelSpan)) {
				continue
			}
			if dropOuter {
				dropped = append(dropped, outer)
			} else {
				dropped = append(dropped, inner)
				inner.see("call without tokens inside one that has them")
			}
		}
	}
	for _, record := range dropped {
		record.verdict = usage.SkippedNested
	}
}

func (r *modelReading) nestRequests() {
	for i := range r.records {
		for j := range r.records {
			outer, ok := r.records[i].item.(*modelSpan)
			if ok && outer.class == servesRequest && outer.isParentOf(r.records[j].item.(*modelSpan)) {
				r.records[j].verdict = usage.SkippedNested
			}
		}
	}
}

// merge leaves, of the records of one batch that tell of the same call, the one
// that knows of most tokens. The others are forgotten with their keys.
func (r *modelReading) merge() {
	best := map[string]*modelRecord{}
	for i := range r.records {
		record := &r.records[i]
		if record.alias == "" || record.verdict != usage.Counted {
			continue
		}
		other, ok := best[record.alias]
		switch {
		case !ok:
			best[record.alias] = record
			continue
		case other.allTokens() < record.allTokens():
			best[record.alias] = record
		default:
			other = record
		}
		other.verdict, other.key = usage.SkippedNested, ""
		other.see("one call twice in a batch")
	}
}

func (r *modelRecord) allTokens() (n int64) {
	for _, tokens := range r.added.Tokens {
		n += tokens
	}
	return n
}

// aliases are the records that make known which calls they tell of. One without
// tokens must not keep the one that has them from being counted.
func (r *modelReading) aliases() (records []*modelRecord) {
	for i := range r.records {
		if record := &r.records[i]; record.alias != "" && !record.channel.weak && record.verdict == usage.Counted {
			records = append(records, record)
		}
	}
	return records
}

// keys are all that might have been seen.
func (r *modelReading) keys() []string {
	keys := []string{r.fingerprint}
	for i := range r.records {
		keys = append(keys, r.records[i].key, "call "+r.records[i].alias)
	}
	return slices.DeleteFunc(keys, func(key string) bool { return key == "" })
}
