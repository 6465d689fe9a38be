package query

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func TestParseRequest_A_U7(t *testing.T) {
	today, tomorrow := at(t, "2026-11-21T00:00:00+01:00"), at(t, "2026-11-22T00:00:00+01:00")
	for query, want := range map[string]Request{
		"": {Kind: usage.Provider, Limit: 100},
		"kind=endpoint&limit=10000&order_by=requests": {Kind: usage.Endpoint, Limit: 10000, OrderBy: "requests"},
		"by=provider,+model,tenant":                   {Kind: usage.Provider, Limit: 100, GroupBy: []string{usage.AttrProvider, usage.AttrModel, "tenant"}},
		"group_by=usage.provider&order_by=name":       {Kind: usage.Provider, Limit: 100, GroupBy: []string{usage.AttrProvider}, OrderBy: "name"},
		"provider=openai&model=a&service=s&endpoint=e&match=tenant=b=c&match=x=": {Kind: usage.Provider, Limit: 100, Match: map[string]string{
			usage.AttrProvider: "openai", usage.AttrModel: "a", usage.AttrService: "s", usage.AttrEndpoint: "e", "tenant": "b=c", "x": "",
		}},
		"from=2026-11-21&to=2026-11-21":                     {Kind: usage.Provider, Limit: 100, From: today, Until: tomorrow},
		"from=2026-11-21T00:00:00%2B01:00":                  {Kind: usage.Provider, Limit: 100, From: today},
		"to=2026-11-20T23:00:00.1Z":                         {Kind: usage.Provider, Limit: 100, Until: today + 1},
		"period=today":                                      {Kind: usage.Provider, Limit: 100, From: today, Until: tomorrow},
		"period=all":                                        {Kind: usage.Provider, Limit: 100},
		"kind=&by=&limit=&from=&provider=&match=&order_by=": {Kind: usage.Provider, Limit: 100},
		"format=csv":                                        {Kind: usage.Provider, Limit: 100},
		"provider=a&match=usage.provider=a":                 {Kind: usage.Provider, Limit: 100, Match: map[string]string{usage.AttrProvider: "a"}},
	} {
		if want.Match == nil {
			want.Match = map[string]string{}
		}
		v, err := url.ParseQuery(query)
		require.NoError(t, err)
		got, err := ParseRequest(v, newFake(t), "format")
		require.NoError(t, err, query)
		assert.Equal(t, want, got, query)
	}
}

func TestBadParametersAreNamed_A_U26_E_F65(t *testing.T) {
	for query, text := range map[string]string{
		"kind=x":                           "`kind` is \"x\"; it is one of: endpoint, provider, meter, session",
		"limit=0":                          "`limit` is \"0\"; it is a number from 1 to 10000",
		"limit=-1":                         "`limit`",
		"limit=10001":                      "`limit`",
		"limit=1e3":                        "`limit`",
		"order_by=spend":                   "`order_by` is \"spend\"; with `kind` provider it is one of: name, requests, requests_success,",
		"order_by=cost&kind=endpoint":      "`order_by`",
		"from=../../x":                     "`from` is \"../../x\"; it is a time such as 2006-01-02T15:04:05Z or a date such as 2006-01-02",
		"to=2026-02-30":                    "`to`",
		"from=1969-12-31":                  "`from` is \"1969-12-31\", which is not after 1970-01-01",
		"to=0001-01-01":                    "`to`",
		"from=2026-11-21&to=2026-11-20":    "`from` has to be before `to`",
		"period=fortnight":                 "`period` is \"fortnight\"; it is one of: today,",
		"period=today&from=2026-11-21":     "`period` says what `from` and `to` say",
		"by=a,a":                           "`by`",
		"by=a,":                            "`by`",
		"by=a&group_by=b":                  "`by` and `group_by` are the same",
		"match=x":                          "`match` is \"x\"; it is `attribute=value`",
		"match==x":                         "`match`",
		"provider=a&match=provider=b":      "`match` asks `usage.provider` to be both \"a\" and \"b\"",
		"limit=1&limit=2":                  "`limit` is given more than once",
		"spend=1":                          "`spend` is not a parameter; there are: by, endpoint, from, group_by, kind, limit, match, model, order_by, period, provider, service, to",
		"by=" + many("a,", 33) + "z":       "`by`",
		"match=" + many("k=v&match=x", 40): "`match`",
	} {
		v, err := url.ParseQuery(query)
		require.NoError(t, err)
		_, err = ParseRequest(v, newFake(t))
		require.ErrorIs(t, err, ErrInput, query)
		require.ErrorContains(t, err, text, query)
	}
}

// many are copies of a text, each with another number behind it.
func many(text string, n int) string {
	out := ""
	for i := range n {
		out += string(rune('A'+i%26)) + string(rune('A'+i/26)) + text
	}
	return out
}

func TestPeriods_E_F65_E_F67_A_U25(t *testing.T) {
	f := newFake(t)
	tomorrow := at(t, "2026-11-22T00:00:00+01:00")
	for want, names := range map[string][]string{
		"2026-11-21T00:00:00+01:00": {"today", "daily"},
		"2026-11-15T00:00:00+01:00": {"7days"},
		"2026-10-23T00:00:00+02:00": {"30days"}, // over the change of clocks
		"2026-11-16T00:00:00+01:00": {"this_week", "week", "weekly"},
		"2026-11-01T00:00:00+01:00": {"this_month", "thisMonth", "month", "monthly"},
	} {
		for _, name := range names {
			from, until, err := ParsePeriod(name, f)
			require.NoError(t, err)
			assert.Equal(t, []int64{at(t, want), tomorrow}, []int64{from, until}, name)
		}
	}
	for _, name := range []string{"all", "all_time", "allTime"} {
		from, until, err := ParsePeriod(name, f)
		require.NoError(t, err)
		assert.Equal(t, []int64{0, 0}, []int64{from, until})
	}
}

func TestParseGranularity(t *testing.T) {
	for text, want := range map[string]usage.Granularity{"hour": usage.Hourly, "day": usage.Daily} {
		got, err := ParseGranularity(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := ParseGranularity("week")
	require.ErrorIs(t, err, ErrInput)
}

func TestAttributeNames(t *testing.T) {
	for short, want := range map[string]string{
		"service": usage.AttrService, "protocol": usage.AttrProtocol, "endpoint": usage.AttrEndpoint, "provider": usage.AttrProvider,
		"provider.kind": usage.AttrProviderKind, "model": usage.AttrModel, "operation": usage.AttrOperation, "meter": usage.AttrMeter,
		"usage.model": usage.AttrModel, "tenant": "tenant",
	} {
		assert.Equal(t, want, AttributeName(short))
	}
}

// Whatever strangers ask is answered or refused, and what is accepted can be asked.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"", "kind=session&order_by=opened", "by=provider,model&limit=5&from=2026-11-01&to=2026-11-21", "period=7days&match=a=b",
		"from=9999-12-31&by=%00", "to=2026-11-21T10:00:00Z", "limit=99999999999999999999", "match=%ff=%fe",
	} {
		f.Add(seed)
	}
	src := newFake(f)
	schema, values := src.provider("shop", "openai", "gen_ai", "gpt-4o", "chat", "a")
	src.addLive(schema, values, calls(1, 1))
	src.addHour(at(f, now), schema, values, calls(1, 1))
	f.Fuzz(func(t *testing.T, query string) {
		v, _ := url.ParseQuery(query) // what is bad is left out
		if o, err := ParseUsage(v, src); err != nil {
			require.ErrorIs(t, err, ErrInput)
		} else {
			_, err = Usage(src, o)
			require.NoError(t, err)
		}
		r, err := ParseRequest(v, src)
		if err != nil {
			require.ErrorIs(t, err, ErrInput)
			return
		}
		a, err := Series(src, r)
		require.NoError(t, err)
		require.LessOrEqual(t, len(a.Rows), r.Limit)
		requireJSON(t, r, a)
		if _, err := Timeline(src, r, usage.Daily); err != nil {
			require.ErrorIs(t, err, ErrInput)
		}
	})
}
