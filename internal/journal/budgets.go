package journal

import (
	"encoding/binary"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// appendBudgets appends how much of each budget is used.
func appendBudgets(dst []byte, budgets []usage.BudgetState) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(budgets)))
	for i := range budgets {
		b := &budgets[i]
		dst = appendString(appendString(dst, b.Name), b.Definition)
		dst = binary.AppendVarint(dst, b.Start)
		dst = binary.AppendUvarint(dst, uint64(b.Used))
		dst = binary.AppendVarint(dst, b.StartBefore)
		dst = binary.AppendUvarint(dst, uint64(b.Before))
	}
	return dst
}

func (c *cursor) budgets() (budgets []usage.BudgetState) {
	for range c.count() {
		budgets = append(budgets, usage.BudgetState{
			Name: c.string(), Definition: c.string(), Start: c.second(), Used: c.amount(),
			StartBefore: c.second(), Before: c.amount(),
		})
	}
	return budgets
}
