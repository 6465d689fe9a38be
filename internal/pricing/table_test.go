package pricing

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Model names come from strangers: what is remembered of them is bounded, and
// what is asked for again and again stays.
func TestCacheIsBounded(t *testing.T) {
	table := builtinTable(t)
	for i := range 3 * cacheSize {
		require.Nil(t, table.Find("openai", fmt.Sprintf("stranger-%d", i)))
		require.NotNil(t, table.Find("openai", "gpt-4o"))
		if i%1000 == 0 {
			require.LessOrEqual(t, table.cache.len(), cacheSize)
		}
	}
	_, ok := table.cache.get(cacheKey{"openai", "gpt-4o"})
	require.True(t, ok)
	_, ok = table.cache.get(cacheKey{"openai", "stranger-0"})
	require.False(t, ok)
}

func TestFindAndCostDoNotAllocate(t *testing.T) {
	table := builtinTable(t)
	c := call(1000, 2000, 300, 400, 50)
	c.Tier = "priority"
	for _, model := range []string{"claude-sonnet-4-5-20250929", "unheard-of"} {
		table.Find("anthropic", model)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if p := table.Find("anthropic", model); p != nil {
				p.Cost(&c)
			}
		}), model)
	}
}

// The strings that are asked with may lie in the buffer of a whole batch.
func TestCacheOwnsItsKeys(t *testing.T) {
	table := builtinTable(t)
	buffer := []byte("gpt-4o")
	require.NotNil(t, table.Find("openai", string(buffer)))
	copy(buffer, "xxxxxx")
	require.NotNil(t, table.Find("openai", "gpt-4o"))
}

func TestFindFromManyGoroutines(t *testing.T) {
	table := builtinTable(t)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 5000 {
				table.Find("openai", fmt.Sprintf("m-%d-%d", g, i))
				if p := table.Find("openrouter", "openai/gpt-4o"); p == nil || p.ID() != "openrouter/openai/gpt-4o" {
					t.Error("not found")
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkBuiltin(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Builtin(); err != nil {
			b.Fatal(err)
		}
	}
}

// The first question to a provider reads its list; this is the longest one.
func BenchmarkFirstFind(b *testing.B) {
	for _, provider := range []string{"anthropic", "openai", "openrouter"} {
		b.Run(provider, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				table := builtinTable(b)
				b.StartTimer()
				table.Find(provider, "unheard-of")
			}
		})
	}
}

func BenchmarkFindAndCost(b *testing.B) {
	table := builtinTable(b)
	c := call(1000, 2000, 300, 400, 50)
	b.ReportAllocs()
	for b.Loop() {
		table.Find("anthropic", "claude-sonnet-4-5-20250929").Cost(&c)
	}
}

func BenchmarkFindStranger(b *testing.B) {
	table := builtinTable(b)
	for _, name := range []string{"acme-7b", "us.anthropic.claude-opus-9-9-20260101-v1:0", strings.Repeat("-0101", 51)} {
		b.Run(fmt.Sprint(len(name)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				table.find(newQuery("litellm", name))
			}
		})
	}
}
