package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// leaderboard is who is ahead in a period.
type leaderboard struct {
	Period  string          `json:"period"`
	Scope   string          `json:"scope"`
	OrderBy string          `json:"order_by"`
	From    *time.Time      `json:"from"`
	Until   *time.Time      `json:"until"`
	Total   json.RawMessage `json:"total"`
	Entries []leader        `json:"entries"`
}

type leader struct {
	Rank     int             `json:"rank"`
	Name     *string         `json:"name"` // null: those who have none
	Measures json.RawMessage `json:"measures"`
	// Models are those of a provider, in the same order; Truncated: it has others.
	Models    []leader `json:"models,omitempty"`
	Truncated bool     `json:"truncated,omitempty"`
}

const custom = "custom"

// leaderboardOf ranks who is told apart by `scope`.
func leaderboardOf(c *call, h held) (any, error) {
	view := h.View()
	request, board, err := c.leaderboard(view)
	if err != nil {
		return nil, err
	}
	answer, err := seriesAnswer(view, request)
	if err != nil {
		return nil, err
	}
	board.From, board.Until, board.Total = answer.From, answer.Until, answer.Total
	board.Entries = leaders(&answer, request.GroupBy[0])
	if request.GroupBy[0] == usage.AttrProvider {
		err = board.addModels(view, request)
	}
	return board, err
}

func (c *call) leaderboard(view query.Source) (query.Request, *leaderboard, error) {
	none := query.Request{}
	if err := c.only("period", "scope", "from", "to", "order_by", "limit"); err != nil {
		return none, nil, err
	}
	period, err := c.choice("period", "daily", "weekly", "monthly", "allTime", "all_time", custom)
	if err != nil {
		return none, nil, err
	}
	scope := cmp.Or(strings.TrimSpace(c.values.Get("scope")), "provider")
	kind, err := kindOf(view, query.AttributeName(scope))
	if err != nil {
		return none, nil, err
	}
	order := c.values.Get("order_by")
	if order == "" {
		if order = query.Measures(kind)[0].Name; kind == usage.Provider {
			order = "cost"
		}
	}
	v := url.Values{"kind": {kind.String()}, "group_by": {scope}, "order_by": {order}, "limit": {c.values.Get("limit")}}
	if period != custom {
		v.Set("period", period)
	} else if c.values.Get("from") == "" || c.values.Get("to") == "" {
		return none, nil, failf(http.StatusBadRequest, "`period` custom wants `from` and `to`")
	}
	v.Set("from", c.values.Get("from"))
	v.Set("to", c.values.Get("to"))
	request, err := query.ParseRequest(v, view)
	if err == nil && len(request.GroupBy) > 1 {
		err = failf(http.StatusBadRequest, "`scope` is %q; it is one attribute", scope)
	}
	return request, &leaderboard{Period: period, Scope: scope, OrderBy: order}, err
}

// kindOf is the kind of series that have an attribute: providers, if several do or none.
// History is asked only for what no live series has.
func kindOf(src query.Source, attribute string) (usage.Kind, error) {
	for _, kind := range []usage.Kind{usage.Provider, usage.Endpoint, usage.Own} {
		if slices.Contains(usage.BaseNames(kind), attribute) {
			return kind, nil
		}
	}
	var has [usage.Kinds]bool
	look := func(s *usage.Schema) (more bool) {
		has[s.Kind] = has[s.Kind] || slices.Contains(s.Names[s.Base:], attribute)
		return !has[usage.Provider]
	}
	src.Live(func(r *usage.Row) bool { return look(r.Schema) })
	if has == [usage.Kinds]bool{} {
		err := src.History(usage.Daily, 0, 0, func(_ usage.Period, r *usage.HistoryRow) error {
			if !look(r.Schema) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return 0, err
		}
	}
	if has[usage.Endpoint] && !has[usage.Provider] {
		return usage.Endpoint, nil
	}
	return usage.Provider, nil
}

// errEnough ends a visit.
var errEnough = errors.New("enough was seen")

func leaders(answer *written, attribute string) []leader {
	list := make([]leader, 0, len(answer.Rows))
	for i, row := range answer.Rows {
		list = append(list, leader{Rank: i + 1, Name: row.Attributes[attribute], Measures: row.Measures})
	}
	return list
}

// maxModels bounds how many models a leaderboard has, over all providers.
const maxModels = 1000

func (b *leaderboard) addModels(view query.Source, r query.Request) error {
	r.GroupBy, r.Limit = []string{usage.AttrProvider, usage.AttrModel}, 0
	all, err := query.Series(view, r)
	if err != nil {
		return err
	}
	count := map[string]int{} // of each provider's models
	for i := range all.Rows {
		count[all.Rows[i].Attribute(usage.AttrProvider)]++
	}
	all.Rows = all.Rows[:min(len(all.Rows), maxModels)]
	answer, err := writtenOf(r, all)
	if err != nil {
		return err
	}
	for i := range b.Entries {
		e := &b.Entries[i]
		for _, row := range answer.Rows {
			if name := row.Attributes[usage.AttrProvider]; e.Name != nil && name != nil && *name == *e.Name {
				e.Models = append(e.Models, leader{Rank: len(e.Models) + 1, Name: row.Attributes[usage.AttrModel], Measures: row.Measures})
			}
		}
		e.Truncated = e.Name != nil && count[*e.Name] > len(e.Models)
	}
	return nil
}
