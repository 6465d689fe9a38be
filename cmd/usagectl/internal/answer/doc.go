// Package answer reads what the management API answers to queries: the JSON that
// internal/query writes.
package answer
