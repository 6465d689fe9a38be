package pricing

import (
	"slices"
	"strings"
	"sync"
)

// index has the models of a price list by provider and name.
type index struct {
	lists map[string]*list
}

// list is the price list of one provider.
type list struct {
	provider string
	named    map[string]*Price
	// shortened has the models by their names without dates and prefixes, where no
	// model has that name itself; nil: models of different prices share it.
	shortened map[string]*Price
	prefixes  []prefix

	once   sync.Once
	rows   []row  // until they are asked for
	unread []byte // of the built-in table: the rows as text
}

// prefix is the common beginning of the names of what has one price, such as all
// that was fine-tuned from one model.
type prefix struct {
	text  string
	price *Price
}

// row is a model as a source lists it. A name that ends in * is a prefix.
type row struct {
	names []string
	price *Price
}

func newIndex() *index { return &index{lists: map[string]*list{}} }

// add adds a model to a provider's list. Where two have the same name, the first
// one has it.
func (x *index) add(provider string, names []string, p *Price) {
	l := x.lists[provider]
	if l == nil {
		l = &list{provider: provider}
		x.lists[provider] = l
	}
	l.rows = append(l.rows, row{names, p})
}

// complete prepares a list for being asked, once somebody asks: most lists of the
// built-in table are never needed.
func (l *list) complete() {
	l.once.Do(func() {
		if l.unread != nil {
			// A test reads all that is built in, so that this does not fail.
			l.rows, _ = builtinRows(l.provider, l.unread)
		}
		l.named = make(map[string]*Price, 2*len(l.rows))
		l.shortened = map[string]*Price{}
		for _, r := range l.rows {
			l.name(r)
		}
		for _, r := range l.rows {
			l.shorten(r)
		}
		l.rows, l.unread = nil, nil
		slices.SortFunc(l.prefixes, func(a, b prefix) int { return len(b.text) - len(a.text) })
	})
}

func (l *list) name(r row) {
	for _, name := range r.names {
		if text, ok := strings.CutSuffix(name, "*"); ok {
			l.prefixes = append(l.prefixes, prefix{text, r.price})
		} else if s := shape(name); l.named[s] == nil {
			l.named[s] = r.price
		}
	}
}

func (l *list) shorten(r row) {
	for _, name := range r.names {
		if strings.HasSuffix(name, "*") {
			continue
		}
		s := spell(name)
		for _, short := range s.names[1:] {
			short = shape(short)
			other, taken := l.shortened[short]
			switch {
			case l.named[short] != nil:
			case !taken:
				l.shortened[short] = r.price
			case other != nil && !other.equal(r.price):
				l.shortened[short] = nil
			}
		}
	}
}

func (x *index) find(q *query) *Price {
	for _, provider := range q.lists {
		if l := x.lists[provider]; l != nil {
			if p := l.find(q); p != nil {
				return p
			}
		}
	}
	return nil
}

func (l *list) find(q *query) *Price {
	l.complete()
	for _, name := range q.shapes {
		if p := l.named[name]; p != nil {
			return p
		}
	}
	for _, name := range q.shapes {
		if p := l.shortened[name]; p != nil {
			return p
		}
	}
	for _, p := range l.prefixes {
		for _, name := range q.names {
			if strings.HasPrefix(name, p.text) {
				return p.price
			}
		}
	}
	return nil
}
