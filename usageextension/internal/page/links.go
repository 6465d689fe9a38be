package page

import (
	"slices"
	"strconv"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// processors are the meters to choose from; a single one is no choice.
func (c choice) processors(all []Meter, current string) menu {
	m := menu{Label: "Processor"}
	if len(all) < 2 {
		return m
	}
	for i := range all {
		// Dimensions differ, and may be all that is asked for.
		to := choice{processor: all[i].ID, period: c.period}
		m.Links = append(m.Links, link{"processor-" + strconv.Itoa(i), all[i].ID, to.address(), all[i].ID == current})
	}
	return m
}

func (c choice) periods(all []period, current string) menu {
	m := menu{Label: "Period"}
	for i := range all {
		to := c
		to.period = all[i].name
		m.Links = append(m.Links, link{"period-" + all[i].name, all[i].label, to.address(), all[i].name == current})
	}
	return m
}

func (c choice) shows(s *side, current *show) menu {
	m := menu{Label: "Measure"}
	for i := range s.shows {
		to := c
		to.show = s.shows[i].name
		m.Links = append(m.Links, link{"show-" + s.shows[i].name, s.shows[i].label, to.address(), s.shows[i].name == current.name})
	}
	return m
}

// groups are what both sides can be grouped by: the base identity, the dimensions that
// went by, and whatever is shown.
func (c choice) groups(shown *side, current string, known [usage.Kinds][]string) []menu {
	all := sides()
	menus := make([]menu, 0, len(all))
	for i := range all {
		s := &all[i]
		m := menu{Label: s.label}
		add := func(by, label string) {
			id := "group-" + s.name + "-" + strconv.Itoa(len(m.Links))
			to := choice{processor: c.processor, period: c.period, of: s.name, by: by}
			selected := s.name == shown.name && query.AttributeName(by) == current
			m.Links = append(m.Links, link{id, label, to.address(), selected})
		}
		for _, d := range s.dimensions {
			add(d.short, d.label)
		}
		names := known[s.kind]
		if s.name == shown.name && s.labelOf(current) == current && !slices.Contains(names, current) {
			names = append(slices.Clone(names), current)
		}
		for _, name := range names {
			// A dimension that has the short name of another one cannot be asked for.
			if query.AttributeName(name) == name {
				add(name, name)
			}
		}
		menus = append(menus, m)
	}
	return menus
}
