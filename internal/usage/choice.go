package usage

import "encoding/binary"

// Rank orders the signals that can tell of the same calls: the lowest is best.
type Rank uint8

const (
	// Weak marks records that say nothing of tokens where others may. They never
	// decide which signal bills, and are billed if theirs does or none has been
	// decided on: a failed call has no tokens, and some SDKs leave them to metrics.
	Weak Rank = 1 << 6
	// NeverCounts is the rank of a signal that the configuration has decided against.
	NeverCounts Rank = 255
)

// IsWeak says whether the rank is one of [Weak] records, and not a verdict.
func (r Rank) IsWeak() bool { return r != NeverCounts && r&Weak != 0 }

// Choice is which signal bills the calls of one source.
type Choice struct {
	// Source is what [AppendSource] wrote.
	Source string
	Rank   Rank // never a weak one
}

// Bills says whether records of a rank are billed under the choice.
func (c Choice) Bills(r Rank) bool { return r&^Weak == c.Rank && r != NeverCounts }

// Facet is what of calls a record tells. The numbers are part of the stored
// format: append only.
type Facet uint8

const (
	// FacetAll is everything: so do spans and log records.
	FacetAll Facet = iota
	FacetCalls
	FacetTimes
	FacetFirstTokens
	FacetTokens
	FacetCosts
	FacetRequestBytes
	FacetResponseBytes
)

// AppendFacet appends, to a source, what stands for the ways in which one of its
// signals tells of one thing: old and new names of a metric, say. Versions of a
// service may differ in that: a writer decides for itself.
func AppendFacet(dst []byte, s Signal, facet Facet, writer uint64) []byte {
	dst = append(dst, 0, byte(s), byte(facet))
	return binary.LittleEndian.AppendUint64(dst, writer)
}

// AppendSource appends what stands for all signals in which a dialect family
// tells of one service's endpoints or providers. Ranks mean something only as long
// as the order is the same: a changed configuration chooses anew.
func AppendSource(dst []byte, kind Kind, family, order, service string) []byte {
	dst = append(dst, byte(kind))
	dst = append(dst, family...)
	dst = append(dst, 0)
	dst = append(dst, order...)
	dst = append(dst, 0)
	return append(dst, service...)
}
