package cli

import (
	"math"
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// column is one of the numbers in a table for people: fewer than there are in CSV.
type column struct {
	title string
	// measures are what it is made of, by their names in answers.
	measures []string
	text     func([]query.Number) string
	// needed says that it is there even if it says nothing.
	needed bool
}

// columnsOf are those of a kind.
func columnsOf(kind usage.Kind) []column {
	calls := []column{
		{"REQUESTS", []string{"requests"}, count, true},
		{"ERRORS", []string{"error_rate"}, percent, true},
		{"THROTTLED", []string{"throttle_rate"}, percent, false},
		{"MEAN", []string{"average_duration"}, duration, false},
	}
	switch kind {
	case usage.Provider:
		return append(calls,
			column{"TOKENS IN", []string{"tokens_input", "tokens_cache_read", "tokens_cache_write"}, short, false},
			column{"TOKENS OUT", []string{"tokens_output", "tokens_reasoning"}, short, false},
			column{"COST USD", []string{"cost", "requests_unpriced"}, cost, false})
	case usage.Own:
		return []column{{"RECORDS", []string{"count"}, count, true}, {"VALUE", []string{"value"}, decimal, false}}
	case usage.Sessions:
		return []column{
			{"ACTIVE", []string{"active"}, count, true},
			{"OPENED", []string{"opened"}, count, true},
			{"CLOSED", []string{"closed"}, count, true},
			{"FAILED", []string{"closed_failed"}, count, false},
			{"MEAN", []string{"average_duration"}, duration, false},
		}
	default:
		return append(calls,
			column{"RECEIVED", []string{"request_bytes"}, size, false},
			column{"SENT", []string{"response_bytes"}, size, false})
	}
}

// empty says that the column has nothing to say of these numbers.
func empty(numbers []query.Number) bool {
	return !slices.ContainsFunc(numbers, func(n query.Number) bool { return n.Known && (n.Whole != 0 || n.Parts != 0) })
}

// count is not known of sessions that are active, if a time is asked for.
func count(numbers []query.Number) string {
	if !numbers[0].Known {
		return unknown
	}
	return show.Count(total(numbers))
}

func short(numbers []query.Number) string { return show.Short(total(numbers)) }

func total(numbers []query.Number) (sum int64) {
	for _, n := range numbers {
		sum = usage.AddSaturating(sum, n.Whole)
	}
	return sum
}

func size(numbers []query.Number) string { return show.Bytes(numbers[0].Whole) }

func decimal(numbers []query.Number) string { return numbers[0].String() }

func percent(numbers []query.Number) string {
	if !numbers[0].Known {
		return unknown
	}
	return show.Percent(numbers[0].Float())
}

func duration(numbers []query.Number) string {
	if !numbers[0].Known {
		return unknown
	}
	return show.Duration(time.Duration(math.Round(numbers[0].Float() * float64(time.Second))))
}

// cost is never 0 where it is not known, nor all of it where some requests have no price.
func cost(numbers []query.Number) string {
	known, unpriced := numbers[0], numbers[1].Whole > 0
	switch {
	case unpriced && known.Whole == 0 && known.Parts == 0:
		return unknown
	case unpriced:
		return atLeast + show.Dollars(known.Whole, known.Parts)
	default:
		return show.Dollars(known.Whole, known.Parts)
	}
}

// atLeast stands before a cost that is not all.
const atLeast = "≥"

// unknown stands where nothing can be said.
const unknown = "-"
