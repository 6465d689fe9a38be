package usage

import "slices"

// SchemaID numbers the schemas of one process; it is never stored.
type SchemaID uint16

// Schema names the dimensions of a kind of series, base identity first.
// It is immutable.
type Schema struct {
	ID    SchemaID
	Kind  Kind
	Names []string
}

// Schemas numbers schemas by their content, so that series written with other
// dimensions than today's stay apart from today's. Not safe for concurrent use.
type Schemas struct {
	list []*Schema
}

// Intern returns the schema with this kind and these dimension names.
func (s *Schemas) Intern(kind Kind, names []string) *Schema {
	for _, known := range s.list {
		if known.Kind == kind && slices.Equal(known.Names, names) {
			return known
		}
	}
	schema := &Schema{ID: SchemaID(len(s.list)), Kind: kind, Names: slices.Clone(names)}
	s.list = append(s.list, schema)
	return schema
}

// Get returns a schema by the number that Intern gave it.
func (s *Schemas) Get(id SchemaID) *Schema { return s.list[id] }

// BaseNames are the dimensions that every series of a kind has.
func BaseNames(kind Kind) []string {
	if kind == Endpoint {
		return []string{AttrService, AttrProtocol, AttrEndpoint}
	}
	return []string{AttrService, AttrProvider, AttrProviderKind, AttrModel, AttrOperation}
}
