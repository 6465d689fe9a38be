package page

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Collect asks a meter for everything that a page shows. What makes no sense in the
// address wraps [query.ErrInput].
//
// One meter is shown at a time: two may count the same telemetry, their sum would count
// it twice.
func Collect(r Request) (*Data, error) {
	c, err := choose(r.Parameters)
	if err != nil {
		return nil, err
	}
	if len(r.Meters) == 0 {
		return &Data{}, nil
	}
	m, err := pick("processor", c.processor, r.Meters, func(m *Meter) string { return m.ID }, 0)
	if err != nil {
		return nil, err
	}
	all := periods()
	p, err := pick("period", c.period, all, func(p *period) string { return p.name }, 0)
	if err != nil {
		return nil, err
	}
	v := newView(m, p, c)
	if err := v.ask(); err != nil {
		return nil, err
	}
	d, err := v.data()
	if err != nil {
		return nil, err
	}
	d.Processors = c.processors(r.Meters, m.ID)
	d.Periods = c.periods(all, p.name)
	if r.CanSave && m.Status.Persistence.Enabled {
		d.SaveAddress = "v0/management/usage/save?" + url.Values{"processor": {m.ID}}.Encode()
	}
	return d, nil
}

// view is one meter in one period.
type view struct {
	*Meter
	source      *watched
	choice      choice
	period      *period
	now         time.Time // in the zone of the calendar
	from, until int64
	// models, endpoints, sessions and own are of the period, endpoints with when they
	// were seen, models with times to the first token.
	models, endpoints, sessions, own query.Answer
}

func newView(m *Meter, p *period, c choice) *view {
	zone := m.Source.Calendar().Zone()
	now := time.Unix(0, m.Source.Moment().Wall).In(zone)
	v := &view{Meter: m, source: &watched{Source: m.Source}, choice: c, period: p, now: now}
	v.from, v.until = p.bounds(m.Source.Calendar(), now.Unix())
	return v
}

// ask asks everything that does not depend on what is shown over time.
func (v *view) ask() error {
	for _, q := range []struct {
		to   *query.Answer
		kind usage.Kind
		by   []string
		live bool // only live series know the rest
	}{
		{&v.models, usage.Provider, []string{usage.AttrProvider, usage.AttrModel}, true},
		{&v.endpoints, usage.Endpoint, []string{usage.AttrService, usage.AttrProtocol, usage.AttrEndpoint}, true},
		{&v.sessions, usage.Sessions, []string{usage.AttrKind}, false},
		{&v.own, usage.Own, []string{usage.AttrMeter, usage.AttrUnit}, false},
	} {
		answer, err := query.Series(v.source, query.Request{Kind: q.kind, GroupBy: q.by, From: v.from, Until: v.until})
		if err != nil {
			return err
		}
		*q.to = answer
		if q.live && len(answer.Rows) > 0 {
			if err := v.complete(q.to, q.kind, q.by); err != nil {
				return err
			}
		}
	}
	return nil
}

// complete adds what history does not have, but live series do.
func (v *view) complete(a *query.Answer, kind usage.Kind, by []string) error {
	live, err := query.Series(v.Source, query.Request{Kind: kind, GroupBy: by})
	if err != nil {
		return err
	}
	rows := map[string]*query.Row{}
	for i := range live.Rows {
		rows[keyOf(&live.Rows[i])] = &live.Rows[i]
	}
	for i := range a.Rows {
		if known, ok := rows[keyOf(&a.Rows[i])]; ok {
			a.Rows[i].FirstTokens, a.Rows[i].LastSeen = known.FirstTokens, known.LastSeen
		}
	}
	a.Total.FirstTokens, a.Total.LastSeen = live.Total.FirstTokens, live.Total.LastSeen
	return nil
}

// keyOf tells rows with the same attributes apart.
func keyOf(r *query.Row) string {
	var key strings.Builder
	for _, a := range r.Attributes {
		key.WriteString(strconv.Quote(a.Value))
	}
	return key.String()
}

// data makes the page of what was answered.
func (v *view) data() (*Data, error) {
	s, err := v.side()
	if err != nil {
		return nil, err
	}
	over, err := v.overTime(s)
	if err != nil {
		return nil, err
	}
	d := &Data{
		Meter: v.ID, Version: v.Status.Version, Side: s.label,
		Period: v.period.title(v.time(v.from), v.time(v.until)), Zone: v.now.Location().String(),
		Now:   number{Text: v.now.Format("15:04:05"), Exact: v.now.Format("2006-01-02 15:04:05 MST"), Value: v.now.UTC().Format(time.RFC3339)},
		Cards: v.cards(s), Usage: over.usage, Requests: over.requests, Errors: over.errors,
		Shows: v.choice.shows(s, over.show), Groups: v.choice.groups(s, over.attribute, v.source.names),
		Tops: v.tops(), Models: v.modelTable(), Endpoints: v.endpointTable(), Unpriced: v.unpricedTable(), Own: v.ownTable(),
		Budgets: v.budgets(), Sessions: v.sessionFacts(), Health: v.health(), Facts: v.facts(), Ledger: v.ledgerTable(),
	}
	return d, nil
}

// side is the one that was asked for, else the first one that has anything.
func (v *view) side() (*side, error) {
	s, err := v.choice.wanted()
	if err != nil || s != nil {
		return s, err
	}
	all := sides()
	if !v.models.Total.Any() && v.endpoints.Total.Any() {
		return &all[1], nil
	}
	return &all[0], nil
}

// total is what the side has counted in the period.
func (v *view) total(s *side) *query.Row {
	if s.kind == usage.Endpoint {
		return &v.endpoints.Total
	}
	return &v.models.Total
}

func (v *view) time(unix int64) time.Time { return time.Unix(unix, 0).In(v.now.Location()) }
