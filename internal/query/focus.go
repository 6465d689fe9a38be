package query

import (
	"encoding/csv"
	"io"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// WriteFOCUS writes what providers cost as a cost and usage dataset of FOCUS 1.2, the FinOps
// Open Cost and Usage Specification: a row for each series that has a cost, of each hour or
// day. It has all mandatory and recommended columns and those conditional ones whose
// condition is met; testdata/focus-1.2.csv lists them all and says why.
//
// The costs are what the telemetry reported or a price table made of tokens: all four
// are the same, and none is an invoice. The billing account is not known. Of the
// request only Match and the time count.
func WriteFOCUS(w io.Writer, src Source, r Request, g usage.Granularity) error {
	if r.Kind != usage.Provider {
		return inputError("kind", "is %s; FOCUS is about what a %s costs", r.Kind, usage.Provider)
	}
	r.GroupBy = nil
	if err := r.validate(); err != nil {
		return err
	}
	f := focus{csv: csv.NewWriter(w), columns: focusColumns(), calendar: src.Calendar(), request: &r}
	f.header()
	s, grid := gridOf(src, &r, g)
	err := s.visit(src, func(p usage.Period, row *usage.HistoryRow) error {
		if p.Start >= f.bucket.End {
			f.flush()
			f.bucket.Start, f.bucket.End = grid.bounds(p.Start)
			f.groups = newGroups(&r)
		}
		f.groups.add(row.Schema, row.Values, &row.Measures)
		return f.csv.Error()
	})
	if err != nil {
		return err
	}
	f.flush()
	f.csv.Flush()
	return f.csv.Error()
}

// focus is a dataset that is being written, bucket by bucket.
type focus struct {
	csv      *csv.Writer
	columns  []focusColumn
	calendar *usage.Calendar
	request  *Request
	bucket   usage.Period
	groups   *groups // of the bucket; nil: there was none yet
	cells    []string
}

func (f *focus) header() {
	for _, c := range f.columns {
		f.cells = append(f.cells, c.name)
	}
	_ = f.csv.Write(f.cells) // the writer keeps the first error
}

// flush writes the charges of the bucket, by name.
func (f *focus) flush() {
	if f.groups == nil {
		return
	}
	month := usage.Period{}
	month.Start, month.End = f.calendar.Month(f.bucket.Start)
	for _, one := range f.groups.rank(&Request{Kind: usage.Provider, OrderBy: byName}) {
		if cost(&one.Measures) == 0 {
			continue
		}
		c := charge{Row: f.groups.named(one), bucket: f.bucket, month: month}
		f.cells = f.cells[:0]
		for _, column := range f.columns {
			f.cells = append(f.cells, harmless(column.of(&c)))
		}
		_ = f.csv.Write(f.cells)
	}
}

// charge is what a provider's series has cost in a bucket.
type charge struct {
	Row
	bucket, month usage.Period
}

type focusColumn struct {
	name string
	of   func(*charge) string
}

// focusColumns are in the order of the specification, which is that of the alphabet.
func focusColumns() []focusColumn {
	constant := func(text string) func(*charge) string { return func(*charge) string { return text } }
	null := constant("")
	costs := func(c *charge) string { return billionths(cost(&c.Measures)).String() }
	quantity := func(c *charge) string { n, _ := c.quantity(); return n.String() }
	unit := func(c *charge) string { _, u := c.quantity(); return u }
	provider := func(c *charge) string { return c.known(usage.AttrProvider) }
	return []focusColumn{
		{"AvailabilityZone", null},
		{"BilledCost", costs},
		{"BillingAccountId", constant(usage.Unknown)},
		{"BillingAccountName", null},
		{"BillingCurrency", constant("USD")},
		{"BillingPeriodEnd", func(c *charge) string { return timeText(c.month.End) }},
		{"BillingPeriodStart", func(c *charge) string { return timeText(c.month.Start) }},
		{"ChargeCategory", constant("Usage")},
		{"ChargeClass", null},
		{"ChargeDescription", func(c *charge) string { return c.known(usage.AttrOperation) + " " + c.known(usage.AttrModel) }},
		{"ChargeFrequency", constant("Usage-Based")},
		{"ChargePeriodEnd", func(c *charge) string { return timeText(c.bucket.End) }},
		{"ChargePeriodStart", func(c *charge) string { return timeText(c.bucket.Start) }},
		{"ConsumedQuantity", quantity},
		{"ConsumedUnit", unit},
		{"ContractedCost", costs},
		{"EffectiveCost", costs},
		{"InvoiceId", null},
		{"InvoiceIssuerName", provider},
		{"ListCost", costs},
		{"PricingQuantity", quantity},
		{"PricingUnit", unit},
		{"ProviderName", provider},
		{"PublisherName", provider},
		{"ResourceId", null},
		{"ResourceName", null},
		{"ResourceType", null},
		{"ServiceCategory", func(c *charge) string { category, _ := c.category(); return category }},
		{"ServiceName", provider},
		{"ServiceSubcategory", func(c *charge) string { _, sub := c.category(); return sub }},
		{"SkuId", func(c *charge) string { return c.known(usage.AttrModel) }},
		{"SkuMeter", unit},
		{"Tags", (*charge).tags},
	}
}

// known is the value of an attribute. An overflow series has none.
func (c *charge) known(name string) string { return orElse(c.Attribute(name), usage.Unknown) }

// quantity is how much was consumed, which has to be something: some providers are not
// metered by tokens, and metrics may tell of costs alone.
func (c *charge) quantity() (n Number, unit string) {
	if tokens := totalTokens(&c.Measures); tokens > 0 {
		return whole(tokens), "Tokens"
	}
	if requests := c.TotalRequests(); requests > 0 {
		return whole(requests), "Requests"
	}
	return billionths(cost(&c.Measures)), "USD"
}

func (c *charge) category() (category, subcategory string) {
	if c.Attribute(usage.AttrProviderKind) == usage.GenAI {
		return "AI and Machine Learning", "Generative AI"
	}
	return "Other", "Other (Other)"
}

// tags are the attributes that no column is made of alone.
func (c *charge) tags() string {
	rest := slices.DeleteFunc(slices.Clone(c.Attributes), func(a Attribute) bool {
		return a.Name == usage.AttrProvider || a.Name == usage.AttrModel || a.Value == ""
	})
	var o document
	o.attributes(rest)
	return string(o.buf)
}
