// Package meter composes what the components share: it reads usage out of
// telemetry, adds it up, keeps it on disk and exports it.
//
// A [Meter] is one open engine. The instances of one component ID in different
// pipelines share it through [Shared]: the first Start opens it, the last
// Shutdown closes it. What is exported leaves through the [Exit]s; a delta stays
// in the outbox until each of them has taken it. All goroutines start in run.go,
// and the wall clock is read in this package only.
package meter
