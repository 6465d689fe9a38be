package usage

// BudgetMeasure is what a budget is of.
type BudgetMeasure uint8

const (
	BudgetRequests BudgetMeasure = iota
	BudgetTokens
	// BudgetCost is in nano-USD.
	BudgetCost
)

// String is the name used in the configuration and in answers.
func (m BudgetMeasure) String() string {
	switch m {
	case BudgetRequests:
		return "requests"
	case BudgetTokens:
		return "tokens"
	case BudgetCost:
		return "cost"
	default:
		return Unknown
	}
}

// Of is how much of it there is.
func (m BudgetMeasure) Of(v *Measures) int64 {
	switch m {
	case BudgetTokens:
		return v.TotalTokens()
	case BudgetCost:
		return v.TotalCost()
	default:
		return v.TotalRequests()
	}
}

// BudgetPeriod is for how long a budget is.
type BudgetPeriod uint8

const (
	BudgetHour BudgetPeriod = iota
	BudgetDay
	BudgetWeek
	BudgetMonth
	// BudgetTotal never ends.
	BudgetTotal
)

// String is the name used in the configuration and in answers.
func (p BudgetPeriod) String() string {
	switch p {
	case BudgetHour:
		return "hour"
	case BudgetDay:
		return "day"
	case BudgetWeek:
		return "week"
	case BudgetMonth:
		return "month"
	case BudgetTotal:
		return "total"
	default:
		return Unknown
	}
}

// Half is half as long as the shortest one, in seconds.
func (p BudgetPeriod) Half() int64 {
	switch p {
	case BudgetHour:
		return secondsPerHour / 2
	case BudgetDay:
		return secondsPerDay / 2
	case BudgetWeek:
		return 7 * secondsPerDay / 2
	case BudgetMonth:
		return 28 * secondsPerDay / 2
	default:
		return 0
	}
}

// Bounds are those of the period that a time is in, all of them Unix seconds; both are
// 0 for one that never ends.
func (p BudgetPeriod) Bounds(c *Calendar, at int64) (start, end int64) {
	switch p {
	case BudgetHour:
		return c.Hour(at)
	case BudgetDay:
		return c.Day(at)
	case BudgetWeek:
		return c.Week(at)
	case BudgetMonth:
		return c.Month(at)
	default:
		return 0, 0
	}
}

// BudgetState is how much of a budget is used, as it is stored.
type BudgetState struct {
	Name string
	// Definition tells a budget from another one that had its name before.
	Definition string
	// Start is when the newest period began in which something was used, a Unix second.
	Start int64
	// Used is in requests, tokens or nano-USD.
	Used int64
	// StartBefore is when the period before began, Before what was used in it: what
	// is late still counts there.
	StartBefore, Before int64
}
