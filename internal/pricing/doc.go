// Package pricing says what a call to a model costs: it has the price tables
// and knows which entry a model's name means. Money is integer nano-USD; a price
// is nano-USD per million tokens, so that costs are exact to the last digit.
//
// The path of one call: [Builtin] or [Load] makes a [Table], [Table.With] puts
// the user's overrides in front of it, [Table.Find] turns the names of provider
// and model into a [Price] or into nothing, and [Price.Cost] multiplies.
//
// A wrong price is worse than none: what is not surely meant by a name stays
// unpriced, and is counted as that.
//
// docs/pricing.md has the formats of files and the order of matching.
package pricing
