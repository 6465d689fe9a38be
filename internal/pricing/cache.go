package pricing

import (
	"strings"
	"sync"
)

// cacheSize bounds what is remembered of a table: model names come from
// strangers.
const cacheSize = 4096

type cacheKey struct{ provider, model string }

// cache remembers what was found. It has two generations: when the young one is
// full it becomes the old one, and what is asked for again moves back.
type cache struct {
	mu         sync.RWMutex
	young, old map[cacheKey]*Price
}

func newCache() *cache { return &cache{young: map[cacheKey]*Price{}} }

func (c *cache) get(k cacheKey) (p *Price, ok bool) {
	c.mu.RLock()
	p, ok = c.young[k]
	aged := false
	if !ok {
		p, aged = c.old[k]
	}
	c.mu.RUnlock()
	if aged {
		c.move(k, p)
	}
	return p, ok || aged
}

// move makes an entry young again, under the strings that the cache owns.
func (c *cache) move(k cacheKey, p *Price) {
	c.put(cacheKey{strings.Clone(k.provider), strings.Clone(k.model)}, p)
}

func (c *cache) put(k cacheKey, p *Price) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= cacheSize/2 {
		c.old, c.young = c.young, make(map[cacheKey]*Price, cacheSize/2)
	}
	c.young[k] = p
}

func (c *cache) len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.young) + len(c.old)
}
