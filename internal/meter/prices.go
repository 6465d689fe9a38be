package meter

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/pricing"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Prices says where prices come from.
type Prices struct {
	// File is a table in one of the known forms; empty: the built-in one.
	File      string
	Overrides []pricing.Override
}

// prices is the table that is in force. A file that changes is read again; while
// it cannot be, the old table stays.
type prices struct {
	options Prices
	log     *zap.Logger
	table   atomic.Pointer[pricing.Table]
	read    fileState // only of the goroutine that refreshes

	mu      sync.RWMutex // guards unknown
	unknown map[unpriced]struct{}
}

// fileState tells whether a file has changed.
type fileState struct {
	size     int64
	modified time.Time
}

// unpriced is a model that was asked for and has no price.
type unpriced struct{ provider, model string }

// maxUnpriced bounds which models are remembered as told of: their names come
// from strangers.
const maxUnpriced = 1000

// openPrices reads the table; nil options: none.
func openPrices(o *Prices, log *zap.Logger) (*prices, error) {
	if o == nil {
		return nil, nil
	}
	p := &prices{options: *o, log: log, unknown: map[unpriced]struct{}{}}
	p.read = p.stat()
	table, err := p.load()
	if err != nil {
		return nil, err
	}
	p.table.Store(table)
	log.Debug("Prices are known", zap.String("source", table.Source()), zap.Int("models", table.Models()), zap.Int("skipped", table.Skipped()))
	return p, nil
}

func (p *prices) load() (*pricing.Table, error) {
	table, err := p.base()
	if err != nil {
		return nil, err
	}
	if table, err = table.With(p.options.Overrides); err != nil {
		return nil, fmt.Errorf("`pricing`: %w", err)
	}
	return table, nil
}

func (p *prices) base() (*pricing.Table, error) {
	if p.options.File == "" {
		return pricing.Builtin()
	}
	data, err := os.ReadFile(p.options.File)
	if err != nil {
		return nil, fmt.Errorf("`pricing.file` cannot be read: %w", err)
	}
	table, err := pricing.Load(p.options.File, data)
	if err != nil {
		return nil, fmt.Errorf("`pricing.file` cannot be used: %w", err)
	}
	return table, nil
}

func (p *prices) stat() fileState {
	if p.options.File == "" {
		return fileState{}
	}
	info, err := os.Stat(p.options.File)
	if err != nil {
		return fileState{}
	}
	return fileState{size: info.Size(), modified: info.ModTime()}
}

// refresh reads a file again that has changed, and says whether that failed.
func (p *prices) refresh() (failed bool) {
	if p == nil {
		return false
	}
	found := p.stat()
	if found == p.read {
		return false
	}
	p.read = found
	table, err := p.load()
	if err != nil {
		p.log.Error("New prices cannot be used; the old ones stay in force", zap.Error(err))
		return true
	}
	p.table.Store(table)
	p.log.Info("New prices are in force", zap.String("source", table.Source()), zap.Int("models", table.Models()), zap.Int("skipped", table.Skipped()))
	return false
}

// functions are what extraction asks of the prices.
func (p *prices) functions() extract.Prices {
	if p == nil {
		return extract.Prices{}
	}
	return extract.Prices{Call: p.call, Rates: p.rates}
}

func (p *prices) call(q *extract.Priceable) (of usage.Price, known bool) {
	price := p.find(q)
	if price == nil {
		return of, false
	}
	return price.Cost(&pricing.Call{Tokens: q.Tokens, CacheWrite1h: q.CacheWrite1h, Tier: q.Tier, At: q.At}), true
}

func (p *prices) rates(q *extract.Priceable) (rates [usage.TokenTypes]int64, known bool) {
	price := p.find(q)
	if price == nil {
		return rates, false
	}
	for t := range rates {
		rates[t] = price.Rate(usage.TokenType(t), q.At)
	}
	return rates, true
}

// find looks for the model that answered, then for the one that was asked for.
func (p *prices) find(q *extract.Priceable) *pricing.Price {
	table := p.table.Load()
	for _, model := range q.Models {
		if model == "" {
			continue
		}
		if price := table.Find(q.Provider, model); price != nil {
			return price
		}
	}
	p.tell(q)
	return nil
}

// longestTold is how long the names of a provider and a model are that the log has.
const longestTold = 512

// tell says once of a model that it has no price.
func (p *prices) tell(q *extract.Priceable) {
	model := q.Models[0]
	if model == "" {
		model = q.Models[1]
	}
	if len(q.Provider)+len(model) > longestTold || p.told(q.Provider, model) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// The names are the telemetry's: what is kept has to be a copy.
	provider, model := strings.Clone(q.Provider), strings.Clone(model)
	p.unknown[unpriced{provider, model}] = struct{}{}
	p.log.Info("No price is known: its tokens count, its cost does not", zap.String("provider", provider), zap.String("model", model))
}

func (p *prices) told(provider, model string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	_, told := p.unknown[unpriced{provider, model}]
	return told || len(p.unknown) >= maxUnpriced
}
