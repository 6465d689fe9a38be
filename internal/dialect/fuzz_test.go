package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParse holds that no file makes the decoder or the compiler panic, that
// what is refused says why, and that what is accepted can be compiled and asked.
func FuzzParse(f *testing.F) {
	files, err := presets.ReadDir("presets")
	require.NoError(f, err)
	for _, file := range files {
		data, err := presets.ReadFile("presets/" + file.Name())
		require.NoError(f, err)
		f.Add(data)
	}
	for _, text := range []string{
		"", "name: a", "name: [", "name: a\n---\nname: b", "fields: {input_tokens: [{name: 1}]}",
		"name: a\nroles: {b: {\"*c\": inference, \"*\": nested}}", "name: a\nmetrics: [{name: [\"*\"]}]",
		"a: &a [*a]", "name: a\nfields: &f {cost: [x]}\nlogs: [{event: [e], as: inference, fields: *f}]",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("own.yaml", data)
		if err != nil {
			require.Nil(t, file)
			require.NotEmpty(t, err.Error())
			return
		}
		p := Compile(Options{Files: []*File{file}, Dimensions: []string{"tenant.id"}})
		for _, name := range []string{"a", "gen_ai.client.token.usage", "claude_code.cost.usage"} {
			for place := p.Base.First(name); p.Base.At(place) != nil; place++ {
				require.NotEmpty(t, p.Base.At(place).Name)
			}
			p.Events(name)
			p.Metrics(nil, name, "", "")
			p.Scope(name, name)
			p.Family(name)
			p.Providers.AtHost([]byte(name))
			p.Providers.OfModel(name)
		}
	})
}
