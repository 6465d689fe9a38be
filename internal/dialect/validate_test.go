package dialect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseRefuses(t *testing.T) {
	const noField = "`%s` is no field: docs/dialects.md lists them"
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":                  {"", "`own.yaml` is no dialect: EOF"},
		"no YAML":                  {"name: [", "`own.yaml` is no dialect: yaml: line 1: did not find expected node content"},
		"two documents":            {"name: a\n---\nname: b\n", "`own.yaml` holds more than one document: one is accepted"},
		"too much":                 {strings.Repeat("#", maxFile+1), "`own.yaml` has 1048577 bytes: at most 1048576 are accepted"},
		"unknown key":              {"name: a\nfield: {}\n", "line 2: field field not found in type dialect.File"},
		"unknown key of a rule":    {"name: a\nlogs:\n  - {events: [e]}\n", "line 3: field events not found in type dialect.LogRule"},
		"key twice":                {"name: a\nname: b\n", "line 2: mapping key \"name\" already defined at line 1"},
		"no name":                  {"title: a\n", "`own.yaml`: `name` is \"\": small letters, digits and `_` are accepted"},
		"name with capitals":       {"name: Own\n", "`name` is \"Own\": small letters, digits and `_` are accepted"},
		"signal":                   {"name: a\nsignals: [spans]\n", "`signals[0]` is \"spans\": `traces`, `logs`, `metrics` are accepted"},
		"signal twice":             {"name: a\nsignals: [logs, logs]\n", "`signals` has `logs` twice: each signal is accepted once"},
		"field":                    {"name: a\nfields: {tokens: [x]}\n", strings.Replace(noField, "%s", "fields.tokens", 1)},
		"field without attributes": {"name: a\nfields: {cost: [\"\"]}\n", "`fields.cost[0]` has no name: names of attributes are accepted"},
		"unit":                     {"name: a\nfields: {duration: [{name: x, unit: min}]}\n", "`fields.duration[0].unit` is \"min\": `s`, `ms`, `us`, `ns`, `By`, `KiBy`, `usd`, `micro_usd`, `nano_usd` are accepted"},
		"cache":                    {"name: a\nfields: {input_tokens: [{name: x, cache: maybe}]}\n", "`fields.input_tokens[0].cache` is \"maybe\": `inside`, `beside`, `varies` are accepted"},
		"reasoning":                {"name: a\nfields: {output_tokens: [{name: x, reasoning: maybe}]}\n", "`fields.output_tokens[0].reasoning` is \"maybe\": `inside`, `beside`, `varies` are accepted"},
		"unknown key of a name":    {"name: a\nfields:\n  cost: [{name: x, units: usd}]\n", "line 3: `units` is unknown: the keys name, json, unit, cache, reasoning are accepted"},
		"list for a name":          {"name: a\nfields:\n  cost: [[x]]\n", "line 3: a name, or a mapping with the keys name, json, unit, cache, reasoning, is accepted"},
		"role":                     {"name: a\nroles: {x.kind: {LLM: leaf}}\n", "`roles.x.kind.LLM` is \"leaf\": `inference`, `endpoint`, `aggregate`, `nested`, `ignored` are accepted"},
		"role of nothing":          {"name: a\nroles: {x.kind: {\"\": inference}}\n", "`roles.x.kind` has an empty value: values, `*` and `*end` are accepted"},
		"scope of everything":      {"name: a\nscopes: [{provider: x}]\n", "`scopes[0]` holds everywhere: `service` or `scope` is needed"},
		"scope's tokens":           {"name: a\nscopes: [{scope: [x], tokens: {cache: yes}}]\n", "`scopes[0].tokens.cache` is \"yes\": `inside`, `beside`, `varies` are accepted"},
		"scope's spans":            {"name: a\nscopes: [{scope: [x], spans: {run: agent}}]\n", "`scopes[0].spans.run` is \"agent\": `inference`, `endpoint`, `aggregate`, `nested`, `ignored` are accepted"},
		"log without role":         {"name: a\nlogs: [{event: [e]}]\n", "`logs[0].as` is \"nothing\": `inference`, `endpoint`, `aggregate`, `nested`, `ignored`, `session_start`, `session_end` are accepted"},
		"log of everything":        {"name: a\nlogs: [{as: inference}]\n", "`logs[0]` holds for all log records: `event` or `require` is needed"},
		"event without name":       {"name: a\nlogs: [{event: [\"\"], as: inference}]\n", "`logs[0].event` has an empty name: names of events are accepted"},
		"required what":            {"name: a\nlogs: [{require: [tokens], as: inference}]\n", "`logs[0].require[0]` is \"tokens\", which is no field: docs/dialects.md lists them"},
		"log's field":              {"name: a\nlogs: [{event: [e], as: inference, fields: {tokens: [x]}}]\n", strings.Replace(noField, "%s", "logs[0].fields.tokens", 1)},
		"log's rank":               {"name: a\nlogs: [{event: [e], as: inference, rank: 8}]\n", "`logs[0].rank` is 8: 0 to 7 are accepted"},
		"log's outcome":            {"name: a\nlogs: [{event: [e], as: inference, outcome: failed}]\n", "`logs[0].outcome` is \"failed\": `success`, `client_error`, `error`, `throttled`, `cancelled` are accepted"},
		"log's tokens":             {"name: a\nlogs: [{event: [e], as: inference, tokens: {reasoning: out}}]\n", "`logs[0].tokens.reasoning` is \"out\": `inside`, `beside`, `varies` are accepted"},
		"metric without name":      {"name: a\nmetrics: [{side: provider, of: gen_ai, measure: tokens}]\n", "`metrics[0].name` is missing: names of metrics are accepted"},
		"metric of any name":       {"name: a\nmetrics: [{name: [\"*\"], side: provider, of: gen_ai, measure: tokens}]\n", "`metrics[0].name` has \"*\": names with at most one `*`, at their beginning or their end, are accepted"},
		"metric of a part":         {"name: a\nmetrics: [{name: [a*b], side: provider, of: gen_ai, measure: tokens}]\n", "`metrics[0].name` has \"a*b\": names with"},
		"metric of two parts":      {"name: a\nmetrics: [{name: [\"*a*\"], side: provider, of: gen_ai, measure: tokens}]\n", "`metrics[0].name` has \"*a*\": names with"},
		"metric without side":      {"name: a\nmetrics: [{name: [m], of: gen_ai, measure: tokens}]\n", "`metrics[0].side` is \"nothing\": `endpoint`, `provider` are accepted"},
		"metric without protocol":  {"name: a\nmetrics: [{name: [m], side: provider, measure: tokens}]\n", "`metrics[0].of` is \"nothing\": `http`, `rpc`, `messaging`, `graphql`, `faas`, `mcp`, `db`, `gen_ai`, `websocket` are accepted"},
		"metric without measure":   {"name: a\nmetrics: [{name: [m], side: provider, of: gen_ai}]\n", "`metrics[0].measure` is \"nothing\": `durations`, `requests`, `times`, `first_token_times`, `tokens`, `costs`, `request_sizes`, `response_sizes` are accepted"},
		"metric's unit":            {"name: a\nmetrics: [{name: [m], side: provider, of: gen_ai, measure: costs, unit: eur}]\n", "`metrics[0].unit` is \"eur\": `s`, `ms`, `us`, `ns`, `By`, `KiBy`, `usd`, `micro_usd`, `nano_usd` are accepted"},
		"metric's type":            {"name: a\nmetrics: [{name: [m], side: provider, of: gen_ai, measure: tokens, type: total}]\n", "`metrics[0].type` is \"total\": `none`, `input`, `output`, `cache_read`, `cache_write`, `reasoning` are accepted"},
		"metric's types":           {"name: a\nmetrics: [{name: [m], side: provider, of: gen_ai, measure: tokens, types: {total: all}}]\n", "`metrics[0].types.total` is \"all\": `none`, `input`, `output`, `cache_read`, `cache_write`, `reasoning` are accepted"},
		"metric's rank":            {"name: a\nmetrics: [{name: [m], side: provider, of: gen_ai, measure: tokens, rank: -1}]\n", "`metrics[0].rank` is -1: 0 to 7 are accepted"},
		"metric's field":           {"name: a\nmetrics: [{name: [m], side: provider, of: gen_ai, measure: tokens, fields: {tokens: [x]}}]\n", strings.Replace(noField, "%s", "metrics[0].fields.tokens", 1)},
		"alias":                    {"name: a\nproviders: {aliases: {openai: [\"\"]}}\n", "`providers.aliases` has an empty name"},
		"host":                     {"name: a\nproviders: {hosts: {\"\": [x]}}\n", "`providers.hosts` has an empty name"},
		"model":                    {"name: a\nproviders: {models: {openai: [\"\"]}}\n", "`providers.models` has an empty name"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Parse("own.yaml", []byte(tt.text))
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "`own.yaml`", "the file is named")
			assert.Nil(t, f)
		})
	}
}

// TestParseRefusesAllAtOnce spares users to find one mistake after another.
func TestParseRefusesAllAtOnce(t *testing.T) {
	_, err := Parse("own.yaml", []byte("name: a\nsignals: [spans]\nfields: {tokens: [x]}\nmetrics: [{}]\n"))
	for _, key := range []string{"signals[0]", "fields.tokens", "metrics[0].side", "metrics[0].of", "metrics[0].measure", "metrics[0].name"} {
		require.ErrorContains(t, err, "`"+key+"`")
	}
}

func TestParseAccepts(t *testing.T) {
	f, err := Parse("own.yaml", []byte("name: own_2\nfields: {input_tokens: [plain, {name: full, unit: s, json: a.b, cache: beside, reasoning: inside}]}\n"))
	require.NoError(t, err)
	assert.Equal(t, []Name{{Name: "plain"}, {Name: "full", Unit: "s", JSON: "a.b", Cache: "beside", Reasoning: "inside"}}, f.Fields["input_tokens"])
	assert.Equal(t, "own_2", f.family(), "the family is the file, unless it says otherwise")
	assert.Equal(t, defaultOrder, f.order())
}
