package usage

import (
	"slices"
	"sync"
	"sync/atomic"
)

// SchemaID numbers the schemas of one process; it is never stored.
type SchemaID uint16

// Schema names the dimensions of a kind of series, base identity first.
// It is immutable.
type Schema struct {
	ID    SchemaID
	Kind  Kind
	Names []string
	// Base is how many of the names, from the first on, are the base identity.
	Base int
	// Bare is the schema without dimensions; itself if there are none.
	Bare *Schema
}

// Overflow says whether a series is of all identities that have none of their own.
func (s *Schema) Overflow() bool { return s.Names[0] == AttrOverflow }

// Schemas numbers schemas by their content, so that series written with other
// dimensions than today's stay apart from today's. The zero value is empty. It is safe
// for concurrent use.
type Schemas struct {
	adding sync.Mutex
	// list is never changed, only replaced: looking is far more frequent than adding.
	list atomic.Pointer[[]*Schema]
}

const (
	// maxSchemas is how many numbers there are. Some are left for overflows.
	maxSchemas = 1 << 16
	// pair is a schema and the one that it has without dimensions.
	pair = 2
)

// Intern returns the schema with this kind and these dimension names. When there are no
// more numbers, it is that of the kind's overflow.
func (s *Schemas) Intern(kind Kind, names []string) *Schema {
	if known := s.find(kind, names); known != nil {
		return known
	}
	s.adding.Lock()
	defer s.adding.Unlock()
	if known := s.find(kind, names); known != nil {
		return known
	}
	if len(s.all())+pair > maxSchemas-Kinds {
		names = []string{AttrOverflow}
		if known := s.find(kind, names); known != nil {
			return known
		}
	}
	schema := &Schema{Kind: kind, Names: slices.Clone(names), Base: baseOf(kind, names)}
	if schema.Bare = schema; schema.Base < len(names) {
		schema.Bare = s.find(kind, schema.Names[:schema.Base])
	}
	if schema.Bare != nil {
		s.add(schema)
		return schema
	}
	schema.Bare = &Schema{Kind: kind, Names: schema.Names[:schema.Base], Base: schema.Base}
	schema.Bare.Bare = schema.Bare
	s.add(schema, schema.Bare)
	return schema
}

// add numbers schemas and lists them; adding is held.
func (s *Schemas) add(more ...*Schema) {
	list := slices.Clone(s.all())
	for _, schema := range more {
		schema.ID = SchemaID(len(list))
		list = append(list, schema)
	}
	s.list.Store(&list)
}

func (s *Schemas) find(kind Kind, names []string) *Schema {
	for _, known := range s.all() {
		if known.Kind == kind && slices.Equal(known.Names, names) {
			return known
		}
	}
	return nil
}

func (s *Schemas) all() []*Schema {
	if list := s.list.Load(); list != nil {
		return *list
	}
	return nil
}

// Get returns a schema by the number that Intern gave it.
func (s *Schemas) Get(id SchemaID) *Schema { return (*s.list.Load())[id] }

// BaseNames are the dimensions that every series of a kind has.
func BaseNames(kind Kind) []string {
	switch kind {
	case Endpoint:
		return []string{AttrService, AttrProtocol, AttrEndpoint}
	case Provider:
		return []string{AttrService, AttrProvider, AttrProviderKind, AttrModel, AttrOperation}
	case Own:
		return []string{AttrMeter, AttrUnit}
	case Sessions:
		return []string{AttrKind}
	default:
		return nil
	}
}

// OwnerNames are the dimensions of the sessions of endpoints or of providers.
func OwnerNames(kind Kind) []string {
	if kind == Endpoint {
		return []string{AttrKind, AttrService, AttrEndpoint}
	}
	return []string{AttrKind, AttrProvider}
}

// Valid says whether a kind has series with these names.
func Valid(kind Kind, names []string) bool {
	base := BaseNames(kind)
	return int(kind) < Kinds && (slices.Equal(names, []string{AttrOverflow}) || len(names) >= len(base) && slices.Equal(names[:len(base)], base))
}

// baseOf is how many of the names are the base identity.
func baseOf(kind Kind, names []string) int {
	if kind == Sessions || slices.Equal(names, []string{AttrOverflow}) {
		return len(names)
	}
	return min(len(BaseNames(kind)), len(names))
}
