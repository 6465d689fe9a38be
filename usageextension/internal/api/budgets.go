package api

import "time"

// budget is how much of one is used.
type budget struct {
	Name       string            `json:"name"`
	Kind       string            `json:"kind"`
	Measure    string            `json:"measure"`
	Period     string            `json:"period"`
	Match      map[string]string `json:"match"`
	Start      *time.Time        `json:"start"`
	End        *time.Time        `json:"end"`
	Used       float64           `json:"used"`
	Amount     float64           `json:"amount"`
	Thresholds []float64         `json:"thresholds"`
	Exceeded   bool              `json:"exceeded"`
}

// budgetsOf lists the budgets of the configuration.
func budgetsOf(c *call, h held) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	all := h.Budgets()
	list := make([]budget, 0, len(all))
	for i := range all {
		b := &all[i]
		match := b.Match
		if match == nil {
			match = map[string]string{}
		}
		list = append(list, budget{
			Name: b.Name, Kind: b.Kind.String(), Measure: b.Measure.String(), Period: b.Period.String(), Match: match,
			Start: optional(b.Start), End: optional(b.End),
			Used: b.Used, Amount: b.Amount, Thresholds: append([]float64{}, b.Thresholds...), Exceeded: b.Exceeded,
		})
	}
	return map[string]any{"budgets": list}, nil
}
