package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// usageOf is everything at a glance.
func usageOf(c *call, h held) (any, error) {
	view := h.View()
	options, err := query.ParseUsage(c.values, view, processorParameter)
	if err != nil {
		return nil, err
	}
	return query.Usage(view, options)
}

const (
	formatJSON = "json"
	formatCSV  = "csv"
	// formatFOCUS is that of history only: charges have a period.
	formatFOCUS = "focus"
)

// seriesOf is rows with their identity and what they have counted.
func seriesOf(c *call, h held) (any, error) {
	view := h.View()
	request, err := query.ParseRequest(c.values, view, processorParameter, "format")
	if err != nil {
		return nil, err
	}
	answer, err := query.Series(view, request)
	if err != nil {
		return nil, err
	}
	return c.table(
		func(w io.Writer) error { return query.WriteJSON(w, request, answer) },
		func(w io.Writer) error { return query.WriteCSV(w, request, answer) },
	)
}

// historyOf is what rows have counted in hours or days.
func historyOf(c *call, h held) (any, error) {
	view := h.View()
	request, err := query.ParseRequest(c.values, view, processorParameter, "format", "granularity")
	if err != nil {
		return nil, err
	}
	granularity := usage.Daily
	if text := c.values.Get("granularity"); text != "" {
		if granularity, err = query.ParseGranularity(text); err != nil {
			return nil, err
		}
	} else if request.From != 0 && untilOf(request, view)-request.From <= twoDays {
		granularity = usage.Hourly
	}
	if c.format == formatFOCUS {
		return focusOf(view, request, granularity)
	}
	points, err := query.Timeline(view, request, granularity)
	if err != nil {
		return nil, err
	}
	return c.table(
		func(w io.Writer) error { return query.WriteTimelineJSON(w, request, granularity, points) },
		func(w io.Writer) error { return query.WriteTimelineCSV(w, request, granularity, points) },
	)
}

// untilOf is the end of what a request is about, a Unix second.
func untilOf(r query.Request, clock query.Clock) int64 {
	if r.Until != 0 {
		return r.Until
	}
	return clock.Moment().Wall / int64(time.Second)
}

// focusOf is what providers have cost, in the columns of FOCUS.
func focusOf(view query.Source, request query.Request, granularity usage.Granularity) (any, error) {
	return pack("usage-focus.csv", csvType, func(w io.Writer) error {
		return query.WriteFOCUS(&bounded{Writer: w, lines: maxCharges}, view, request, granularity)
	})
}

// maxCharges bounds what one document has, as a row for each series of each hour can be
// any number.
const maxCharges = 500_000

// bounded refuses more than some lines.
type bounded struct {
	io.Writer
	lines int // that are left
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.lines -= bytes.Count(p, []byte("\n")); b.lines < 0 {
		return 0, failf(http.StatusBadRequest, "there are more than %d charges: `from` and `to` have to have less between them", maxCharges)
	}
	return b.Writer.Write(p)
}

// twoDays is up to where days would show little, in seconds.
const twoDays = 2 * 24 * 60 * 60

// table is an answer that there is in two forms. It is written to memory, so that nobody
// waits for a slow client.
func (c *call) table(asJSON, asCSV func(io.Writer) error) (any, error) {
	var written bytes.Buffer
	if c.format == formatCSV {
		err := asCSV(&written)
		return text{csvType, written.Bytes()}, err
	}
	err := asJSON(&written)
	return json.RawMessage(written.Bytes()), err
}

// csvType is the media type of tables.
const csvType = "text/csv; charset=utf-8; header=present"

// providersOf is how each provider has been doing.
func providersOf(c *call, h held) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	recent, err := query.RecentRequests(h.View())
	truncated := len(recent) > maxProviders
	if truncated {
		keepBusiest(recent, maxProviders)
	}
	return map[string]any{"providers": recent, "truncated": truncated}, err
}

// maxProviders bounds how many are told of, each with its hours.
const maxProviders = 1000

// keepBusiest removes all but those with the most requests.
func keepBusiest(recent map[string]*query.Recent, most int) {
	names := slices.SortedFunc(maps.Keys(recent), func(a, b string) int {
		return cmp.Or(cmp.Compare(requestsOf(recent[b]), requestsOf(recent[a])), cmp.Compare(a, b))
	})
	for _, name := range names[most:] {
		delete(recent, name)
	}
}

func requestsOf(r *query.Recent) int64 { return usage.AddSaturating(r.Success, r.Failed) }

// summaryOf is totals of a time, of providers and of endpoints.
func summaryOf(c *call, h held) (any, error) {
	view := h.View()
	if err := c.only("from", "to", "period"); err != nil {
		return nil, err
	}
	request, err := query.ParseRequest(c.values, view, processorParameter)
	if err != nil {
		return nil, err
	}
	request.Limit = 1 // what matters is the total
	summary := map[string]any{}
	for _, kind := range []usage.Kind{usage.Provider, usage.Endpoint, usage.Sessions} {
		request.Kind = kind
		written, err := seriesAnswer(view, request)
		if err != nil {
			return nil, err
		}
		summary["from"], summary["until"], summary[kind.String()] = written.From, written.Until, written.Total
	}
	return summary, nil
}

// written is an answer of internal/query as it is written, to be put together anew.
type written struct {
	From   *time.Time      `json:"from"`
	Until  *time.Time      `json:"until"`
	Groups int             `json:"groups"`
	Total  json.RawMessage `json:"total"`
	Rows   []struct {
		Attributes map[string]*string `json:"attributes"`
		Measures   json.RawMessage    `json:"measures"`
	} `json:"rows"`
}

func seriesAnswer(src query.Source, r query.Request) (written, error) {
	answer, err := query.Series(src, r)
	if err != nil {
		return written{}, err
	}
	return writtenOf(r, answer)
}

func writtenOf(r query.Request, answer query.Answer) (written, error) {
	var b bytes.Buffer
	if err := query.WriteJSON(&b, r, answer); err != nil {
		return written{}, err
	}
	var w written
	return w, json.Unmarshal(b.Bytes(), &w)
}
