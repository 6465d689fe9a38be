package dialect

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// compile compiles files that are valid.
func compile(t *testing.T, o Options, texts ...string) *Program {
	t.Helper()
	for _, text := range texts {
		f, err := Parse("test.yaml", []byte(text))
		require.NoError(t, err)
		o.Files = append(o.Files, f)
	}
	return Compile(o)
}

// entriesOf returns all that a table knows of a name.
func entriesOf(table *Table, name string) (found []*Entry) {
	for i := table.First(name); table.At(i) != nil; i++ {
		if table.At(i).Name == name {
			found = append(found, table.At(i))
		}
	}
	return found
}

func entryOf(t *testing.T, table *Table, name string) *Entry {
	t.Helper()
	found := entriesOf(table, name)
	require.Len(t, found, 1, name)
	return found[0]
}

func TestNamesOfAFieldRankInTheOrderOfFilesAndLists(t *testing.T) {
	p := compile(t, Options{},
		"name: a\nfields: {input_tokens: [first, {name: second, cache: beside}]}",
		"name: b\nfields: {input_tokens: [{name: second, cache: inside}, third], cost: [{name: price, unit: nano_usd}]}")
	for rank, name := range []string{"first", "second", "third"} {
		e := entryOf(t, p.Base, name)
		assert.Equal(t, InputTokens, e.Field, name)
		assert.EqualValues(t, rank, e.Rank, name)
	}
	assert.Equal(t, Beside, entryOf(t, p.Base, "second").Cache, "the first file says what a name means")
	assert.Equal(t, NanoDollars, entryOf(t, p.Base, "price").Unit)
	assert.Empty(t, entriesOf(p.Base, "fourth"))
}

func TestAnAttributeCanSaySeveralThings(t *testing.T) {
	p := compile(t, Options{Dimensions: []string{"usage", "tenant.id"}},
		`name: a
fields:
  input_tokens: [{name: usage, json: input}]
  output_tokens: [{name: usage, json: output}]
roles: {usage: {"*": inference}}`)
	var fields []Field
	var paths []string
	roles := 0
	for _, e := range entriesOf(p.Base, "usage") {
		if e.Roles != nil {
			roles++
			continue
		}
		fields, paths = append(fields, e.Field), append(paths, e.JSON)
	}
	assert.Equal(t, 1, roles)
	assert.ElementsMatch(t, []Field{InputTokens, OutputTokens, Fields}, fields)
	assert.ElementsMatch(t, []string{"input", "output", ""}, paths)
	assert.Equal(t, Fields+1, entryOf(t, p.Base, "tenant.id").Field)
	assert.Equal(t, "dimension", (Fields + 1).String())
}

func TestRoles(t *testing.T) {
	p := compile(t, Options{}, `name: a
roles:
  span.kind: {LLM: inference, AGENT: aggregate, "*.doGenerate": nested, "*": ignored}
  other.kind: {LLM: inference}`)
	roles := entryOf(t, p.Base, "span.kind").Roles
	for value, want := range map[string]Role{
		"LLM": Inference, "AGENT": Aggregate, "ai.generateText.doGenerate": Nested, ".doGenerate": Nested,
		"llm": Ignored, "": Ignored, "doGenerate": Ignored,
	} {
		assert.Equal(t, want, roles.Of(value), value)
	}
	assert.Equal(t, NoRole, entryOf(t, p.Base, "other.kind").Roles.Of("AGENT"))
	for _, higher := range [][2]Role{{Endpoint, Inference}, {Aggregate, Endpoint}, {Nested, Aggregate}, {Ignored, Nested}} {
		assert.Greater(t, higher[0], higher[1], "of several roles the highest holds")
	}
}

func TestScopesHoldInTheOrderOfFiles(t *testing.T) {
	p := compile(t, Options{},
		`name: a
scopes:
  - {service: [agent], scope: [exact], provider: one, spans: {run: aggregate}}
  - {scope: ["open.*"], family: b, tokens: {cache: beside, reasoning: inside}, priced: false}`,
		`name: b
signals: [logs]
scopes:
  - {scope: [exact, open.source], provider: two}`)
	one := p.Scope("agent", "exact")
	assert.Equal(t, "one", one.Provider)
	assert.Nil(t, one.Family, "it leaves records with their family")
	assert.Equal(t, map[string]Role{"run": Aggregate}, one.Spans)
	assert.False(t, one.Unpriced)
	assert.Equal(t, "two", p.Scope("other", "exact").Provider, "both have to match")
	open := p.Scope("", "open.source")
	assert.Same(t, p.Family("b"), open.Family, "the first one wins")
	assert.Equal(t, TokenRules{Beside, Inside}, open.Tokens)
	assert.True(t, open.Unpriced)
	assert.Nil(t, p.Scope("agent", "opening"))
}

func TestEvents(t *testing.T) {
	p := compile(t, Options{Dimensions: []string{"tenant.id"}},
		`name: a
fields: {cost: [common_cost]}
logs:
  - {event: [request, called], service: [agent], as: inference, where: {kind: [x, y]}, rank: 2, provider: openai, operation: chat, tokens: {cache: inside}, fields: {input_tokens: [in]}}
  - {event: [request], as: aggregate, outcome: error}
  - {require: [http_method, cost], as: endpoint, fields: {http_method: [verb]}}`,
		`name: b
family: a
fields: {input_tokens: [common_in]}
logs:
  - {require: [input_tokens], as: ignored, fields: {http_method: [VERB, verb]}}`)
	events := p.Events("request")
	require.Len(t, events, 2)
	e := events[0]
	assert.Same(t, e, p.Events("called")[0])
	assert.True(t, e.Matches("agent", "any"))
	assert.False(t, e.Matches("other", "any"))
	assert.Equal(t, Inference, e.Role)
	assert.Equal(t, usage.Rank(2), e.Rank)
	assert.Equal(t, Rules{Provider: "openai", Operation: "chat", Tokens: TokenRules{Cache: Inside}}, e.Rules)
	for kind, want := range map[string]bool{"x": true, "y": true, "z": false, "": false} {
		assert.Equal(t, want, e.Where.Each(func(_ string, values []string) bool { return slices.Contains(values, kind) }), kind)
	}
	assert.Len(t, entriesOf(e.Fields, "in"), 1)
	assert.Len(t, entriesOf(e.Fields, "common_cost"), 1, "a rule knows the names of its file")
	assert.Empty(t, entriesOf(e.Fields, "common_in"), "but not those of others")
	assert.Len(t, entriesOf(e.Fields, "tenant.id"), 1)

	assert.Same(t, p.Base, events[1].Fields, "a rule without names knows those of all files")
	assert.Equal(t, usage.Error, events[1].Outcome)
	assert.True(t, events[1].HasOutcome)

	lines := p.Events("")
	require.Len(t, lines, 2)
	assert.Equal(t, []Field{HTTPMethod, Cost}, lines[0].Require)
	assert.Same(t, p.Family("a"), lines[1].Family)
	for _, line := range lines {
		assert.Same(t, p.Lines, line.Fields, "records of any name are read once")
	}
	assert.EqualValues(t, 0, entryOf(t, p.Lines, "verb").Rank)
	assert.EqualValues(t, 1, entryOf(t, p.Lines, "VERB").Rank)
	for _, name := range []string{"common_cost", "common_in", "tenant.id"} {
		assert.Len(t, entriesOf(p.Lines, name), 1, name)
	}
	assert.Empty(t, p.Events("unheard"))
}

func TestMetrics(t *testing.T) {
	p := compile(t, Options{},
		`name: a
metrics:
  - {name: [calls], service: [agent], of: gen_ai, side: provider, measure: durations, unit: ms, rank: 1}
  - {name: [calls], of: http, side: endpoint, measure: requests, where: {ok: ["true"]}, outcome: success}
  - {name: ["*.token.usage"], of: gen_ai, side: provider, measure: tokens, types: {in: input, total: none}, tokens: {cache: inside}}
  - {name: ["agent.tokens.*"], of: gen_ai, side: provider, measure: tokens, type: output, priced: false}
  - {name: [x.token.usage], of: gen_ai, side: provider, measure: tokens}`)
	calls := p.Metrics(nil, "calls", "agent", "")
	require.Len(t, calls, 2)
	assert.Equal(t, Milliseconds, calls[0].Unit)
	assert.Equal(t, usage.Provider, calls[0].Side)
	assert.Equal(t, Durations, calls[0].Measure)
	assert.Equal(t, usage.Rank(1), calls[0].Rank)
	assert.Len(t, p.Metrics(nil, "calls", "other", ""), 1)
	assert.Equal(t, "http", calls[1].Of)
	assert.Equal(t, usage.Endpoint, calls[1].Side)
	assert.True(t, calls[1].Where.Each(func(attribute string, values []string) bool {
		return attribute == "ok" && slices.Equal(values, []string{"true"})
	}))

	suffix := p.Metrics(nil, "clone.token.usage", "", "")
	require.Len(t, suffix, 1)
	assert.Equal(t, InputKind, suffix[0].TokenKind("in"))
	assert.Equal(t, NoTokens, suffix[0].TokenKind("total"))
	assert.Equal(t, NoTokens, suffix[0].TokenKind("unheard"))
	assert.Equal(t, Inside, suffix[0].Tokens.Cache)
	prefix := p.Metrics(nil, "agent.tokens.output", "", "")
	require.Len(t, prefix, 1)
	assert.Equal(t, OutputKind, prefix[0].TokenKind("whatever"))
	assert.True(t, prefix[0].Unpriced)
	assert.Same(t, p.Metrics(nil, "x.token.usage", "", "")[0], p.Metrics(nil, "x.token.usage", "", "")[0])
	assert.NotSame(t, suffix[0], p.Metrics(nil, "x.token.usage", "", "")[0], "a whole name comes before parts of names")
	for _, name := range []string{"token.usage", "agent.tokens", "call", ""} {
		assert.Empty(t, p.Metrics(nil, name, "", ""), name)
	}
}

func TestFamiliesRankTheirSignals(t *testing.T) {
	texts := []string{
		"name: a\nsignals: [logs, metrics]",
		"name: b\nfamily: a\nsignals: [metrics]",
		"name: c",
	}
	p := compile(t, Options{}, texts...)
	better := func(family string, first, second usage.Signal) {
		f := p.Family(family)
		assert.Less(t, f.Ranks[first], f.Ranks[second], "%s: %s before %s", family, first, second)
	}
	better("a", usage.Logs, usage.Metrics)
	better("a", usage.Metrics, usage.Traces) // those not listed come last
	for _, family := range []string{"c", "unheard"} {
		better(family, usage.Traces, usage.Logs)
		better(family, usage.Logs, usage.Metrics)
	}

	p = compile(t, Options{Signals: map[string]usage.Signal{"a": usage.Metrics}}, texts...)
	assert.Equal(t, usage.NeverCounts, p.Family("a").Ranks[usage.Logs], "a pin rules the others out")
	assert.Equal(t, usage.NeverCounts, p.Family("a").Ranks[usage.Traces])
	assert.Less(t, p.Family("a").Ranks[usage.Metrics], usage.NeverCounts)
	better("c", usage.Traces, usage.Logs)
}

func TestProviders(t *testing.T) {
	p := compile(t, Options{},
		`name: a
providers:
  aliases: {aws.bedrock: [Bedrock]}
  hosts: {aws.bedrock: ["bedrock-runtime*.amazonaws.com"], openai: [API.openai.com]}
  models: {openai: [gpt-4]}`,
		`name: b
providers:
  aliases: {other: [bedrock]}
  frameworks: [LangChain]`).Providers
	for name, want := range map[string]string{"bedrock": "aws.bedrock", "aws.bedrock": "aws.bedrock", "other": "other", "langchain": ""} {
		canonical, known := p.Canonical([]byte(name))
		assert.True(t, known, name)
		assert.Equal(t, want, canonical, name)
	}
	_, known := p.Canonical([]byte("unheard"))
	assert.False(t, known)
	for host, want := range map[string]string{
		"bedrock-runtime.eu-west-1.amazonaws.com": "aws.bedrock", "bedrock-runtime-fips.us-east-1.amazonaws.com": "aws.bedrock",
		"bedrock-runtime.amazonaws": "", "s3.amazonaws.com": "", "api.openai.com": "openai", "": "",
	} {
		assert.Equal(t, want, p.AtHost([]byte(host)), host)
	}
	assert.Equal(t, "openai", p.OfModel("gpt-4o"))
	assert.Empty(t, p.OfModel("gpt-oss-120b"))
}

// TestEveryWordMeansSomethingElse would fail if two fields or words were written
// the same.
func TestEveryWordMeansSomethingElse(t *testing.T) {
	seen := map[string]bool{}
	for f, name := range fieldNames() {
		assert.NotEmpty(t, name, "field %d has no name", f)
		assert.False(t, seen[name], "%s is two fields", name)
		seen[name] = true
		found, ok := fieldOf(name)
		assert.Equal(t, Field(f) != EndTime, ok, "%s", name)
		if ok {
			assert.Equal(t, Field(f), found)
		}
	}
}

// A session is nobody's own: a log record of one dialect may have the name that
// another one gives it. The rule's own name comes first.
func TestSessionsGoByTheNamesOfAllFiles(t *testing.T) {
	p := compile(t, Options{},
		"name: a\nfields: {session_id: [first]}",
		"name: b\nfields: {session_id: [second]}\nlogs: [{event: [own], as: inference, fields: {cost: [price]}}, {event: [named], as: session_start, fields: {session_id: [mine]}}]")
	table := p.Events("own")[0].Fields
	for rank, name := range []string{"first", "second"} {
		e := entryOf(t, table, name)
		assert.Equal(t, SessionID, e.Field, name)
		assert.EqualValues(t, rank, e.Rank, name)
	}
	named := p.Events("named")[0]
	assert.Equal(t, SessionStart, named.Role)
	assert.EqualValues(t, 0, entryOf(t, named.Fields, "mine").Rank)
	assert.EqualValues(t, 1, entryOf(t, named.Fields, "first").Rank)
}
