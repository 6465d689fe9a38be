//go:generate make generate

// Package usageprocessor is the Collector processor `usage`: durable usage
// metering per endpoint and per provider.
//
// The main path: [NewFactory] makes one instance for each pipeline. Consume
// (processor.go) hands a batch to internal/meter, which reads the usage in it
// (internal/extract), forwards it unchanged, adds it up (internal/engine) and
// writes it down (internal/journal) before it returns. Every export.interval
// the instances in metrics pipelines send what has added up downstream
// (internal/emit). What a call, a series and a commit are is internal/usage.
package usageprocessor
