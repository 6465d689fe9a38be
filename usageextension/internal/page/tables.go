package page

import (
	"time"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// whole is a column of a count.
func whole(text, hint string, of func(*query.Row) int64) column {
	return column{head{text, hint}, func(r *query.Row) number { return count(of(r)) }}
}

// outcomes are the columns that say how calls ended.
func outcomes() []column {
	list := []column{whole("Requests", "calls with any outcome", func(r *query.Row) int64 { return r.TotalRequests() })}
	for _, o := range []struct {
		usage.Outcome
		text, hint string
	}{
		{usage.Error, "Errors", "failed on the side of whoever served them"},
		{usage.ClientError, "Client errors", "failed on the side of whoever called"},
		{usage.Throttled, "Throttled", "refused because there were too many"},
	} {
		list = append(list, whole(o.text, o.hint, func(r *query.Row) int64 { return r.Requests[o.Outcome] }))
	}
	return list
}

func averageDuration(kind usage.Kind) column {
	of := named(query.Measures(kind), "average_duration")
	return column{head{"Latency", "average duration"}, func(r *query.Row) number { return seconds(of(r)) }}
}

// modelTable is of providers and models, the dearest first, then those with most
// requests.
func (v *view) modelTable() table {
	columns := outcomes()
	for i, text := range [usage.TokenTypes]string{"Input", "Cache read", "Cache write", "Output", "Reasoning"} {
		columns = append(columns, column{head{text, "tokens of this type"}, func(r *query.Row) number { return short(r.Tokens[i]) }})
	}
	firstToken := named(query.Measures(usage.Provider), "average_time_to_first_token")
	columns = append(
		columns,
		column{head{"Cost", "USD, reported or priced"}, costOf},
		whole("Unpriced", "calls with tokens that no price is known for", func(r *query.Row) int64 { return r.Unpriced }),
		averageDuration(usage.Provider),
		column{head{"First token", "average time to the first token, of series that are live, since they began"}, func(r *query.Row) number { return seconds(firstToken(r)) }},
	)
	measures := query.Measures(usage.Provider)
	rows := distinct(ordered(v.models.Rows, named(measures, "cost")), ordered(v.models.Rows, named(measures, "requests")), ordered(v.models.Rows, named(measures, "tokens")))
	return newTable("models", "Providers and models", []string{"Provider", "Model"}, columns, rows, &v.models.Total)
}

// distinct joins lists and leaves out what came before.
func distinct(lists ...[]*query.Row) (all []*query.Row) {
	seen := map[*query.Row]bool{}
	for _, list := range lists {
		for _, r := range list {
			if !seen[r] {
				seen[r] = true
				all = append(all, r)
			}
		}
	}
	return all
}

// endpointTable is of endpoints, those with most requests first.
func (v *view) endpointTable() table {
	columns := append(
		outcomes(),
		averageDuration(usage.Endpoint),
		column{head{"Bytes in", "of requests"}, func(r *query.Row) number { return bytes(r.RequestBytes) }},
		column{head{"Bytes out", "of responses"}, func(r *query.Row) number { return bytes(r.ResponseBytes) }},
		column{head{"Last seen", "when it was counted last, of series that are live"}, v.lastSeen},
	)
	rows := ordered(v.endpoints.Rows, named(query.Measures(usage.Endpoint), "requests"))
	return newTable("endpoints", "Endpoints", []string{"Service", "Protocol", "Endpoint"}, columns, rows, &v.endpoints.Total)
}

func (v *view) lastSeen(r *query.Row) number {
	if r.LastSeen == 0 {
		return unknown("idle for longer than it is kept in memory")
	}
	return moment(time.Unix(0, r.LastSeen), v.now, "")
}

// unpricedTable is of models with tokens that no price is known for.
func (v *view) unpricedTable() table {
	columns := []column{
		whole("Calls", "without a price", func(r *query.Row) int64 { return r.Unpriced }),
		{head{"Tokens", "of all its calls"}, func(r *query.Row) number { return short(r.TotalTokens()) }},
	}
	rows := ordered(v.models.Rows, named(query.Measures(usage.Provider), "requests_unpriced"))
	return newTable("unpriced", "Models without a price", []string{"Provider", "Model"}, columns, rows, nil)
}

// ownTable is of meters of the user's own. Their values have units of their own and no
// sum.
func (v *view) ownTable() table {
	measures := query.Measures(usage.Own)
	value := named(measures, "value")
	columns := []column{
		whole("Records", "that met the condition", func(r *query.Row) int64 { return r.Hits }),
		{head{"Value", "the sum, in the meter's unit"}, func(r *query.Row) number {
			n := value(r)
			return number{Text: grouped(n.Whole) + fraction(n), Exact: n.String(), Value: n.String()}
		}},
	}
	return newTable("meters", "Own meters", []string{"Meter", "Unit"}, columns, ordered(v.own.Rows, named(measures, "count")), nil)
}

// fraction is what stands behind the whole part, up to three digits.
func fraction(n query.Number) string {
	text := query.Number{Parts: n.Parts, Known: true}.String()
	return text[1:min(len(text), len("0.123"))]
}

// tops are short lists of who is ahead.
func (v *view) tops() []top {
	models, endpoints := query.Measures(usage.Provider), query.Measures(usage.Endpoint)
	counts := func(n query.Number) number { return short(n.Whole) }
	list := []top{
		newTop("Models by cost", v.models.Rows, named(models, "cost"), func(n query.Number) number { return money(n.Whole*nanosPerUSD + n.Parts) }),
		newTop("Models by tokens", v.models.Rows, named(models, "tokens"), counts),
		newTop("Models by errors", v.models.Rows, failures, counts),
		newTop("Endpoints by requests", v.endpoints.Rows, named(endpoints, "requests"), counts),
		newTop("Endpoints by errors", v.endpoints.Rows, failures, counts),
		newTop("Endpoints by latency", v.endpoints.Rows, named(endpoints, "average_duration"), seconds),
	}
	return list
}

// failures are calls that failed on either side.
func failures(r *query.Row) query.Number {
	return query.Number{Whole: failed(&r.Measures), Known: true}
}

// ledgerTable is what became of what was received.
func (v *view) ledgerTable() table {
	t := table{ID: "ledger", Caption: "Telemetry", Names: []string{"Signal"}}
	results := []string{"counted", "duplicate", "skipped", "unmetered"}
	t.Numbers = append(t.Numbers, head{"Received", "spans, log records or data points"})
	for _, result := range results {
		t.Numbers = append(t.Numbers, head{title(result), ""})
	}
	for i := range v.Status.Ledgers {
		l := &v.Status.Ledgers[i]
		row := namedRow{Names: []string{usage.Signal(i).String()}, Numbers: []number{count(l.Received())}}
		for _, result := range results {
			row.Numbers = append(row.Numbers, count(sum(l, result)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// sum is how many items of a ledger have a result.
func sum(l *usage.Ledger, result string) (n int64) {
	for i, items := range l {
		if usage.Verdict(i).Result() == result {
			n = usage.AddSaturating(n, items)
		}
	}
	return n
}
