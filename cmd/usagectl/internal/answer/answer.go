package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelusage/usageprocessor/internal/query"
)

// Answer is one to a query, by groups or over time.
type Answer struct {
	Groups int
	Total  Measures
	Rows   []Row
	// Points are those of a timeline.
	Points []Point
}

// Row is what one group has counted.
type Row struct {
	Attributes Attributes
	Measures   Measures
}

// Point is a bucket of a timeline.
type Point struct {
	Start, End time.Time
	Total      Measures
	Rows       []Row
}

// Measures are numbers by name.
type Measures map[string]Number

// Of returns a measure; one that is not there is not known.
func (m Measures) Of(name string) query.Number { return query.Number(m[name]) }

// Number is one that may not be known.
type Number query.Number

var errNumber = errors.New("a number of an answer is none that queries have")

const digits = 9 // of billionths

// UnmarshalJSON reads a decimal number, exactly, or null.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Number{}
		return nil
	}
	whole, parts, _ := strings.Cut(string(text), ".")
	if len(parts) > digits {
		return fmt.Errorf("%w: %s", errNumber, text)
	}
	// Nothing is negative: there are no signs.
	wholes, wrong := strconv.ParseUint(whole, 10, 63)
	billionths, alsoWrong := strconv.ParseUint(parts+strings.Repeat("0", digits-len(parts)), 10, 63)
	if wrong != nil || alsoWrong != nil {
		return fmt.Errorf("%w: %s", errNumber, text)
	}
	*n = Number{Whole: int64(wholes), Parts: int64(billionths), Known: true}
	return nil
}

// Attributes are in the order of the answer.
type Attributes []query.Attribute

// UnmarshalJSON reads an object whose order means something.
func (a *Attributes) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return errors.Join(errors.New("the attributes of a row are no object"), err)
	}
	*a = nil
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		var value *string // null: the row has no such attribute
		if err := decoder.Decode(&value); err != nil {
			return err
		}
		attribute := query.Attribute{Name: name.(string)} // what else stands there is no JSON
		if value != nil {
			attribute.Value = *value
		}
		*a = append(*a, attribute)
	}
	return nil
}

// Labelled is the answer of one processor.
type Labelled[T any] struct {
	// Processor is its name; empty: there is only one, or it was named.
	Processor string
	Answer    T
}

// Several are the answers of all processors that were asked, by name.
type Several[T any] []Labelled[T]

// UnmarshalJSON reads one answer, or one of each processor.
func (s *Several[T]) UnmarshalJSON(text []byte) error {
	var of struct{ Processors map[string]T }
	if err := json.Unmarshal(text, &of); err != nil {
		return err
	}
	if of.Processors == nil {
		var one T
		*s = Several[T]{{}}
		err := json.Unmarshal(text, &one)
		(*s)[0].Answer = one
		return err
	}
	*s = nil
	for _, name := range slices.Sorted(maps.Keys(of.Processors)) {
		*s = append(*s, Labelled[T]{Processor: name, Answer: of.Processors[name]})
	}
	return nil
}
