package api

import (
	"encoding/json"
	"maps"
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
	// Models are those of a provider, in the same order.
	Models []leader `json:"models,omitempty"`
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
	if board.Scope == "provider" {
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
	scope, kind, err := c.scope(view)
	if err != nil {
		return none, nil, err
	}
	order := c.values.Get("order_by")
	if order == "" {
		if order = "requests"; kind == usage.Provider {
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
	return request, &leaderboard{Period: period, Scope: scope, OrderBy: order}, err
}

// scope is the attribute that is ranked by, and the kind of series that have it: one of
// the base identity by its short name, or a dimension.
func (c *call) scope(view query.Source) (string, usage.Kind, error) {
	scope := c.values.Get("scope")
	switch scope {
	case "", "provider", "model", "operation", "service":
		if scope == "" {
			scope = "provider"
		}
		return scope, usage.Provider, nil
	case "endpoint", "protocol":
		return scope, usage.Endpoint, nil
	}
	known := dimensions(view)
	if kind, ok := known[scope]; ok {
		return scope, kind, nil
	}
	names := append(slices.Sorted(maps.Keys(known)), "provider", "model", "operation", "service", "endpoint", "protocol")
	return "", 0, failf(http.StatusBadRequest, "`scope` is %q; it is one of: %s", scope, strings.Join(names, ", "))
}

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
	provider := r.GroupBy[0]
	r.GroupBy, r.Limit = []string{provider, usage.AttrModel}, maxModels
	answer, err := seriesAnswer(view, r)
	if err != nil {
		return err
	}
	for i := range b.Entries {
		e := &b.Entries[i]
		for _, row := range answer.Rows {
			if name := row.Attributes[provider]; e.Name != nil && name != nil && *name == *e.Name {
				e.Models = append(e.Models, leader{Rank: len(e.Models) + 1, Name: row.Attributes[usage.AttrModel], Measures: row.Measures})
			}
		}
	}
	return nil
}
