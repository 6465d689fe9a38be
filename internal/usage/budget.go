package usage

// BudgetState is how much of a budget is used, as it is stored.
type BudgetState struct {
	Name string
	// Definition tells a budget from another one that had its name before.
	Definition string
	// Start is when the period began, a Unix second; 0: it has no begin.
	Start int64
	// Used is in requests, tokens or nano-USD.
	Used int64
	// Before is what was used in the period before, which began at StartBefore: what
	// is late still counts there.
	StartBefore, Before int64
	// Told is how many thresholds of this period the log was told of.
	Told int
}
