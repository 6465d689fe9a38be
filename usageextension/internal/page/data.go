package page

import (
	"net/url"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/query"
)

// Meter is a usage processor as the page knows it.
type Meter struct {
	// ID is that of the component.
	ID      string
	Source  query.Source
	Status  meter.Status
	Budgets []meter.Budget
}

// Request is what a page is asked for.
type Request struct {
	// Meters are all that run, in the order in which they are listed.
	Meters []Meter
	// Parameters are those of the address.
	Parameters url.Values
	// CanSave says that there is a token with which usage can be saved now.
	CanSave bool
}

// Data is everything that a page shows. Whatever is a list is bounded.
type Data struct {
	// Meter is the ID of the shown one; empty: none runs.
	Meter   string
	Version string
	// Period is what the numbers are of, Zone the time zone of its bounds, Now the time
	// of the page.
	Period, Zone string
	Now          number
	Processors   menu
	Periods      menu
	Groups       []menu
	Shows        menu
	// Side is what cards and charts are about.
	Side      string
	Cards     []card
	Usage     chart
	Requests  chart
	Errors    chart
	Tops      []top
	Models    table
	Endpoints table
	Unpriced  table
	Own       table
	Budgets   []budget
	Sessions  []fact
	Health    health
	Facts     []fact
	Ledger    table
	// SaveAddress is where usage can be saved now; empty: it cannot.
	SaveAddress string
}

// Title is that of the document.
func (d *Data) Title() string {
	if d.Meter == "" {
		return "Usage"
	}
	return "Usage: " + d.Meter
}

// link leads to the same page with one choice changed.
type link struct {
	ID, Label, Address string
	Current            bool
}

// menu is a choice; without links there is none.
type menu struct {
	Label string
	Links []link
}

// card is a number that is seen first.
type card struct {
	ID, Label string
	Value     number
	Note      string
}

// fact is something to know.
type fact struct {
	Label string
	Value number
}

// top is a short list of who is ahead.
type top struct {
	Label   string
	Entries []entry
}

type entry struct {
	Name  string
	Value number
	// Bar is in relation to the first one.
	Bar bar
}

// bar is filled to so many thousandths.
type bar struct {
	Width int
	Class string
}

// budget is how much of one is used.
type budget struct {
	Name, Match, Period, Measure string
	Used, Amount, Share          number
	Bar                          bar
	Exceeded                     bool
}

// health is whether usage is kept.
type health struct {
	// Class is `good`, `bad` or `off`, State says it in a word, Error why.
	Class, State, Error string
	Facts               []fact
}
