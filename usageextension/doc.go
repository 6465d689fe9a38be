// Package usageextension is the Collector extension `usage`: it shows over HTTP what the
// usage processors of the same Collector have counted and how they keep it, and lets
// whoever has the token change that.
//
// Processors register themselves when they open ([meter.Registrar]) and leave before
// they close; extensions start before processors and stop after them. A request passes,
// from the outside in, the guard (internal/guard), whatever confighttp puts around a
// handler, and the routes (internal/api), which ask the guard for the right to read or
// to change.
package usageextension
